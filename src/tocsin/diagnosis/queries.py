"""Reading what the last tick judged and how diagnosis explained it."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from tocsin.detection.models import Snapshot
from tocsin.detection.queries import read_judgement
from tocsin.detection.rules.model import Judgement
from tocsin.diagnosis.rules.model import Explanation

EXPLANATIONS: TypeAdapter[tuple[Explanation, ...]] = TypeAdapter(tuple[Explanation, ...])


def stored_explanations(explanations: tuple[Explanation, ...]) -> list[Any]:
    """Return the explanations as they are stored beside the judgement they explain."""
    stored: list[Any] = EXPLANATIONS.dump_python(explanations, mode="json")
    return stored


def snapshot() -> tuple[datetime, Judgement, tuple[Explanation, ...]] | None:
    """Return what the last tick saw: when, the judgement, its explanations; None before the first tick."""
    row = Snapshot.objects.filter(pk=1).first()
    if row is None:
        return None
    return row.at, read_judgement(row.judgement), EXPLANATIONS.validate_python(row.explanations)
