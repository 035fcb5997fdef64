"""Replays recorded scenarios and scores what Tocsin said against what was really wrong.

    python bench/scenarios.py [FOLDER] [--json] [--write]

FOLDER holds scenario folders (default: the ones beside the project; without them, the one that is shipped). Each is
replayed with every eye and again without the client eye. Only this scorer and the tests ever read `truth.json`.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.kernel.clock import parse_moment
from tocsin.observations.rules.model import Eye
from tocsin.runtime.replay import federation_for, play, read_recording
from tocsin.runtime.replay_lines import lines

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ROOT.parent / "shared" / "scenarios"
SHIPPED = ROOT / "demo"
RESULTS = ROOT / "bench" / "results" / "scenarios.md"

OPENED_WITHIN_S = 300
TOLD_WITHIN_S = 60
CLOSED_WITHIN_S = 900
AMONG_FIRST = 3


@dataclass(frozen=True, slots=True)
class Score:
    """How one outage (or quiet time) was dealt with; seconds count from the truth, None where it did not happen."""

    scenario: str
    eyes: str
    other_incidents: int
    times_real_time: float
    outage: str | None = None
    cause: str | None = None
    opened_s: float | None = None
    rank_at_opening: int | None = None
    rank_at_end: int | None = None
    first_ranked_s: float | None = None
    told_after_opening_s: float | None = None
    closed_s: float | None = None
    hit_since_error_s: float | None = None
    functions_precision: float | None = None
    functions_recall: float | None = None
    change_named: bool | None = None
    updates: int = 0
    messages: int = 0

    @property
    def _told_late(self) -> str:
        if self.told_after_opening_s is None:
            return "never told"
        return (
            f"first message {self.told_after_opening_s:.0f} s after opening (only one eye saw it; policy waits for a "
            "second before anything goes out by itself)"
            if self.eyes != "all"
            else f"first message {self.told_after_opening_s:.0f} s after opening"
        )

    @property
    def shortfalls(self) -> list[str]:
        """What the outage's handling falls short of."""
        if self.outage is None:
            return [f"{self.other_incidents} false alarm(s)"] if self.other_incidents else []
        if self.opened_s is None:
            return ["never opened"]
        checks = {
            f"opened after {self.opened_s:.0f} s": not 0 <= self.opened_s <= OPENED_WITHIN_S,
            f"true cause ranked {self.rank_at_opening} at opening": (self.rank_at_opening or 99) > AMONG_FIRST,
            f"true cause ranked {self.rank_at_end} at the end": (self.rank_at_end or 99) > AMONG_FIRST,
            self._told_late: self.told_after_opening_s is None or self.told_after_opening_s > TOLD_WITHIN_S,
            "closed too early, too late or never": self.closed_s is None or not 0 <= self.closed_s <= CLOSED_WITHIN_S,
            "change not named": self.change_named is False,
            f"{self.other_incidents} further incident(s)": self.other_incidents > 0,
        }
        return [text for text, is_short in checks.items() if is_short]


type Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A replay's lines, each incident's last estimate of when users were first hit, and its speed."""

    scenario: str
    eyes: str
    printed: list[Line]
    hit_since: dict[str, datetime]
    times_real_time: float

    def of(self, incident: str | None) -> list[Line]:
        """Return the lines of one incident."""
        return [line for line in self.printed if incident is not None and line["incident"] == incident]


def run(folder: Path, *, without: Sequence[Eye] = ()) -> Run:
    """Replay a scenario, timing all of it, reading included."""
    began_s = time.perf_counter()
    recording = read_recording(folder, without=without)
    federation = federation_for(recording)
    printed: list[dict[str, Any]] = []
    hit_since: dict[str, datetime] = {}
    for step in play(recording, federation):
        printed.extend(lines(step))
        hit_since.update({incident.id: incident.hit_since for incident in step.incidents})
    wall_s = time.perf_counter() - began_s
    eyes = "all" if not without else "without " + ", ".join(eye.value for eye in without)
    speed = (recording.end - recording.start).total_seconds() / wall_s
    return Run(folder.name, eyes, printed, hit_since, round(speed))


def scores(folder: Path, *, without: Sequence[Eye] = ()) -> list[Score]:
    """Return a score for each true outage of the scenario, or one for a quiet time."""
    replayed = run(folder, without=without)
    truth = json.loads((folder / "truth.json").read_text())["incidents"]
    found = list(dict.fromkeys(line["incident"] for line in replayed.printed if line["incident"] is not None))
    claimed: dict[str, str] = {}
    for outage in truth:
        best = _best(outage, [name for name in found if name not in claimed.values()], replayed)
        if best is not None:
            claimed[outage["id"]] = best
    others = len(found) - len(claimed)
    if not truth:
        return [Score(folder.name, replayed.eyes, others, replayed.times_real_time)]
    return [_score(outage, claimed.get(outage["id"]), replayed, others=others) for outage in truth]


def _best(outage: Line, names: Sequence[str], replayed: Run) -> str | None:
    start, end = parse_moment(outage["start"]), parse_moment(outage["end"])
    fitting = {}
    for name in names:
        mine = replayed.of(name)
        if start - timedelta(minutes=5) <= parse_moment(mine[0]["at"]) <= end:
            overlap = len(set(outage["functions"]) & set(mine[-1]["functions"]))
            fitting[name] = (-(_rank(outage["cause"], mine[-1]) or 99), overlap)
    return max(fitting, key=lambda name: fitting[name]) if fitting else None


def _rank(cause: str, line: Line) -> int | None:
    ids = [suspect["id"] for suspect in line["suspects"]]
    return ids.index(cause) + 1 if cause in ids else None


def _score(outage: Line, name: str | None, replayed: Run, *, others: int) -> Score:
    mine = replayed.of(name)
    start, end = parse_moment(outage["start"]), parse_moment(outage["end"])
    opened = next((line for line in mine if line["event"] == "incident_opened"), None)
    told = next((line for line in mine if line["event"] == "bulletin_published"), None)
    closed = [line for line in mine if line["event"] == "incident_closed"]
    open_lines = [line for line in mine if line["event"] != "incident_closed"]
    listed = {function for line in open_lines[-1:] for function in line["functions"]}
    true = set(outage["functions"])
    first = next((line for line in mine if _rank(outage["cause"], line) == 1), None)
    return Score(
        scenario=replayed.scenario,
        eyes=replayed.eyes,
        outage=outage["id"],
        cause=outage["cause"],
        opened_s=_after(opened, start),
        rank_at_opening=_rank(outage["cause"], opened) if opened else None,
        rank_at_end=_rank(outage["cause"], open_lines[-1]) if open_lines else None,
        first_ranked_s=_after(first, start),
        told_after_opening_s=_after(told, parse_moment(opened["at"])) if opened else None,
        closed_s=_after(closed[0], end) if closed else None,
        hit_since_error_s=(replayed.hit_since[name] - start).total_seconds() if name is not None else None,
        functions_precision=round(len(listed & true) / len(listed), 2) if listed else None,
        functions_recall=round(len(listed & true) / len(true), 2) if opened else None,
        change_named=None if not outage["change"] else any(line["change"] == outage["change"] for line in mine),
        updates=sum(line["event"] == "incident_updated" for line in mine),
        messages=sum(line["event"] == "bulletin_published" for line in mine),
        other_incidents=others,
        times_real_time=replayed.times_real_time,
    )


def _after(line: Line | None, moment: datetime) -> float | None:
    return None if line is None else (parse_moment(line["at"]) - moment).total_seconds()


CAVEAT = """\
Written by `python bench/scenarios.py --write`. The scenarios are scripted reconstructions made by a simulator, not
recordings of the real platform; what a set that was looked at while building shows is an upper bound."""

COLUMNS = {
    "scenario": "scenario",
    "eyes": "eyes",
    "cause": "true cause",
    "opened_s": "opened after (s)",
    "rank_at_opening": "rank of the cause at opening",
    "rank_at_end": "… at the end",
    "told_after_opening_s": "first message after opening (s)",
    "closed_s": "closed after the end (s)",
    "hit_since_error_s": "error of “since” (s)",
    "functions_precision": "functions: precision",
    "functions_recall": "recall",
    "updates": "updates",
    "messages": "messages",
    "other_incidents": "other incidents",
    "times_real_time": "× real time",
}


def table(rows: Iterable[Score]) -> str:
    """Return the scores as a Markdown table."""
    head = [f"| {' | '.join(COLUMNS.values())} |", f"|{'---|' * len(COLUMNS)}"]
    body = [f"| {' | '.join(_cell(asdict(row)[column]) for column in COLUMNS)} |" for row in rows]
    return "\n".join([*head, *body])


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def page(rows: Sequence[Score]) -> str:
    """Return the results page: the machine, medians with their worst, the table, what falls short."""
    outages = [row for row in rows if row.outage is not None]
    short = [f"- {row.scenario} ({row.eyes}): {'; '.join(row.shortfalls)}" for row in rows if row.shortfalls]
    figures = [
        _figure("opened after the true start", [row.opened_s for row in outages], "s"),
        _figure("first message after opening", [row.told_after_opening_s for row in outages], "s"),
        _figure("closed after the true end", [row.closed_s for row in outages], "s"),
        _figure("speed", [row.times_real_time for row in rows], "× real time"),
    ]
    return "\n".join(
        [
            "# Replay of the recorded scenarios",
            "",
            CAVEAT,
            "",
            f"Machine: {platform.system()} {platform.machine()}, Python {platform.python_version()}, one core used.",
            "",
            *figures,
            "",
            table(rows),
            "",
            "## What falls short",
            "",
            *(short or ["Nothing of what these scenarios are scored on."]),
            "",
        ]
    )


def _figure(name: str, values: Sequence[float | None], unit: str) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return f"- {name}: never"
    return f"- {name}: median {statistics.median(known):g} {unit}, from {min(known):g} to {max(known):g} ({len(known)})"


def folders(given: Path | None) -> list[Path]:
    """Return the scenario folders to run, saying where they come from."""
    place = given or (BESIDE if BESIDE.is_dir() else SHIPPED)
    if given is None and place is SHIPPED:
        sys.stderr.write(f"no scenarios beside the project ({BESIDE.name}/ is absent): using the shipped one\n")
    found = sorted(path.parent for path in place.glob("*/scenario.toml")) if place.is_dir() else []
    if not found:
        sys.exit(f"no scenario folder in {place}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    arguments = parser.parse_args()
    rows = []
    for folder in folders(arguments.folder):
        for without in ((), (Eye.CLIENT,)):
            rows += (found := scores(folder, without=without))
            for row in found:
                if arguments.json:
                    sys.stdout.write(json.dumps(asdict(row) | {"shortfalls": row.shortfalls}) + "\n")
    if not arguments.json:
        sys.stdout.write(page(rows))
    if arguments.write:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(page(rows))


if __name__ == "__main__":
    main()
