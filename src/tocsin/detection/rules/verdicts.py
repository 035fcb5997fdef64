"""From signals to verdicts: the state of every function for every audience, with confidence and reasons.

Confidence is the belief in what the verdict says, from the posterior over all eyes (`belief`). Eyes count once each:
ten signals of one eye are still one eye.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tocsin.catalog.rules.model import Function
from tocsin.detection.rules.belief import posterior
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.flapping import steadied
from tocsin.detection.rules.model import Judgement, Posterior, State, Subject, Verdict
from tocsin.detection.rules.reach import Reach
from tocsin.detection.rules.reporting import Complaint
from tocsin.detection.rules.stating import Stated
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import VANTAGES, Eye

_EYES_THAT_ADD_UP = 2
_ADDED_UP = 0.9
"""Where no eye could carry a verdict alone, two or more that together leave one doubt in ten do. One of them must see
the calls themselves, or checks and people must each be clear: one failed check and one complaint may speak of things
that the function merely touches."""
_CLEAR_WITHOUT_CALLS = 7.0
"""Two failed checks in a row of a good probe; two complaints of people who are not alike."""
_DOWN, _DOWN_ENDS = 0.5, 0.35
"""A function is down for whoever fails more often than not; hysteresis keeps the word from flickering."""
_CODES = {
    "errors": "errors.above_usual",
    "timeouts": "timeouts.above_usual",
    "rejected": "rejected.above_usual",
    "latency": "latency.above_usual",
    "volume": "volume.vanished",
    "retries": "retries.above_usual",
    "hollow": "success.too_quick",
    "vantage": "vantages.disagree",
    "probe": "probe.failing",
}
_HIT = frozenset({State.DEGRADED, State.DOWN})
_NEVER_DOWN = frozenset({"latency", "retries"})
_MOST_REASONS = 12
_ONSET_IN_VIEW = timedelta(minutes=9)
"""While its onset is that recent, a verdict's `since` may still be corrected; after that it stands."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known about what eyes can see: `seeing` names, per service, the eyes that looked at it lately.

    `shared` are the services of logging in, which nearly every function uses: that they answer says nothing of others.
    """

    seeing: Mapping[str, frozenset[Eye]]
    blind: Mapping[Eye, datetime]
    shared: frozenset[str] = frozenset()

    def of(self, function: Function) -> frozenset[Eye]:
        """Return the eyes that looked at a service of the function's own (of logging in: at any of its services)."""
        own = function.uses if function.is_login else [one for one in function.uses if one not in self.shared]
        return frozenset[Eye]().union(*(self.seeing.get(service, frozenset()) for service in own or function.uses))


@dataclass(frozen=True)
class Case:
    """All that speaks about one subject."""

    function: Function
    subject: Subject
    telling: Sequence[Found]
    complaint: Complaint | None
    notices: Sequence[Stated]
    previous: Verdict | None

    @cached_property
    def was_hit(self) -> bool:
        """Say whether the last tick found the subject hit."""
        return self.previous is not None and self.previous.state in _HIT

    @cached_property
    def leading(self) -> list[Found]:
        """What carries the verdict: less is needed to keep one going than to begin it."""
        return [found for found in self.telling if found.is_leading or (self.was_hit and found.is_lasting)]


def verdict(case: Case, *, reach: Reach, sight: Sight, last_at: datetime | None, now: datetime) -> Verdict:
    """Return the verdict on one subject; `last_at` is when the last tick was."""
    strengths = _strengths(case)
    seeing = sight.of(case.function)
    share = _failing_share(case)
    was_down = case.previous is not None and case.previous.state is State.DOWN
    belief = posterior(
        strengths,
        looking=seeing,
        failing_share=share,
        down_from=_DOWN_ENDS if was_down else _DOWN,
    )
    is_failing = bool(case.leading) or _panel_speaks(case) or _adds_up(strengths, belief)
    if is_failing:
        found = _troubled(
            case, belief, members=reach.members[case.subject.audience], eyes=frozenset(strengths), now=now
        )
    else:
        found = _untroubled(case, belief, seeing=seeing, blind=sight.blind, now=now)
    return steadied(found, case.previous, is_failing=is_failing, last_at=last_at, now=now)


def _adds_up(strengths: Mapping[Eye, float], belief: Posterior) -> bool:
    speaking = strengths.keys() - {Eye.PARTNER}
    sees_calls = bool(speaking & set(VANTAGES))
    is_clear = min(strengths.get(eye, 0.0) for eye in (Eye.PANEL, Eye.PROBES)) >= _CLEAR_WITHOUT_CALLS
    return len(speaking) >= _EYES_THAT_ADD_UP and (sees_calls or is_clear) and belief.bad >= _ADDED_UP


def _panel_speaks(case: Case) -> bool:
    """Say whether complaints alone carry the verdict.

    Not at the moment when what other eyes saw is over: complaints limp behind. Whoever complains after that counts
    afresh (`complaints` leaves out what is older than the present OK).
    """
    if case.complaint is None:
        return False
    if not case.was_hit:
        return case.complaint.is_leading
    assert case.previous is not None
    was_panel_alone = case.previous.eyes <= {Eye.PANEL, Eye.PARTNER}
    return was_panel_alone and case.complaint.is_lasting


