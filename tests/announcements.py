"""Builders for bulletins and incidents, shared by the tests of notifications and review."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.bulletins.rules.model import AudienceText, Bulletin, BulletinKind
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.language import LocalizedText
from tocsin.observations.rules.model import Eye

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday, 9:00 in Brussels."""


def at(minutes: float) -> datetime:
    """Return a moment so many minutes after the start."""
    return START + timedelta(minutes=minutes)


def words(text: str) -> LocalizedText:
    """Return a text that tells its language."""
    return {"fr": f"{text} fr", "nl": f"{text} nl", "de": f"{text} de", "en": f"{text} en"}


def audience_text(*, procedures: tuple[str, ...] = ("paper",), subject: str = "Dispensing fails") -> AudienceText:
    return AudienceText(
        headline=words("Prescriptions cannot be retrieved – “é”."),
        scope=words("Since 9:00, in all pharmacies."),
        now=(words("Ask for the paper proof."), words("Call the <prescriber> & note it.")),
        procedures=procedures,
        paid=words("Not confirmed yet."),
        avoid=None,
        next_update=words("9:30, even if nothing has changed."),
        duties=(),
        subject=words(subject),
    )


def bulletin(
    number: int = 1,
    *,
    kind: BulletinKind = "first",
    incident: str = "2026-03-02-1",
    functions: tuple[str, ...] = ("dispense",),
    texts: Mapping[str, AudienceText] | None = None,
    is_drill: bool = False,
) -> Bulletin:
    return Bulletin(
        id=f"{incident}-b{number}",
        incident=incident,
        kind=kind,
        number=number,
        drafted_at=at(number),
        state=State.DOWN,
        functions=functions,
        audiences=None,
        packages=None,
        regions=None,
        texts={"pharmacist": audience_text()} if texts is None else texts,
        next_update_at=None if kind == "end" else at(30),
        is_drill=is_drill,
    )


def incident(**changes: Any) -> Incident:
    """Return an incident that hit pharmacists from 0 to 60 minutes, noticed after 2 and closed after 70."""
    plain = Incident(
        id="2026-03-02-1",
        opened_at=at(2),
        hit_since=at(0),
        phase=Phase.RESOLVED,
        phase_since=at(70),
        state=State.DOWN,
        confidence=0.97,
        eyes=frozenset({Eye.FRONT, Eye.PROBES}),
        functions=("dispense",),
        audiences=None,
        packages=None,
        regions=None,
        good_since=at(60),
        closed_at=at(70),
    )
    return replace(plain, **changes)
