"""From signals to verdicts: the state of every function for every audience, with confidence and reasons.

Confidence. Each eye adds `0.85 × (1 - exp(-strength / 8))`: a single eye never says more than 0.85, because each can
be wrong; two eyes that see a clear outage say more than 0.9, whatever one of them says alone. Eyes count once each:
ten signals of one eye are still one eye.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.catalog.rules.model import Function, Pack
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.detection.rules.reach import Reach
from tocsin.detection.rules.reporting import LEADING_MEMBERS, Complaint
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye, Notice

_EYE_CEILING = 0.85
_EYE_SCALE = 8.0
_DOWN, _DOWN_ENDS = 0.5, 0.35
"""A function is down for whoever fails more often than not; hysteresis keeps the word from flickering."""
_NOTICE_STRENGTH: Mapping[str, float] = {"investigating": 5.0, "disrupted": 8.0, "down": 8.0, "maintenance": 5.0}
_CODES = {
    "errors": "errors.above_usual",
    "timeouts": "timeouts.above_usual",
    "rejected": "rejected.above_usual",
    "latency": "latency.above_usual",
    "volume": "volume.vanished",
    "probe": "probe.failing",
}
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


@dataclass(frozen=True, slots=True)
class Case:
    """All that speaks about one subject."""

    function: Function
    subject: Subject
    telling: Sequence[Found]
    complaint: Complaint | None
    notices: Sequence[Notice]
    previous: Verdict | None

    @property
    def was_hit(self) -> bool:
        """Say whether the last tick found the subject hit."""
        return self.previous is not None and self.previous.state in {State.DEGRADED, State.DOWN}

    @property
    def leading(self) -> list[Found]:
        """What carries the verdict: less is needed to keep one going than to begin it."""
        return [found for found in self.telling if found.is_leading or (self.was_hit and found.is_lasting)]


def verdict(case: Case, *, reach: Reach, sight: Sight, now: datetime) -> Verdict:
    """Return the verdict on one subject."""
    if not case.leading and not _panel_speaks(case):
        return _untroubled(case, sight=sight, now=now)
    return _troubled(case, reach=reach, now=now)


def _panel_speaks(case: Case) -> bool:
    """Say whether complaints alone carry the verdict.

    Not at the moment when what other eyes saw is over: complaints limp behind. Whoever complains after that counts
    afresh (`complaints` leaves out what is older than the present OK).
    """
    if case.complaint is None:
        return False
    if not case.was_hit:
        return case.complaint.members >= LEADING_MEMBERS
    assert case.previous is not None
    was_panel_alone = case.previous.eyes <= {Eye.PANEL, Eye.PARTNER}
    return was_panel_alone and case.complaint.members >= LEADING_MEMBERS - 1


def _untroubled(case: Case, *, sight: Sight, now: datetime) -> Verdict:
    """Return OK where some eye looked and saw nothing wrong, UNKNOWN where none could look."""
    seeing = sight.of(case.function)
    state = State.OK if seeing else State.UNKNOWN
    code = "calls.as_usual" if seeing else "eyes.none"
    previous = case.previous
    since = previous.since if previous is not None and previous.state is state else now
    return Verdict(
        subject=case.subject,
        state=state,
        confidence=round(1.0 - 0.5 ** len(seeing), 3),
        since=since,
        eyes=seeing,
        reasons=(Reason(code, {"eyes": len(seeing)}), *(_blind_reason(eye) for eye in sight.blind)),
    )


def _blind_reason(eye: Eye) -> Reason:
    return Reason("eye.blind", {"eye": eye.value})


def _troubled(case: Case, *, reach: Reach, now: datetime) -> Verdict:
    strengths = _strengths(case)
    members = reach.members[case.subject.audience]
    return Verdict(
        subject=case.subject,
        state=_state(case),
        confidence=_confidence(strengths),
        since=_since(case, now),
        eyes=frozenset(strengths),
        reasons=_reasons(case),
        packages=_packages(case, members),
        regions=_regions(case),
        witnesses=None if case.complaint is None else case.complaint.witnesses,
    )


def _strengths(case: Case) -> dict[Eye, float]:
    """Return the strength of each eye's evidence, in a fixed order of eyes."""
    strengths: dict[Eye, float] = {}
    for found in case.telling:
        eye = found.signal.eye
        strengths[eye] = max(strengths.get(eye, 0.0), found.signal.strength)
    if case.complaint is not None and _is_from_the_hit(case):
        strengths[Eye.PANEL] = case.complaint.strength
    for notice in case.notices:
        strengths[Eye.PARTNER] = max(strengths.get(Eye.PARTNER, 0.0), _NOTICE_STRENGTH[notice.state])
    return {eye: strengths[eye] for eye in Eye if eye in strengths}


