"""Facts of a morning on which everything that a page can show is there at once; for tests of every kind of page."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from bulletin_cases import (
    NOW,
    PACK_FOLDER,
    SINCE,
    activation,
    belgium,
    closed,
    due,
    facts,
    first,
    incident,
    said,
    verdicts,
)
from tocsin.bulletins.rules.model import Bulletin
from tocsin.changes.rules import Maintenance
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LocalizedText
from tocsin.review.rules.availability import availability
from tocsin.review.rules.model import Past, Publication
from tocsin.status_site.rules.facts import Chapter, Facts, OwnState, Readiness

EFFECT: LocalizedText = {
    "fr": "Vous devrez peut-être vous reconnecter.",
    "nl": "U moet misschien opnieuw aanmelden.",
    "de": "Vielleicht müssen Sie sich neu anmelden.",
    "en": "You may have to log in again.",
}


@cache
def procedures() -> dict[str, Procedure]:
    """The pack's own procedures."""
    return load_procedures(PACK_FOLDER, belgium())


def maintenance(**fields: object) -> Maintenance:
    """Work on the sessions, tomorrow from ten to half past."""
    start = SINCE + timedelta(days=1, minutes=80)
    given: dict[str, object] = {
        "id": "m-2020-01-29-1",
        "services": ("sts",),
        "functions": ("open_session", "prescribe"),
        "audiences": None,
        "start": start,
        "end": start + timedelta(minutes=30),
        "effect": EFFECT,
        "announced_at": NOW - timedelta(days=2),
    }
    return Maintenance(**{**given, **fields})  # type: ignore[arg-type]  # the fields are named in the tests


def corrected(bulletin: Bulletin) -> Bulletin:
    """The same bulletin with its first instruction mended, for everybody."""
    texts = {
        audience: replace(text, scope={language: f"{said_} (!)" for language, said_ in text.scope.items()})
        for audience, text in bulletin.texts.items()
    }
    return replace(bulletin, id=f"{bulletin.id}c", kind="correction", corrects=bulletin.id, texts=texts, is_silent=True)


def _works() -> tuple[Maintenance, ...]:
    return (
        maintenance(
            id="m-2020-01-28-1", start=SINCE, end=NOW + timedelta(hours=1), state="running", functions=("bill",)
        ),
        maintenance(),
        maintenance(id="m-2020-01-29-2", state="changed", changed_at=NOW, audiences=("doctor",)),
        maintenance(id="m-2020-01-29-3", state="cancelled", ended_at=NOW),
    )


@cache
def rich() -> Facts:
    """Something down, slow, in question, over, called off; maintenance of every state; all of it told."""
    down = incident(functions=("prescribe", "dispense"))
    slow = incident(
        id="2020-01-28-2",
        functions=("exchange_messages",),
        state=State.DEGRADED,
        regions=("BE-WLG",),
        packages=("gp-a", "pharmacy-a"),
    )
    before = incident(
        id="2020-01-28-0",
        functions=("tarify",),
        hit_since=SINCE - timedelta(hours=2),
        opened_at=NOW - timedelta(hours=1),
    )
    early = first(before, procedures=procedures(), now=NOW - timedelta(hours=1))
    over = closed(before, at=NOW - timedelta(minutes=5))
    (end,) = due(over, happened="closed", published=(early,), procedures=procedures(), now=NOW - timedelta(minutes=5))
    opening = first(down, procedures=procedures())
    told = (said(early), said(end), said(opening), said(first(slow, procedures=procedures())), said(corrected(opening)))
    in_force = activation(
        "tarify-by-hand", "ended", incident=over.id, start=SINCE - timedelta(hours=1), until=NOW - timedelta(minutes=5)
    )
    chapters = tuple(
        Chapter(
            one,
            tuple(each for each in told if each.bulletin.incident == one.id),
            (in_force,) if one is over else (),
        )
        for one in (over, down, slow)
    )
    past = Past(
        incidents=(over, down, slow),
        publications=tuple(Publication(each.published_at, each.bulletin) for each in told),
        pages=(),
        changes=(),
        until=NOW,
    )
    return facts(
        incidents=(over, down, slow),
        said=told,
        procedures=procedures(),
        verdicts=verdicts({"identify_patient": State.DOWN}),
        maintenance=_works(),
        chapters=chapters,
        availability=availability(past, pack=belgium()),
        readiness=(
            Readiness("gp-a", "prescribe", "proven", date(2020, 1, 2)),
            Readiness("gp-b", "prescribe", "failed", date(2020, 1, 2)),
            Readiness("gp-b", "open_session", "declared", None),
        ),
        own=OwnState(NOW, NOW, NOW - timedelta(minutes=1), 2),
    )
