"""Measures how long it takes from an event until every page, feed and document that readers get says it.

    python bench/publish.py [--switches 60] [--quick] [--json] [--write]

The Belgian pack in four languages, a real database, the real renderer, compressors and folder. An event is a message
that goes out (or an end), committed as a click or a tick commits it; the clock starts before it. As the engine does,
the publisher looks twenty times a second whether anybody acted, so half of such a glance is in every figure. The clock
stops when the link to the new version is in place; then the pages are read, and must say it in every language.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.bulletins.rules.model import Bulletin
    from tocsin.incidents.rules.model import EventKind, Incident
    from tocsin.status_site.services import PublishReport, Site

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "publish.md"
QUICK_SWITCHES = 20
LIMIT_S = 1.0
BEGIN = datetime(2026, 3, 2, 7, 40, tzinfo=UTC)
GIVES_UP_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Switch:
    """One event's way: seconds until it was shown, and what the publication reported."""

    seconds: float
    report: "PublishReport"


class World:
    """A data folder with everything that works, and what happens in it."""

    def __init__(self, folder: Path) -> None:
        """Set Django up over the folder; nothing has happened yet."""
        os.environ["TOCSIN_DATA_FOLDER"] = str(folder / "data")
        os.environ.setdefault("TOCSIN_SECRET_KEY", "a bench needs no secret")
        os.environ.pop("TOCSIN_CONFIG", None)
        from tocsin.runtime import startup

        startup.start(needs_database=False)
        startup.migrate()
        from tocsin.status_site.services import configured_site

        self.site: Site = configured_site()
        self.now = BEGIN
        self._number = 0
        self._open: tuple[Incident, Bulletin] | None = None
        self.look()

    @property
    def folder(self) -> Path:
        """The link that readers come by."""
        from django.conf import settings

        folder: Path = settings.CONFIGURATION.site_folder
        return folder

    def look(self) -> None:
        """Have everything judged good, as the last tick would have it."""
        from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
        from tocsin.detection.services import save_judgement
        from tocsin.observations.rules.model import Eye

        subjects = [
            Subject(one.id, audience) for one in self.site.pack.functions.values() for audience in one.audiences
        ]
        eyes = frozenset({Eye.FRONT, Eye.CLIENT})
        verdicts = {each: Verdict(each, State.OK, 0.99, self.now, eyes, ()) for each in subjects}
        save_judgement(Judgement(self.now, verdicts, (), {}), explanations=[])

    def happen(self) -> "Bulletin":
        """Let a trouble be told, or the one that was told last end; return the message that went out."""
        from django.db import transaction

        self.now += timedelta(minutes=1)
        with transaction.atomic():
            self.look()
            return self._begin() if self._open is None else self._end(*self._open)

    def _begin(self) -> "Bulletin":
        from tocsin.detection.rules.model import State
        from tocsin.incidents.rules.model import Incident, Phase
        from tocsin.observations.rules.model import Eye

        functions = list(self.site.pack.functions)
        self._number += 1
        incident = Incident(
            id=f"{self.now:%Y-%m-%d}-{self._number}",
            opened_at=self.now,
            hit_since=self.now - timedelta(minutes=2),
            phase=Phase.CONFIRMED,
            phase_since=self.now,
            state=State.DOWN,
            confidence=0.99,
            eyes=frozenset({Eye.FRONT, Eye.CLIENT}),
            functions=(functions[self._number % len(functions)],),
            audiences=None,
            packages=None,
            regions=None,
        )
        bulletin = self._say(incident, "opened", ())
        self._open = (incident, bulletin)
        return bulletin

    def _end(self, incident: "Incident", told: "Bulletin") -> "Bulletin":
        from tocsin.incidents.rules.model import Phase

        self._open = None
        over = replace(incident, phase=Phase.RESOLVED, phase_since=self.now, good_since=self.now, closed_at=self.now)
        return self._say(over, "closed", (told,))

    def _say(self, incident: "Incident", happened: "EventKind", told: Sequence["Bulletin"]) -> "Bulletin":
        from tocsin.bulletins.rules.drafting import due_bulletins
        from tocsin.bulletins.services import publish
        from tocsin.incidents.models import IncidentRow
        from tocsin.incidents.queries import stored_incident
        from tocsin.incidents.rules.model import IncidentEvent

        (bulletin,) = due_bulletins(
            events=(IncidentEvent(happened, self.now, incident),),
            incidents=(incident,),
            published=told,
            drafts=(),
            activations=(),
            procedures=self.site.procedures,
            templates=self.site.templates,
            pack=self.site.pack,
            now=self.now,
        )
        kept: dict[str, Any] = {
            "opened_at": incident.opened_at,
            "closed_at": incident.closed_at,
            "phase": incident.phase,
            "state": stored_incident(incident),
        }
        IncidentRow.objects.update_or_create(pk=incident.id, defaults=kept)
        if not publish(bulletin, now=self.now):
            sys.exit(f"{bulletin.id} was kept as a draft: the bench needs a text that may go out")
        return bulletin


