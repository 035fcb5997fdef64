"""Plays part of the shipped morning into a data folder, through the real services and the real engine loop.

Run as a program: `python morning.py FOLDER FROM UNTIL`. It prints, as JSON, what a browser needs to get in. The clock
is left standing at UNTIL, so that pages, promises and screenshots are the same at every run.
"""

import json
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.kernel.clock import parse_moment
from tocsin.observations.rules.columns import select
from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import open_recording
from tocsin.plugins.stores.memory.store import MemoryStore

if TYPE_CHECKING:
    from tocsin.runtime.engine_loop import EngineLoop

ROOT = Path(__file__).resolve().parents[2]
STEP = timedelta(seconds=10)


def part_of(recording: Recording, start: datetime, end: datetime) -> Recording:
    low, high = (int(moment.timestamp() * 1_000_000) for moment in (start, end))
    transactions = recording.transactions
    kept = (transactions.time_us >= low) & (transactions.time_us < high)
    return replace(recording, start=start, end=end, transactions=select(transactions, kept))


def play(recording: Recording, folder: Path) -> None:
    from django.conf import settings

    from tocsin.changes.services import accept_changes
    from tocsin.runtime.engine_loop import EngineLoop
    from tocsin.runtime.engine_process import stages
    from tocsin.runtime.live import LiveFederation
    from tocsin.runtime.publisher import Publisher
    from tocsin.status_site.services import publish

    store = MemoryStore()
    store.append_history("history", recording.history)
    accept_changes([change for change in recording.changes if change.at < recording.start], now=recording.start)
    with Publisher(lambda now: publish(now=now, is_replay=True)) as publisher:
        loop = EngineLoop(settings.CLOCK, LiveFederation(store), stages(store, publisher))
        tick_through(recording, folder, loop)
    assert loop.pulse.failures == 0, loop.pulse.last_failure


def tick_through(recording: Recording, folder: Path, loop: "EngineLoop") -> None:
    from tocsin.changes.services import accept_changes
    from tocsin.observations import services
    from tocsin.runtime import clock

    for now, batch in recording.chunks(STEP):
        clock.stand_at(folder, origin=now, speed=60)
        since = now - STEP
        if len(batch):
            services.accept_transactions(batch, source="test", now=now)
        if probes := [each for each in recording.probes if since <= each.at < now]:
            services.accept_probe_results(probes, source="test", now=now)
        if reports := [each for each in recording.reports if since <= each.at < now]:
            services.accept_reports(reports, source="test", now=now)
        if notices := [each for each in recording.notices if since <= each.at < now]:
            services.accept_notices(notices, source="test", now=now)
        if changes := [each for each in recording.changes if since <= each.at < now]:
            accept_changes(changes, now=now)
        loop.step()


def main(folder: Path, start: datetime, end: datetime) -> None:
    os.environ["TOCSIN_DATA_FOLDER"] = str(folder)
    from tocsin.runtime import clock, startup
    from tocsin.runtime.demo import stage

    startup.start(needs_database=False)
    startup.migrate()
    recording = part_of(open_recording(ROOT / "demo" / "2020-01-27"), start, end)
    clock.stand_at(folder, origin=start, speed=60)
    cast = stage.people(recording, now=start)
    play(recording, folder)
    entry = {"operator": cast.operator, "password": cast.password, "panel": cast.panel_token}
    sys.stdout.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), parse_moment(sys.argv[2]), parse_moment(sys.argv[3]))
