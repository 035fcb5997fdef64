"""What a duty officer should look into though no eye sees it: suspicions inside, of which nothing is public. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.detection.rules.doubts import is_unborne
from tocsin.detection.rules.model import Judgement, Subject
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason
from tocsin.observations.crowd import Crowd


@dataclass(frozen=True, slots=True)
class Worry:
    """A function that may fail for a profession, and why that is suspected."""

    function: str
    audience: str
    reason: Reason


def worries(crowd: Sequence[Crowd], judgement: Judgement | None, *, incidents: Sequence[Incident]) -> tuple[Worry, ...]:
    """Return what visitors complain of in numbers while no eye and no open incident says so, in the crowd's order."""
    verdicts = judgement.verdicts if judgement is not None else {}
    known = {function for incident in incidents if incident.is_open for function in incident.functions}
    return tuple(
        Worry(said.function, audience, Reason("crowd.unborne", {"visitors": visitors}))
        for said in crowd
        for audience, visitors in said.by_audience.items()
        if said.function not in known
        and (verdict := verdicts.get(Subject(said.function, audience))) is not None
        and is_unborne(visitors, verdict)
    )
