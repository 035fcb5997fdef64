"""Replay: a recording played through the live rules on simulated time, as fast as the machine can, without Django.

`RecordedEvidence` is the engine's evidence source: at each moment it hands out what a live system would have known
by then, and nothing later. `Memory` is the sink: it keeps what the engine decided, for the next tick.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import numpy as np

from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.model import Bulletin, PublicationPolicy
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.calendar import Calendar
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Activation
from tocsin.detection.rules.model import Judgement
from tocsin.detection.rules.profile import learn
from tocsin.engine.ports import Outcome, Situation
from tocsin.engine.tick import Federation, after, in_force, tick
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.intervals import floor_to
from tocsin.observations.rules.columns import select
from tocsin.observations.rules.model import BUCKET_S, VANTAGES, Evidence, Eye, Report, Transactions
from tocsin.observations.rules.redaction import redact
from tocsin.observations.rules.rollup import roll_up
from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import open_recording
from tocsin.plugins.stores.memory.store import MemoryStore

STEP = timedelta(seconds=BUCKET_S)
TELEMETRY_BACK = timedelta(minutes=30)
PROBES_BACK = timedelta(minutes=30)
REPORTS_BACK = timedelta(hours=2)
NOTICES_BACK = timedelta(hours=12)
_PIECE_ROWS = 131_072

UNLOCKED = PublicationPolicy(automation="automatic")
"""The shipped policy, with automation unlocked as an operator would."""


def federation_for(recording: Recording, *, pack: str = "belgium") -> Federation:
    """Return the federation of the pack (a name or a folder), with the profile learnt from the recording's past."""
    folder = pack_folder(pack)
    loaded = load_pack(folder)
    return Federation(
        pack=loaded,
        procedures=load_procedures(folder, loaded),
        templates=load_templates(folder),
        # A recording may have been moved by whole weeks, and must then say the same: only its own past counts.
        profile=learn(recording.history, pack=replace(loaded, calendar=Calendar())),
    )


def read_recording(folder: Path, *, without: Collection[Eye] = ()) -> Recording:
    """Return the recording as the eyes that are left saw it; reports' texts are redacted at once."""
    recording = open_recording(folder)
    for eye in VANTAGES:
        if eye in without:
            recording = recording.without(eye.value)
    return replace(
        recording,
        probes=() if Eye.PROBES in without else recording.probes,
        reports=() if Eye.PANEL in without else tuple(_redacted(report) for report in recording.reports),
        notices=() if Eye.PARTNER in without else recording.notices,
    )


def _redacted(report: Report) -> Report:
    return replace(report, text=redact(report.text).text)


class Memory:
    """What the engine decided so far: the outcome sink of a replay."""

    def __init__(self) -> None:
        """Begin with nothing known and nothing said."""
        self.judgement: Judgement | None = None
        self.incidents: tuple[Incident, ...] = ()
        self.activations: tuple[Activation, ...] = ()
        self.published: tuple[Bulletin, ...] = ()
        self.drafts: tuple[Bulletin, ...] = ()

    def save(self, outcome: Outcome) -> None:
        """Keep the outcome."""
        self.judgement = outcome.judgement
        self.incidents = after(self.incidents, outcome.events)
        self.activations = in_force(self.activations, outcome.activations)
        self.published = (*self.published, *outcome.published)
        waiting = {bulletin.id: bulletin for bulletin in (*self.drafts, *outcome.drafted)}
        for bulletin in outcome.published:
            waiting.pop(bulletin.id, None)
        still_open = {incident.id for incident in self.incidents if incident.is_open}
        self.drafts = tuple(bulletin for bulletin in waiting.values() if bulletin.incident in still_open)


