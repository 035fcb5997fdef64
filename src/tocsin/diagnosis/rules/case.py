"""The case that candidates are scored on: what is in trouble, what works, what else is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import Clue
from tocsin.diagnosis.rules.model import NO_BACKGROUND, Background
from tocsin.diagnosis.rules.troubles import Trouble
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Notice

type Term = tuple[float, tuple[Reason, ...]]
"""What one consideration adds to a score or takes away, and the reasons it gives."""

NOTHING: Term = (0.0, ())


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be explained: the troubles, which services are watched and work, what else is known.

    `unease` says of those that work how far they may not after all (0..1): no signal yet, but worse than before.
    """

    troubles: Mapping[str, Trouble]
    healthy: frozenset[str]
    clues: tuple[Clue, ...]
    notices: tuple[Notice, ...]
    graph: Graph
    pack: Pack
    unease: Mapping[str, float] = field(default_factory=dict)
    background: Background = NO_BACKGROUND

    @property
    def worst_share(self) -> float:
        """How bad the worst trouble is."""
        return max((trouble.share for trouble in self.troubles.values()), default=0.0)


def is_before(trouble: Trouble) -> bool:
    """Say whether it surely lies before the service: a client says so too, missing rows may be the front's own loss."""
    return trouble.is_unreached and not trouble.is_dwindling
