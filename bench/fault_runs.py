"""Replays a scenario folder for the fault suite and keeps what the scorer needs: never the truth.

A *mode* says what is taken away before the replay: nothing (`all`), an eye (`without client`), or knowledge of the
past or of changes (`without history`, `without changes`), for the ablation.
"""

import resource
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.engine.tick import Federation
from tocsin.incidents.rules.model import Incident
from tocsin.observations.rules.model import Eye
from tocsin.observations.rules.rollup import rows
from tocsin.plugins.sources.recording.model import Recording
from tocsin.runtime.replay import Step, federation_for, play, read_recording
from tocsin.runtime.replay_lines import lines
from tocsin.status_site.rules.facts import Facts, Said, shown_states

type Line = dict[str, Any]
type Spoil = Callable[[Recording], Recording]

ALL = "all"
EYES = {f"without {eye.value}": eye for eye in Eye}
KNOWLEDGE: dict[str, Spoil] = {
    "without history": lambda recording: replace(
        recording, history=rows(recording.history, np.zeros(len(recording.history), dtype=np.bool_))
    ),
    "without changes": lambda recording: replace(recording, changes=()),
}
SUITE = (ALL, "without client", "without panel")
BELIEF_EVERY_TICKS = 12
_FEDERATIONS: dict[tuple[int, str], Federation] = {}


@dataclass(slots=True)
class Run:
    """What a replay said: its lines; by subject, the moments at which a page would have said "no problem"; beliefs.

    `beliefs` are (moment, function, audience, probability that something is wrong), every two minutes.
    """

    scenario: str
    folder: str
    mode: str
    start: datetime
    end: datetime
    lines: list[Line] = field(default_factory=list)
    green: dict[str, list[datetime]] = field(default_factory=dict)
    beliefs: list[tuple[datetime, str, str, float]] = field(default_factory=list)
    times_real_time: float = 0.0
    ticks_ms: float = 0.0
    peak_rss_mb: float = 0.0

    def of(self, incident: str | None) -> list[Line]:
        """Return the lines of one incident."""
        return [line for line in self.lines if incident is not None and line["incident"] == incident]

    @property
    def incidents(self) -> list[str]:
        """Return the incidents spoken of, in order."""
        return list(dict.fromkeys(line["incident"] for line in self.lines if line["incident"] is not None))


def run(folder: Path, mode: str, watched: Mapping[str, Iterable[datetime]] | None = None) -> Run:
    """Replay a scenario; `watched` says at which ticks the page is looked at (by whoever scores), by subject."""
    began_s = time.perf_counter()
    recording = read_recording(folder, without=[EYES[mode]] if mode in EYES else [])
    if mode in KNOWLEDGE:
        recording = KNOWLEDGE[mode](recording)
    federation = _federation(folder, mode, recording)
    found = Run(folder.name, str(folder), mode, recording.start, recording.end)
    looks = {subject: set(moments) for subject, moments in (watched or {}).items()}
    moments = {at for each in looks.values() for at in each}
    said: list[Said] = []
    replayed_s = time.perf_counter()
    for number, step in enumerate(play(recording, federation)):
        found.lines.extend(lines(step))
        said += [Said(bulletin, step.outcome.at) for bulletin in step.outcome.published]
        if step.outcome.at in moments:
            _look(found, step, said, looks=looks, federation=federation)
        if number % BELIEF_EVERY_TICKS == 0:
            found.beliefs += _beliefs(step)
    wall_s = time.perf_counter() - began_s
    seconds = (recording.end - recording.start).total_seconds()
    found.times_real_time = round(seconds / wall_s, 1)
    found.ticks_ms = round((time.perf_counter() - replayed_s) * 10_000.0 / seconds, 2)
    found.peak_rss_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def _federation(folder: Path, mode: str, recording: Recording) -> Federation:
    """Return the federation with what was learnt from the past, learnt once for scenarios that share it."""
    past = folder / "history" / "part-0.parquet"
    key = (past.stat().st_ino if past.is_file() else hash(str(folder)), mode)
    if key not in _FEDERATIONS:
        _FEDERATIONS.clear()
        _FEDERATIONS[key] = federation_for(recording)
    return _FEDERATIONS[key]


def _look(
    found: Run, step: Step, said: list[Said], *, looks: Mapping[str, set[datetime]], federation: Federation
) -> None:
    """Note which of the subjects that are watched now a page of this moment shows as good."""
    outcome = step.outcome
    incidents: tuple[Incident, ...] = step.incidents
    facts = Facts(
        now=outcome.at,
        checked_at=outcome.at,
        verdicts=outcome.judgement.verdicts,
        incidents=incidents,
        said=said,
        procedures=federation.procedures,
        pack=federation.pack,
    )
    for function, states in shown_states(facts).items():
        for audience, state in states.items():
            subject = f"{function}/{audience}"
            if state.value == "ok" and outcome.at in looks.get(subject, ()):
                found.green.setdefault(subject, []).append(outcome.at)


def _beliefs(step: Step) -> list[tuple[datetime, str, str, float]]:
    return [
        (step.outcome.at, subject.function, subject.audience, verdict.posterior.bad)
        for subject, verdict in step.outcome.judgement.verdicts.items()
        if verdict.posterior is not None and verdict.posterior.unknown < 1.0
    ]