class RecordedEvidence:
    """The evidence source of a replay: what was known by each moment."""

    def __init__(self, recording: Recording, memory: Memory, *, policy: PublicationPolicy = UNLOCKED) -> None:
        """Begin with nothing rolled up; a window never reaches beyond the moment it is asked for."""
        self._recording = recording
        self._memory = memory
        self._policy = policy
        self._store = MemoryStore()
        self._pieces = _pieces(recording.transactions)
        self._rolled_up_s = 0
        self._times_us = {
            eye: recording.transactions.time_us[
                recording.transactions.vantage == recording.transactions.vantages.index(eye.value)
            ]
            for eye in VANTAGES
            if eye.value in recording.transactions.vantages
        }

    def situation(self, now: datetime) -> Situation:
        """Return what was known at `now`."""
        memory = self._memory
        return Situation(
            evidence=self.evidence(now),
            changes=_until(self._recording.changes, now),
            previous=memory.judgement,
            incidents=memory.incidents,
            activations=memory.activations,
            published=memory.published,
            drafts=memory.drafts,
            policy=self._policy,
        )

    def evidence(self, now: datetime) -> Evidence:
        """Return what the eyes had seen by `now`."""
        self._roll_up_until(now)
        recording = self._recording
        return Evidence(
            now=now,
            rollups=self._store.window(now - TELEMETRY_BACK, now),
            probes=_between(recording.probes, now - PROBES_BACK, now),
            reports=_between(recording.reports, now - REPORTS_BACK, now),
            notices=_between(recording.notices, now - NOTICES_BACK, now),
            last_seen=self._last_seen(now),
        )

    def _roll_up_until(self, now: datetime) -> None:
        while self._rolled_up_s < now.timestamp() and (piece := next(self._pieces, None)) is not None:
            rolled_up = roll_up(piece)
            self._rolled_up_s = int(rolled_up.bucket_s[-1]) + BUCKET_S
            self._store.append(str(self._rolled_up_s), rolled_up)

    def _last_seen(self, now: datetime) -> dict[Eye, datetime]:
        now_us = int(now.timestamp() * 1_000_000)
        seen: dict[Eye, datetime] = {}
        for eye, times_us in self._times_us.items():
            index = int(np.searchsorted(times_us, now_us, side="left"))
            if index:
                seen[eye] = datetime.fromtimestamp(int(times_us[index - 1]) / 1_000_000, tz=UTC)
        recording = self._recording
        for eye, items in (
            (Eye.PROBES, recording.probes),
            (Eye.PANEL, recording.reports),
            (Eye.PARTNER, recording.notices),
        ):
            index = bisect_right(items, now, key=attrgetter("at"))
            if index:
                seen[eye] = items[index - 1].at
        return seen


def _pieces(transactions: Transactions) -> Iterator[Transactions]:
    """Yield the transactions some whole buckets at a time: counting takes several times the memory of what it counts.

    A piece may reach beyond the moment asked for; a window does not.
    """
    times_us, bucket_us = transactions.time_us, BUCKET_S * 1_000_000
    first = 0
    while first < len(transactions):
        last = min(first + _PIECE_ROWS, len(transactions)) - 1
        after = int(np.searchsorted(times_us, (int(times_us[last]) // bucket_us + 1) * bucket_us))
        yield select(transactions, slice(first, after))
        first = after


def _until[T](items: tuple[T, ...], now: datetime) -> tuple[T, ...]:
    return items[: bisect_right(items, now, key=attrgetter("at"))]


def _between[T](items: tuple[T, ...], start: datetime, end: datetime) -> tuple[T, ...]:
    at = attrgetter("at")
    return items[bisect_left(items, start, key=at) : bisect_right(items, end, key=at)]


@dataclass(frozen=True, slots=True)
class Step:
    """One tick of a replay: what was decided, and everything as it stands after it."""

    outcome: Outcome
    previous: Judgement | None
    incidents: tuple[Incident, ...]
    activations: tuple[Activation, ...]


def play(
    recording: Recording,
    federation: Federation,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    policy: PublicationPolicy = UNLOCKED,
) -> Iterator[Step]:
    """Play the recording, or the part from `start` to `end`, tick by tick.

    What was recorded before `start` is known at the start, as to a system that was just switched on.
    """
    memory = Memory()
    source = RecordedEvidence(recording, memory, policy=policy)
    for now in moments(start or recording.start, end or recording.end):
        previous = memory.judgement
        outcome = tick(source.situation(now), federation=federation, now=now)
        memory.save(outcome)
        yield Step(outcome, previous, memory.incidents, memory.activations)


def moments(start: datetime, end: datetime) -> Sequence[datetime]:
    """Return the ticks after `start` up to `end`, on whole ten seconds."""
    first = floor_to(start, STEP) + STEP
    return [first + STEP * index for index in range(max(0, (end - first) // STEP + 1))]
