"""What Tocsin sees with, as the board shows it: each eye sees, is blind, waits or is not in use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.detection.rules.model import Judgement
from tocsin.observations.rules.model import Eye


@dataclass(frozen=True, slots=True)
class EyeState:
    """Whether an eye sees: since when it is blind, or when it last gave a sign of life."""

    eye: Eye
    blind_since: datetime | None
    last_seen: datetime | None
    is_awaited: bool = False

    @property
    def mood(self) -> str:
        """Return `sees`, `blind`, `waiting` (in use, nothing came yet) or `unused`."""
        if self.blind_since is not None:
            return "blind"
        if self.last_seen is not None:
            return "sees"
        return "waiting" if self.is_awaited else "unused"


def eye_states(
    judgement: Judgement | None, last_seen: Mapping[str, datetime], *, awaited: frozenset[Eye] = frozenset()
) -> tuple[EyeState, ...]:
    """Say of each eye whether it sees; of `awaited` ones something is expected, though nothing came yet."""
    blind = judgement.blind if judgement is not None else {}
    return tuple(EyeState(eye, blind.get(eye), last_seen.get(eye.value), eye in awaited) for eye in Eye)
