"""How well one candidate explains the troubles: a sum of plain terms, each of which is also a reason.

The scale is that of one sure trouble explained = 1. Terms for: the troubles it would cause; against: troubles that
stay unexplained, services it would have taken down that work, its own health, a need of its own that fails as
badly (it is then a victim: *explaining away*). Changes, drift, partners' notices add what is known beforehand.
Every term is bounded, so that no single eye, change or statement can decide alone against the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tocsin.changes.rules import Clue
from tocsin.diagnosis.rules.candidates import Candidate
from tocsin.diagnosis.rules.case import NOTHING, Case, Term, is_before
from tocsin.diagnosis.rules.narrowness import NARROW, only_package, only_regions
from tocsin.diagnosis.rules.troubles import Trouble
from tocsin.kernel.reasons import Reason

OWN_HEALTH = 3.0
"""A service that is watched and works is not the cause: outweighs any three troubles it could explain."""

CLEARED = 0.5
"""Below this a service without a signal is not said to work: it is worse than before, only not surely so yet."""

QUIET_SHARE = 2.0
"""If all that needs a piece of infrastructure works but for one, the fault lies with the one."""

EXPLAINED_AWAY = 1.5
"""A need that fails at least as badly is a better cause than what needs it, all else being equal and more."""

SEVERITY = 1.0
"""The nearer the fault, the worse the trouble: symptoms further up are diluted."""

BETWEEN = 0.7
"""Calls that never arrive speak for what lies between."""

CHANGE = 2.0
"""A strong clue (an unapproved configuration running since a restart) is worth two sure troubles."""

NOTICE = 0.3
"""Partners speak late, of symptoms, and often of themselves as victims: worth little, and less or more by how true
what this partner said turned out to be (`PartnerRecord.trust`)."""

PAST = 0.4
"""A fault that looks just like a past one is likelier to have its cause; faults repeat, but rarely."""

ALIKE = 0.5
"""Two faults are alike when half of the services in trouble are the same."""

OUTSIDE = -1.5
"""Something that nobody put on the map explains everything, as anything would: it pays for that beforehand."""

PRIORS: Mapping[str, float] = {"service": 0.0, "infrastructure": 0.0, "partner": -0.6, "package": -0.3}
"""A partner is named rather than one of its things only when that explains clearly more."""


MOST_BEYOND = SEVERITY + BETWEEN + 2 * NARROW + CHANGE + 1.5 * NOTICE + PAST
"""The most that all terms but the explained troubles themselves can add to a score."""

LEADERS = 12
"""So many of those who explain the most are scored to see how high the bar lies."""

NEGLIGIBLE = 5.0
"""A score so far below another's is less than a thousandth of its belief."""


@dataclass(frozen=True, slots=True)
class Score:
    """A candidate's score with its reasons; `explained` is how much of the trouble it accounts for."""

    candidate: Candidate
    total: float
    explained: float
    reasons: tuple[Reason, ...]
    change: str | None


def promising(everyone: Sequence[Candidate], case: Case) -> list[Candidate]:
    """Return those who can matter: who take down something in trouble, and could come near the best.

    Exact, not a guess: of the others no evidence could make a thousandth of the belief. It spares a large federation
    the scoring of hundreds who explain one trouble of ninety.
    """
    troubled = frozenset(case.troubles)
    reached = [(len(candidate.reach & troubled), candidate) for candidate in everyone]
    touching = [(count, candidate) for count, candidate in reached if count]
    if not touching:
        return []
    sure = sum(trouble.certainty for trouble in case.troubles.values())
    widest = sorted(touching, key=lambda pair: -pair[0])[:LEADERS]
    lead = max(score(each, case).total for _, each in widest)
    return [each for count, each in touching if 2 * count - sure + MOST_BEYOND >= lead - NEGLIGIBLE]


def outside(case: Case) -> float:
    """Return how well a cause that nobody put on the map explains the case: always, and at a price."""
    return OUTSIDE + sum(trouble.certainty for trouble in case.troubles.values())


def score(candidate: Candidate, case: Case) -> Score:
    """Return how well the candidate explains the case, with the reasons for and against."""
    explained = _explained(candidate, case)
    gain = sum(explained.values())
    missed = sum(trouble.certainty for trouble in case.troubles.values()) - gain
    terms = [_symptoms(explained, case), *(term(candidate, case) for term in _TERMS)]
    clue = _strongest_clue(candidate, case)
    if clue is not None:
        terms.append((CHANGE * clue.weight, (clue.reason,)))
    total = PRIORS[candidate.kind] + gain - missed + sum(value for value, _ in terms)
    reasons = tuple(reason for _, found in terms for reason in found)
    return Score(candidate, total, gain, reasons, clue.change if clue is not None else None)


def _explained(candidate: Candidate, case: Case) -> dict[str, float]:
    return {
        service: trouble.certainty * _fit(candidate, trouble)
        for service, trouble in case.troubles.items()
        if service in candidate.reach
    }