def _is_from_the_hit(case: Case) -> bool:
    """Say whether some complaint comes from a package that the other eyes name (or they name none)."""
    assert case.complaint is not None
    named = [found.signal.packages for found in case.telling]
    if not named or any(packages is None for packages in named):
        return True
    hit = {package for packages in named if packages is not None for package in packages}
    return any(package in hit for package in case.complaint.packages)


def _confidence(strengths: Mapping[Eye, float]) -> float:
    doubt = math.prod(1.0 - _EYE_CEILING * (1.0 - math.exp(-strength / _EYE_SCALE)) for strength in strengths.values())
    return round(1.0 - doubt, 3)


def _state(case: Case) -> State:
    """DOWN where most calls fail, DEGRADED otherwise; slowness and complaints alone never say DOWN."""
    failing: dict[tuple[str, Eye], float] = {}
    for found in case.leading:
        if found.signal.kind != "latency":
            key = (found.signal.service, found.signal.eye)
            failing[key] = failing.get(key, 0.0) + found.share
    was_down = case.previous is not None and case.previous.state is State.DOWN
    limit = _DOWN_ENDS if was_down else _DOWN
    return State.DOWN if max(failing.values(), default=0.0) >= limit else State.DEGRADED


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
    if not named or any(packages is None for packages in named):
        return None
    hit = {package for packages in named if packages is not None for package in packages}
    inside = tuple(package for package in members if package in hit)
    return None if len(inside) == len(members) and not _names_others(hit, members) else inside


def _names_others(hit: set[str], members: tuple[str, ...]) -> bool:
    """Say whether the slice is a list of packages over several audiences, which is worth naming even when complete."""
    return bool(hit - set(members)) or len(members) == 1


def _regions(case: Case) -> tuple[str, ...] | None:
    named = [found.signal.regions for found in case.leading]
    if not named or any(regions is None for regions in named):
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
        for found in ordered
    ]
    if case.complaint is not None:
        reasons.append(Reason("reports.failing", {"members": case.complaint.members}))
    reasons.extend(Reason(f"notice.{notice.state}", {"partner": notice.partner}) for notice in case.notices)
    return tuple(reasons[:_MOST_REASONS])


def case_notices(function: Function, notices: Sequence[Notice], *, pack: Pack) -> list[Notice]:
    """Return each partner's latest word, unless it is "resolved", where it concerns what the function uses or needs."""
    latest = {notice.partner: notice for notice in notices}
    chain = {*function.uses, *(need for service in function.uses for need in _needs_of(service, pack))}
    return [
        notice
        for notice in latest.values()
        if notice.state in _NOTICE_STRENGTH and any(service in chain for service in notice.services)
    ]


def _needs_of(service: str, pack: Pack) -> tuple[str, ...]:
    return pack.services[service].needs if service in pack.services else ()


def previous_verdict(previous: Judgement | None, subject: Subject) -> Verdict | None:
    """Return the last tick's verdict on the subject, if there was one."""
    return None if previous is None else previous.verdicts.get(subject)
