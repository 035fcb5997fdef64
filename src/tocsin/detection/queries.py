"""Reading what detection last said, and how the engine is doing."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from pydantic import TypeAdapter, ValidationError

from tocsin.detection.models import Snapshot
from tocsin.detection.rules.lookback import Lookback
from tocsin.detection.rules.model import Judgement, Signal, Verdict
from tocsin.observations.rules.model import Eye

VERDICTS: TypeAdapter[list[Verdict]] = TypeAdapter(list[Verdict])
SIGNALS: TypeAdapter[tuple[Signal, ...]] = TypeAdapter(tuple[Signal, ...])
BLIND: TypeAdapter[dict[Eye, datetime]] = TypeAdapter(dict[Eye, datetime])


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the engine is doing: the clock's time of its last good tick, and what went wrong since it started.

    `skipped` counts ticks left out because the one before took too long; `failures` those that raised, with the last
    one in words; `tick_ms` is how long the last tick took.
    """

    started_at: datetime
    last_tick_at: datetime | None
    ticks: int
    skipped: int
    failures: int
    last_failure_at: datetime | None
    last_failure: str
    tick_ms: float


PULSE: TypeAdapter[Pulse] = TypeAdapter(Pulse)
LOOKBACK: TypeAdapter[Lookback] = TypeAdapter(Lookback)


def stored_judgement(judgement: Judgement) -> dict[str, Any]:
    """Return the judgement as it is stored: its verdicts as a list, in their order."""
    return {
        "at": judgement.at.isoformat(),
        "verdicts": VERDICTS.dump_python(list(judgement.verdicts.values()), mode="json"),
        "signals": SIGNALS.dump_python(judgement.signals, mode="json"),
        "blind": BLIND.dump_python(dict(judgement.blind), mode="json"),
    }


def read_judgement(stored: dict[str, Any]) -> Judgement:
    """Read a stored judgement back."""
    verdicts = VERDICTS.validate_python(stored["verdicts"])
    return Judgement(
        at=datetime.fromisoformat(stored["at"]),
        verdicts={verdict.subject: verdict for verdict in verdicts},
        signals=SIGNALS.validate_python(stored["signals"]),
        blind=BLIND.validate_python(stored["blind"]),
    )


def last_judgement() -> Judgement | None:
    """Return what the last tick judged, None before the first."""
    row = Snapshot.objects.filter(pk=1).first()
    return None if row is None else read_judgement(row.judgement)


def pulse_file() -> Path:
    """Return where the engine leaves its pulse: a file, so that it shows even when the database is the trouble."""
    folder: Path = settings.CONFIGURATION.data_folder
    return folder / "engine.json"


def lookback_file() -> Path:
    """Return where the engine leaves its daily look back."""
    return pulse_file().with_name("lookback.json")


def last_lookback() -> Lookback | None:
    """Return what the past weeks looked like when the engine last looked, None before the first time."""
    try:
        return LOOKBACK.validate_json(lookback_file().read_bytes())
    except (FileNotFoundError, ValidationError):
        # What another version left says nothing here; a day later it is written anew.
        return None


def pulse() -> Pulse | None:
    """Return how the engine is doing, None when none ever ran here."""
    try:
        return PULSE.validate_python(json.loads(pulse_file().read_text()))
    except FileNotFoundError:
        return None