def _fit(candidate: Candidate, trouble: Trouble) -> float:
    # A package accounts only for the trouble of its own calls, and shares it with the others that are hit. While some
    # eyes see too little to name a package, those that do are believed as far as they are sure.
    if candidate.kind != "package":
        return 1.0
    if trouble.packages is None:
        return trouble.narrowed.get(candidate.id, 0.0)
    return 1.0 / len(trouble.packages) if candidate.id in trouble.packages else 0.0


def _symptoms(explained: Mapping[str, float], case: Case) -> Term:
    count = sum(1 for part in explained.values() if part > 0)
    return 0.0, (Reason("suspect.explains", {"services": count, "of_services": len(case.troubles)}),) if count else ()


def _own_state(candidate: Candidate, case: Case) -> Term:
    if candidate.kind != "service":
        return NOTHING
    own = case.troubles.get(candidate.id)
    if own is None:
        if candidate.id not in case.healthy:
            return NOTHING
        cleared = 1.0 - case.unease.get(candidate.id, 0.0)
        if cleared < CLEARED:
            return -OWN_HEALTH * cleared, (Reason("suspect.uneasy", {"service": candidate.id}),)
        return -OWN_HEALTH * cleared, (Reason("suspect.works", {"service": candidate.id}),)
    facts = {
        "service": candidate.id,
        "kind": own.worst.kind,
        "eye": own.worst.eye.value,
        "observed": round(own.worst.observed, 4),
        "expected": round(own.worst.expected, 4),
    }
    # What never reached it cannot have failed in it: that it shows there says only where to look from.
    severity = 0.0 if is_before(own) else SEVERITY * own.share / max(case.worst_share, 1e-9)
    return severity, (Reason("suspect.own_trouble", facts),)


def _shared_state(candidate: Candidate, case: Case) -> Term:
    if candidate.kind not in {"infrastructure", "partner"}:
        return NOTHING
    hit = [case.troubles[service] for service in case.troubles if service in candidate.direct]
    quiet = len(candidate.direct & case.healthy)
    if not hit:
        return -QUIET_SHARE, ()
    severity = SEVERITY * sum(trouble.share for trouble in hit) / len(hit) / max(case.worst_share, 1e-9)
    against = QUIET_SHARE * quiet / (quiet + len(hit))
    reasons = [Reason("suspect.shared", {"failing": len(hit), "working": quiet})]
    return severity - against, tuple(reasons)


def _lone_symptom(candidate: Candidate, case: Case) -> Term:
    # One failing service speaks for itself rather than for the infrastructure behind it.
    if candidate.kind not in {"infrastructure", "partner"}:
        return NOTHING
    hit = [trouble for service, trouble in case.troubles.items() if service in candidate.direct]
    return (-SEVERITY, ()) if len(hit) == 1 and not is_before(hit[0]) else NOTHING


def _victim(candidate: Candidate, case: Case) -> Term:
    own = case.troubles.get(candidate.id)
    if own is None:
        return NOTHING
    needs = case.graph.needs_of(candidate.id)
    failing = [trouble for service, trouble in case.troubles.items() if service in needs and not trouble.is_dwindling]
    if not failing:
        return NOTHING
    worst = max(failing, key=lambda trouble: trouble.share * trouble.certainty)
    weight = worst.certainty * min(1.0, worst.share / max(own.share, 1e-9))
    return -EXPLAINED_AWAY * weight, (Reason("suspect.need_fails", {"service": candidate.id, "need": worst.service}),)


def _between(candidate: Candidate, case: Case) -> Term:
    if candidate.kind != "infrastructure":
        return NOTHING
    hit = [case.troubles[service] for service in case.troubles if service in candidate.direct]
    unreached = sum(trouble.is_unreached for trouble in hit)
    if not unreached:
        return NOTHING
    return BETWEEN * unreached / len(hit), (Reason("suspect.calls_do_not_arrive", {"services": unreached}),)


def _told(candidate: Candidate, case: Case) -> Term:
    latest = {service: notice for notice in case.notices for service in notice.services}
    speaking = [
        notice
        for service, notice in latest.items()
        if notice.state in {"investigating", "disrupted", "down"}
        and (service in candidate.direct or candidate.id in {service, notice.partner})
    ]
    if not speaking or candidate.kind == "package":
        return NOTHING
    facts = {"partner": speaking[-1].partner, "state": speaking[-1].state}
    return NOTICE * case.background.credence.of_partner(speaking[-1].partner).trust, (Reason("suspect.notice", facts),)


def _seen_before(candidate: Candidate, case: Case) -> Term:
    alike = [
        len(fault.services & case.troubles.keys()) / len(fault.services | case.troubles.keys())
        for fault in case.background.past
        if fault.cause == candidate.id and fault.services
    ]
    if not alike or max(alike) < ALIKE:
        return NOTHING
    return PAST * max(alike), (Reason("suspect.seen_before", {"times": sum(each >= ALIKE for each in alike)}),)


def _strongest_clue(candidate: Candidate, case: Case) -> Clue | None:
    own = [clue for clue in case.clues if clue.service == candidate.id]
    return max(own, key=lambda clue: clue.weight) if own else None


_TERMS: tuple[Callable[[Candidate, Case], Term], ...] = (
    _own_state,
    _shared_state,
    _lone_symptom,
    _victim,
    _between,
    only_package,
    only_regions,
    _told,
    _seen_before,
)
