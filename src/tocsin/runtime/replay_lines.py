"""What a replay prints: one JSON object a line, as `docs/reference/replay.md` says."""

import resource
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tocsin.continuity.rules.model import Activation
from tocsin.detection.rules.model import Judgement
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import format_moment
from tocsin.kernel.reasons import Reason
from tocsin.plugins.sources.recording.model import Recording
from tocsin.runtime.replay import Step

PRINTED = {"opened": "incident_opened", "updated": "incident_updated", "closed": "incident_closed"}
"""The incident events that a replay prints, and what it calls them."""

type Line = dict[str, Any]


def lines(step: Step) -> Iterator[Line]:
    """Yield the lines of one tick: eyes first, then incident by incident, each with its full current state."""
    at = step.outcome.at
    yield from _eyes(step.previous, step.outcome.judgement, at)
    for incident in step.incidents:
        for event in step.outcome.events:
            if event.incident.id == incident.id and event.kind in PRINTED:
                yield _line(PRINTED[event.kind], incident, at=at, activations=step.activations, reasons=event.reasons)
        for bulletin in step.outcome.published:
            if bulletin.incident == incident.id:
                reasons = (Reason(f"bulletin.{bulletin.kind}"),)
                yield _line("bulletin_published", incident, at=at, activations=step.activations, reasons=reasons)


def summary(recording: Recording, *, simulated: timedelta, wall_s: float) -> Line:
    """Return the last line: how much was played, how fast, in how much memory, and what could not be used."""
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "event": "summary",
        "simulated_s": simulated.total_seconds(),
        "wall_s": round(wall_s, 3),
        "transactions": int(recording.transactions.count.sum()),
        "peak_rss_mb": round(peak_kb / 1024, 1),
        "rejected_inputs": recording.rejected_inputs,
    }


def _eyes(previous: Judgement | None, judgement: Judgement, at: datetime) -> Iterator[Line]:
    before = previous.blind if previous is not None else {}
    for eye in judgement.blind:
        if eye not in before:
            yield _nobody("blind", at) | {"eye": eye.value, "reasons": ["eye.blind"]}
    for eye in before:
        if eye not in judgement.blind:
            yield _nobody("sighted", at) | {"eye": eye.value, "reasons": ["eye.sighted"]}


def _nobody(event: str, at: datetime) -> Line:
    return {
        "at": format_moment(at),
        "event": event,
        "incident": None,
        "functions": [],
        "audiences": None,
        "packages": None,
        "regions": None,
        "suspects": [],
        "change": None,
        "procedures": [],
        "confidence": 1.0,
        "reasons": [],
    }


def _line(
    event: str, incident: Incident, *, at: datetime, activations: Iterable[Activation], reasons: Iterable[Reason]
) -> Line:
    return {
        "at": format_moment(at),
        "event": event,
        "incident": incident.id,
        "functions": list(incident.functions),
        "audiences": _listed(incident.audiences),
        "packages": _listed(incident.packages),
        "regions": _listed(incident.regions),
        "suspects": [{"id": suspect.id, "score": suspect.score} for suspect in incident.suspects],
        "change": incident.change,
        "procedures": _procedures(incident, activations),
        "confidence": round(incident.confidence, 3),
        "reasons": list(dict.fromkeys(reason.code for reason in (*reasons, *incident.reasons))),
    }


def _procedures(incident: Incident, activations: Iterable[Activation]) -> list[str]:
    ids: Mapping[str, None] = dict.fromkeys(
        each.procedure for each in activations if each.incident == incident.id and each.state != "ended"
    )
    return list(ids)


def _listed(members: tuple[str, ...] | None) -> list[str] | None:
    return None if members is None else list(members)
