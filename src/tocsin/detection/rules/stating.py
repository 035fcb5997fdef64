"""What partners' statements weigh in a verdict: they confirm what other eyes see, as far as they were true before.

A partner that often spoke of trouble where there was none is worth less, one that was always right a little more; the
word of one that is wrong as often as right is not an eye at all. "Resolved" only takes back the partner's own word:
whatever other eyes see stays as they see it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tocsin.catalog.rules.model import Function, Pack
from tocsin.detection.rules.credence import NOBODY_KNOWN, Credence
from tocsin.observations.rules.model import Notice

_STRENGTH: Mapping[str, float] = {"investigating": 5.0, "disrupted": 8.0, "down": 8.0, "maintenance": 5.0}
_WORTH_HEARING = 2.0


@dataclass(frozen=True, slots=True)
class Stated:
    """A partner's word that stands, and what it weighs (log Bayes factor, > 0)."""

    notice: Notice
    strength: float


def stated(
    function: Function, notices: Sequence[Notice], *, pack: Pack, credence: Credence = NOBODY_KNOWN
) -> Iterator[Stated]:
    """Yield each partner's latest word, unless it is "resolved", where it concerns what the function uses or needs."""
    latest = {notice.partner: notice for notice in notices}
    chain = {*function.uses, *(need for service in function.uses for need in _needs_of(service, pack))}
    for notice in latest.values():
        if notice.state in _STRENGTH and any(service in chain for service in notice.services):
            strength = _STRENGTH[notice.state] * credence.of_partner(notice.partner).trust
            if strength >= _WORTH_HEARING:
                yield Stated(notice, round(strength, 3))


def _needs_of(service: str, pack: Pack) -> tuple[str, ...]:
    return pack.services[service].needs if service in pack.services else ()
