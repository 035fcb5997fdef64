"""Incidents, procedures and facts for the tests of bulletins and of the public site, on the real Belgian pack."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.drafting import due_bulletins
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Activation, Duty, LegalBasis, Procedure
from tocsin.detection.rules.model import State, Subject, Verdict
from tocsin.incidents.rules.model import EventKind, Incident, IncidentEvent, Phase
from tocsin.kernel.language import LocalizedText
from tocsin.observations.rules.model import Eye
from tocsin.status_site.rules.facts import Facts, Said

PACK_FOLDER = Path(__file__).resolve().parents[1] / "packs" / "belgium"
SINCE = datetime(2020, 1, 28, 7, 40, tzinfo=UTC)
"""8:40 in Brussels."""
NOW = SINCE + timedelta(minutes=2)
BOTH = frozenset({Eye.FRONT, Eye.CLIENT})


@cache
def belgium() -> Pack:
    return load_pack(PACK_FOLDER)


@cache
def templates() -> Templates:
    return load_templates(PACK_FOLDER)


def words(text: str) -> LocalizedText:
    return {"fr": f"{text} fr.", "nl": f"{text} nl.", "de": f"{text} de.", "en": f"{text} en."}


UNCONFIRMED = LegalBasis(
    text=words("Yes, reimbursed"),
    unconfirmed=words("Not confirmed yet, keep a copy"),
    address="https://example.org/law",
    version="1",
    validator=None,
    validated_on=None,
    expires_on=None,
)
CONFIRMED = replace(UNCONFIRMED, validator="INAMI/RIZIV", validated_on=date(2020, 1, 27), expires_on=date(2020, 2, 27))


def procedure(id_: str = "paper", **fields: Any) -> Procedure:
    given: dict[str, Any] = {
        "id": id_,
        "version": "1",
        "function": "dispense",
        "kind": "non_ict",
        "states": (State.DOWN, State.DEGRADED),
        "audiences": ("pharmacist",),
        "packages": None,
        "title": words(f"Title {id_}"),
        "instruction": words(f"Do {id_}"),
        "steps": (words("First"), words("Second"), words("Third")),
        "patient": words("Say this"),
        "legal": UNCONFIRMED,
        "forms": (words("Form"),),
        "exclusions": (words("Narcotics"),),
        "duties": (Duty(words("Send the proofs"), timedelta(days=2)),),
        "avoid": None,
        "time_cost": words("Two minutes"),
        "sources": (),
        "checked_on": date(2020, 1, 1),
        "review_on": date(2020, 7, 1),
        "to_be_validated_by": "INAMI/RIZIV",
    }
    return Procedure(**{**given, **fields})


def incident(**fields: Any) -> Incident:
    given: dict[str, Any] = {
        "id": "2020-01-28-1",
        "opened_at": NOW,
        "hit_since": SINCE,
        "phase": Phase.CONFIRMED,
        "phase_since": NOW,
        "state": State.DOWN,
        "confidence": 0.99,
        "eyes": BOTH,
        "functions": ("dispense",),
        "audiences": None,
        "packages": None,
        "regions": None,
    }
    return Incident(**{**given, **fields})


def closed(start: Incident, *, at: datetime) -> Incident:
    good = at - timedelta(minutes=10)
    return replace(start, phase=Phase.RESOLVED, phase_since=at, good_since=good, closed_at=at)


def due(
    one: Incident,
    *,
    happened: EventKind | None = None,
    published: Sequence[Bulletin] = (),
    drafts: Sequence[Bulletin] = (),
    activations: Sequence[Activation] = (),
    procedures: Mapping[str, Procedure] | None = None,
    now: datetime = NOW,
) -> tuple[Bulletin, ...]:
    """What is due about one incident."""
    return due_bulletins(
        events=() if happened is None else (IncidentEvent(happened, now, one),),
        incidents=(one,),
        published=published,
        drafts=drafts,
        activations=activations,
        procedures={"paper": procedure()} if procedures is None else procedures,
        templates=templates(),
        pack=belgium(),
        now=now,
    )


def first(one: Incident | None = None, *, now: datetime = NOW, **given: Any) -> Bulletin:
    """The first bulletin about an incident."""
    (bulletin,) = due(one or incident(), happened="opened", now=now, **given)
    return bulletin


def activation(procedure_id: str, state: str = "active", **fields: Any) -> Activation:
    given: dict[str, Any] = {
        "procedure": procedure_id,
        "procedure_version": "1",
        "incident": "2020-01-28-1",
        "state": state,
        "start": NOW,
        "until": None,
        "by": "policy",
        "audiences": None,
        "packages": None,
        "regions": None,
    }
    return Activation(**{**given, **fields})


def verdicts(bad: Mapping[str, State] | None = None, *, at: datetime = NOW) -> dict[Subject, Verdict]:
    """Verdicts on everything, good but for the functions given."""
    given = bad or {}
    return {
        Subject(function.id, audience): Verdict(
            Subject(function.id, audience), given.get(function.id, State.OK), 0.99, at, BOTH, ()
        )
        for function in belgium().functions.values()
        for audience in function.audiences
    }


def facts(**fields: Any) -> Facts:
    """Facts of a quiet moment, checked just now, unless told otherwise."""
    given: dict[str, Any] = {
        "now": NOW,
        "checked_at": NOW,
        "verdicts": verdicts(),
        "incidents": (),
        "said": (),
        "procedures": {"paper": procedure()},
        "pack": belgium(),
    }
    return Facts(**{**given, **fields})


def said(bulletin: Bulletin) -> Said:
    """A bulletin that went out the moment it was drafted."""
    return Said(bulletin, bulletin.drafted_at)
