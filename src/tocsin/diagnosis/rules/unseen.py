"""Suspects for what only people see: reports say that a function fails while every instrument is content.

Then the functions speak: a cause must lie in what all the failing functions need and the working ones do not.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from tocsin.diagnosis.rules.candidates import candidates
from tocsin.diagnosis.rules.case import Case
from tocsin.diagnosis.rules.scoring import PRIORS, Score
from tocsin.kernel.reasons import Reason

SHARED_BY_FAILING = 2.0
USED_BY_WORKING = 2.0
"""To be needed by every failing function, and by no working one, are worth two sure troubles each."""


def unseen_scores(failing: AbstractSet[str], working: AbstractSet[str], *, case: Case) -> list[Score]:
    """Return a score for every service, infrastructure and partner that a failing function needs."""
    return list(_scores(failing, working - failing, case))


def _scores(failing: AbstractSet[str], working: AbstractSet[str], case: Case) -> Iterator[Score]:
    for candidate in candidates(case.pack, case.graph):
        if candidate.kind == "package":
            continue
        own = candidate.direct | {candidate.id}
        needing = {f for f in case.pack.functions if not own.isdisjoint(case.graph.services_of(f))}
        hit = len(needing & failing) / len(failing)
        if hit:
            spared = len(needing & working) / len(needing)
            facts = {"functions": len(needing & failing), "working": len(needing & working)}
            total = PRIORS[candidate.kind] + SHARED_BY_FAILING * hit - USED_BY_WORKING * spared
            yield Score(candidate, total, hit, (Reason("suspect.needed_by_failing", facts),), None)
