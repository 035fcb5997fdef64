"""Keeping what a tick judged: the whole of it as the snapshot, and every change of a verdict for the figures."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from tocsin.detection.models import SeriesPoint, Snapshot, VerdictChange
from tocsin.detection.queries import (
    LOOKBACK,
    PULSE,
    Pulse,
    last_judgement,
    lookback_file,
    pulse_file,
    stored_judgement,
)
from tocsin.detection.rules.lookback import Lookback
from tocsin.detection.rules.model import Judgement, Verdict
from tocsin.detection.rules.series import FunctionPoint

SERIES_KEPT = timedelta(days=2)
"""What the console's charts can look back on; the figures rest on verdict changes, which stay."""


def save_judgement(judgement: Judgement, *, explanations: list[Any]) -> None:
    """Replace the snapshot, and append a row for each subject whose state is another one than before.

    `explanations` come as they are stored (`diagnosis.queries.stored_explanations`). Called within a transaction.
    """
    before = last_judgement()
    known = {} if before is None else {subject: verdict.state for subject, verdict in before.verdicts.items()}
    changed = [verdict for subject, verdict in judgement.verdicts.items() if known.get(subject) != verdict.state]
    VerdictChange.objects.bulk_create([_change(judgement, verdict) for verdict in changed])
    fields = {"at": judgement.at, "judgement": stored_judgement(judgement), "explanations": explanations}
    Snapshot.objects.update_or_create(pk=1, defaults=fields)


def _change(judgement: Judgement, verdict: Verdict) -> VerdictChange:
    return VerdictChange(
        at=judgement.at,
        function=verdict.subject.function,
        audience=verdict.subject.audience,
        state=verdict.state.value,
        confidence=verdict.confidence,
        since=verdict.since,
    )


def save_series(points: Sequence[FunctionPoint]) -> None:
    """Keep a minute's points for the charts, once, and forget those that no chart shows any more."""
    if points:
        SeriesPoint.objects.bulk_create([SeriesPoint(**asdict(point)) for point in points], ignore_conflicts=True)
        SeriesPoint.objects.filter(at__lt=points[0].at - SERIES_KEPT).delete()


def leave_pulse(pulse: Pulse) -> None:
    """Write the engine's pulse down for the other processes, in one step."""
    _leave(pulse_file(), PULSE.dump_python(pulse, mode="json"))


def leave_lookback(found: Lookback) -> None:
    """Write down what the past weeks look like, for the console."""
    _leave(lookback_file(), LOOKBACK.dump_python(found, mode="json"))


def _leave(path: Path, content: object) -> None:
    draft = path.with_suffix(f".{os.getpid()}.new")
    draft.write_text(json.dumps(content))
    draft.replace(path)
