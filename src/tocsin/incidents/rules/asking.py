"""What the panel could say that would tell an incident's first two suspects apart.

Diagnosis leaves such questions with the incident; a duty officer reads them, and the panel is asked within its budget.
"""

from collections.abc import Iterator, Sequence

from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.polling import Doubt


def telling_doubts(incidents: Sequence[Incident]) -> tuple[Doubt, ...]:
    """Return what to ask members about, in the incidents' order: of those that are open and still show.

    Who is asked works where it is hit: in its provinces, and with its packages unless the question names another. An
    exercise asks nobody, and what is getting better needs no more telling apart.
    """
    asking = [each for each in incidents if each.is_open and not each.is_drill and each.good_since is None]
    return tuple(doubt for incident in asking for doubt in _of(incident))


def _of(incident: Incident) -> Iterator[Doubt]:
    for question in incident.questions:
        if question.kind == "panel" and question.function is not None and question.audience is not None:
            yield Doubt(
                question.function,
                question.audience,
                Reason("poll.tells_apart", {"suspect": question.suspect, "other": question.other}),
                packages=incident.packages if question.package is None else (question.package,),
                regions=incident.regions,
            )