@contextmanager
def publishing(world: World, reports: "list[PublishReport]") -> Iterator[None]:
    """Publish as the engine's process does: look for acts now and then, and write beside."""
    from django.db import close_old_connections

    from tocsin.audit.queries import last_seq
    from tocsin.runtime.engine_loop import LONGEST_WAIT_S
    from tocsin.runtime.publisher import Publisher
    from tocsin.status_site.services import publish_site

    ending = threading.Event()

    def write(now: datetime) -> None:
        reports.append(publish_site(world.site, now=now))

    def look(publisher: Publisher) -> None:
        acts = -1
        while not ending.is_set():
            if (newest := last_seq()) != acts:
                acts = newest
                publisher.ask(world.now)
            ending.wait(LONGEST_WAIT_S)
        close_old_connections()

    with Publisher(write) as publisher:
        looker = threading.Thread(target=look, args=(publisher,), daemon=True)
        looker.start()
        try:
            yield
        finally:
            ending.set()
            looker.join()


def measure(world: World, *, switches: int) -> list[Switch]:
    """Return what each of so many events took."""
    chance = random.Random(1)  # noqa: S311  for spreading events over the glances, not for secrets
    reports: list[PublishReport] = []
    done: list[Switch] = []
    with publishing(world, reports):
        _until(lambda: bool(reports))
        for _ in range(switches):
            time.sleep(chance.uniform(0.2, 0.5))
            shown, known = world.folder.readlink(), len(reports)
            began_s = time.perf_counter()
            bulletin = world.happen()
            _until(lambda shown=shown: world.folder.readlink() != shown)
            seconds = time.perf_counter() - began_s
            _until(lambda known=known: len(reports) > known)
            _require(world, bulletin)
            done.append(Switch(seconds, reports[-1]))
    return done


def _until(is_so: Any) -> None:
    deadline = time.monotonic() + GIVES_UP_AFTER_S
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit("nothing was published within half a minute")
        time.sleep(0.001)


def _require(world: World, bulletin: "Bulletin") -> None:
    from tocsin.kernel.language import LANGUAGES

    for language in LANGUAGES:
        for audience, text in bulletin.texts.items():
            page = (world.folder / language / audience / "index.html").read_text()
            word = text.headline[language].split()[0]
            if word not in page:
                sys.exit(f"{language}/{audience} does not say {bulletin.id}")


def summary(switches: Sequence[Switch]) -> dict[str, Any]:
    """Return the figures of a run."""
    ordered = sorted(switch.seconds for switch in switches)
    reports = [switch.report for switch in switches]
    steps = reports[0].steps_ms
    return {
        "switches": len(ordered),
        "switch_p50_s": round(statistics.median(ordered), 3),
        "switch_p99_s": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "switch_max_s": round(ordered[-1], 3),
        "files": reports[-1].files,
        "changed_median": statistics.median(report.changed for report in reports),
        "steps_median_ms": {step: round(statistics.median(one.steps_ms[step] for one in reports), 1) for step in steps},
        "limit_s": LIMIT_S,
        "machine": MACHINE,
        "load_before": round(LOAD_BEFORE, 2),
    }


LOAD_BEFORE = os.getloadavg()[0]
MACHINE = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def page(found: dict[str, Any]) -> str:
    """Return the results page."""
    steps = ", ".join(f"{step} {took:g} ms" for step, took in found["steps_median_ms"].items())
    about = (
        "Written by `python bench/publish.py --write`. The Belgian pack in four languages, a real database; from "
        "before the event is committed until the link shows the new version; the publisher's glance (0–50 ms) counts."
    )
    row = (
        f"| {found['switches']} | {found['files']} | {found['changed_median']:g} | {found['switch_p50_s']} s | "
        f"{found['switch_p99_s']} s | {found['switch_max_s']} s | {found['limit_s']} s |"
    )
    return "\n".join(
        [
            "# From an event to every page, feed and document",
            "",
            about,
            "",
            f"Machine: {found['machine']}; load when it began: {found['load_before']}.",
            "",
            "| switches | files | changed (median) | p50 | p99 | max | limit for p99 |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            row,
            "",
            f"Where the time goes (medians): {steps}.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SWITCHES} switches, under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", ignore_cleanup_errors=True) as folder:
        world = World(Path(folder))
        found = summary(measure(world, switches=QUICK_SWITCHES if arguments.quick else arguments.switches))
    sys.stdout.write(f"{json.dumps(found)}\n" if arguments.json else page(found))
    if arguments.write:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(page(found))


if __name__ == "__main__":
    main()