def _untroubled(
    case: Case, belief: Posterior, *, seeing: frozenset[Eye], blind: Iterable[Eye], now: datetime
) -> Verdict:
    """Return OK where some eye looked and saw nothing wrong, UNKNOWN where none could look."""
    state = State.OK if seeing else State.UNKNOWN
    code = "calls.as_usual" if seeing else "eyes.none"
    previous = case.previous
    since = previous.since if previous is not None and previous.state is state else now
    return Verdict(
        subject=case.subject,
        state=state,
        confidence=round(belief.ok, 3) if seeing else 0.0,
        since=since,
        eyes=seeing,
        reasons=(Reason(code, {"eyes": len(seeing)}), *(_blind_reason(eye) for eye in blind)),
        posterior=belief,
    )


def _blind_reason(eye: Eye) -> Reason:
    return Reason("eye.blind", {"eye": eye.value})


def _troubled(
    case: Case, belief: Posterior, *, members: tuple[str, ...], eyes: frozenset[Eye], now: datetime
) -> Verdict:
    return Verdict(
        subject=case.subject,
        state=_state(case),
        confidence=round(belief.bad, 3),
        since=_since(case, now),
        eyes=eyes,
        reasons=_reasons(case),
        packages=_packages(case, members),
        regions=_regions(case),
        witnesses=None if case.complaint is None else case.complaint.witnesses,
        posterior=belief,
        is_minor=not case.leading and not _panel_speaks(case),
    )


def _strengths(case: Case) -> dict[Eye, float]:
    """Return the strength of each eye's evidence, in a fixed order of eyes."""
    strengths: dict[Eye, float] = {}
    for found in case.telling:
        eye = found.signal.eye
        strengths[eye] = max(strengths.get(eye, 0.0), found.signal.strength)
    if case.complaint is not None and _is_from_the_hit(case):
        strengths[Eye.PANEL] = case.complaint.strength
    for word in case.notices:
        strengths[Eye.PARTNER] = max(strengths.get(Eye.PARTNER, 0.0), word.strength)
    return {eye: strengths[eye] for eye in Eye if eye in strengths}


def _is_from_the_hit(case: Case) -> bool:
    """Say whether some complaint comes from a package and a province that the other eyes name (or they name none)."""
    assert case.complaint is not None
    named = [found.signal for found in case.telling]
    return _overlap([signal.packages for signal in named], case.complaint.packages) and _overlap(
        [signal.regions for signal in named], case.complaint.regions
    )


def _overlap(named: Sequence[tuple[str, ...] | None], those: Sequence[str]) -> bool:
    if not named or any(members is None for members in named):
        return True
    return any(each in members for members in named if members is not None for each in those)


def _failing_share(case: Case) -> float:
    """Return the worst share of calls that one eye sees fail at one service; slowness and complaints alone are none."""
    failing: dict[tuple[str, Eye], float] = {}
    for found in case.leading:
        if found.signal.kind not in _NEVER_DOWN:
            key = (found.signal.service, found.signal.eye)
            failing[key] = failing.get(key, 0.0) + found.share
    return max(failing.values(), default=0.0)


def _state(case: Case) -> State:
    """DOWN where most calls fail, DEGRADED otherwise."""
    was_down = case.previous is not None and case.previous.state is State.DOWN
    return State.DOWN if _failing_share(case) >= (_DOWN_ENDS if was_down else _DOWN) else State.DEGRADED


def _since(case: Case, now: datetime) -> datetime:
    """Return when it is estimated to have begun: by what leads, or by the first complaint."""
    began = [found.signal.since for found in case.leading]
    if not began and case.complaint is not None:
        began = [case.complaint.since]
    since = min(began, default=now)
    previous = case.previous
    if previous is None or not case.was_hit or previous.since > now - _ONSET_IN_VIEW:
        return since
    return previous.since


def _packages(case: Case, members: tuple[str, ...]) -> tuple[str, ...] | None:
    named = [found.signal.packages for found in case.leading]
    if not named:
        return None if case.complaint is None else case.complaint.only_packages
    if any(packages is None for packages in named):
        return None
    hit = {package for packages in named if packages is not None for package in packages}
    inside = tuple(package for package in members if package in hit)
    return None if len(inside) == len(members) and not _names_others(hit, members) else inside


def _names_others(hit: set[str], members: tuple[str, ...]) -> bool:
    """Say whether the slice is a list of packages over several audiences, which is worth naming even when complete."""
    return bool(hit - set(members)) or len(members) == 1


def _regions(case: Case) -> tuple[str, ...] | None:
    named = [found.signal.regions for found in case.leading]
    if not named:
        return None if case.complaint is None else case.complaint.only_regions
    if any(regions is None for regions in named):
        return None
    return tuple(dict.fromkeys(region for regions in named if regions is not None for region in regions))


def _reasons(case: Case) -> tuple[Reason, ...]:
    ordered = sorted(case.telling, key=lambda found: -found.signal.strength)
    reasons = [
        Reason(
            _CODES[found.signal.kind],
            {
                "service": found.signal.service,
                "eye": found.signal.eye.value,
                "observed": found.signal.observed,
                "expected": found.signal.expected,
                "strength": found.signal.strength,
            },
        )
        for found in ordered[:_MOST_REASONS]
    ]
    if case.complaint is not None:
        reasons.append(Reason("reports.failing", {"members": case.complaint.members}))
    spoken = (word.notice for word in case.notices)
    reasons.extend(Reason(f"notice.{notice.state}", {"partner": notice.partner}) for notice in spoken)
    return tuple(reasons[:_MOST_REASONS])


def previous_verdict(previous: Judgement | None, subject: Subject) -> Verdict | None:
    """Return the last tick's verdict on the subject, if there was one."""
    return None if previous is None else previous.verdicts.get(subject)
