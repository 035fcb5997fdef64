"""What it says of the cause that only some callers are hit: one package's, or those of a few provinces."""

from collections.abc import Callable, Iterable

from tocsin.diagnosis.rules.candidates import Candidate
from tocsin.diagnosis.rules.case import NOTHING, Case, Term
from tocsin.diagnosis.rules.troubles import Trouble
from tocsin.kernel.reasons import Reason

NARROW = 0.8
"""Trouble in one package's calls only speaks for that package, and against services that others use at ease. Likewise
of a few provinces: services know no provinces, the lines that lead to them do."""


def only_package(candidate: Candidate, case: Case) -> Term:
    """Return what it says that one package's calls alone are in trouble."""
    hit = [trouble for service, trouble in case.troubles.items() if service in candidate.direct]
    if not hit or not all(_tells_of_package(trouble, case) for trouble in hit):
        return NOTHING
    if candidate.kind != "package":
        return -NARROW, ()
    if not all(trouble.packages == (candidate.id,) for trouble in hit):
        return NOTHING
    return NARROW, (Reason("suspect.only_package", {"package": candidate.id, "services": len(hit)}),)


def _tells_of_package(trouble: Trouble, case: Case) -> bool:
    """Say whether it is in one package's calls, and that means that package.

    Where a profession has no other package, one cannot tell "only this software" from "only this profession": then a
    refusal speaks for the software that asked wrongly, a failure for the service that should have coped.
    """
    if trouble.packages is None or len(trouble.packages) != 1:
        return False
    package = case.pack.packages.get(trouble.packages[0])
    if package is None:
        return True
    has_rival = any(each.audience == package.audience for each in case.pack.packages.values() if each.id != package.id)
    return has_rival or trouble.worst.kind == "rejected"


def only_regions(candidate: Candidate, case: Case) -> Term:
    """Return what it says that callers of a few provinces alone are in trouble."""
    hit = [trouble for service, trouble in case.troubles.items() if service in candidate.direct]
    local = [trouble for trouble in hit if trouble.regions is not None and trouble.packages is None]
    if not hit or len(local) < len(hit) or candidate.kind in {"package", "partner"}:
        return NOTHING
    if candidate.kind == "service":
        return -NARROW, ()
    places = sorted({place for trouble in local for place in trouble.regions or ()}, key=_order(case.pack.regions))
    return NARROW, (Reason("suspect.only_regions", {"regions": ", ".join(places)}),)


def _order(ids: Iterable[str]) -> Callable[[str], int]:
    positions = {name: index for index, name in enumerate(ids)}
    return lambda name: positions.get(name, len(positions))
