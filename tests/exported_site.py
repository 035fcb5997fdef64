"""A morning as machines read it: what `render_exports` makes of facts on the real Belgian pack."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bulletin_cases import NOW, closed, due, facts, first, incident, said, templates, verdicts, words
from tocsin.bulletins.rules.model import Bulletin
from tocsin.catalog.rules.model import Authority, Pack
from tocsin.changes.rules import Maintenance
from tocsin.detection.rules.model import State
from tocsin.status_site.exports import render_exports
from tocsin.status_site.ports import Addresses
from tocsin.status_site.rules.facts import Facts

ADDRESSES = Addresses(site_url="https://status.example.org/", base_url="https://tocsin.example.org")
SUNDAY = datetime(2020, 2, 2, 9, 0, tzinfo=UTC)
DOWN = incident(functions=("dispense",))
SLOW = incident(id="2020-01-28-2", functions=("exchange_messages",), state=State.DEGRADED, regions=("BE-WLG",))
BEFORE = incident(id="2020-01-28-0", functions=("tarify",))


def maintenance(**fields: Any) -> Maintenance:
    given: dict[str, Any] = {
        "id": "m-1",
        "services": (),
        "functions": ("prescribe", "dispense"),
        "audiences": None,
        "start": SUNDAY,
        "end": SUNDAY + timedelta(minutes=30),
        "effect": words("Prescriptions pause"),
        "announced_at": NOW - timedelta(days=1),
    }
    return Maintenance(**{**given, **fields})


def ended() -> tuple[Bulletin, Bulletin]:
    """The first and the last word of a trouble that is over."""
    early = first(BEFORE, now=NOW - timedelta(hours=1))
    over = closed(BEFORE, at=NOW - timedelta(minutes=5))
    (end,) = due(over, happened="closed", published=(early,), now=NOW - timedelta(minutes=5))
    return early, end


def mixed(**changes: Any) -> Facts:
    """A morning with something down, something slow in one province, something over and something planned."""
    early, end = ended()
    told = (early, end, first(DOWN), first(SLOW))
    given: dict[str, Any] = {
        "incidents": (closed(BEFORE, at=NOW - timedelta(minutes=5)), DOWN, SLOW),
        "said": tuple(said(one) for one in told),
        "verdicts": verdicts({"identify_patient": State.DOWN}),
        "maintenance": (maintenance(),),
    }
    return facts(**{**given, **changes})


def exported(given: Facts) -> Mapping[str, bytes]:
    return render_exports(given, templates=templates(), addresses=ADDRESSES)


def official(pack: Pack) -> Pack:
    """The pack with an authority that answers for it."""
    return replace(pack, authority=Authority(words("The authority"), words("Call 02 000 00 00")))
