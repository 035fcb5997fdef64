"""Google's multi-window burn-rate rules in a real Prometheus with Alertmanager, on the very data that Tocsin sees.

    python bench/prometheus.py [FOLDER …] [--json] [--write] [--alone] [--kept FILE]

FOLDER holds scenario folders (default: the recorded ones beside the project). Needs Debian's `prometheus` and
`prometheus-alertmanager`; both run on this machine alone, for as long as a scenario takes. `--alone` leaves Tocsin out;
`--kept` takes the rules' lines from what an earlier run printed with `--json`: nothing in Tocsin changes them.

The rules get every advantage that operators could give them: counters of both vantages read every 15 seconds, an alert
only from a hundred calls on, all alerts in one group. Counted three times: failed as official availability has it, for
each service against the strictest objective that its own four weeks before kept; the same against the 99.9 % that the
professions asked for; and everything that is not `ok`, against what was kept.

A page is an alert of the one-hour or six-hour pair; the three-day pair makes tickets. A fault is found by a page that
begins between its true start and its true end. An episode (any page on) that begins neither within a fault nor in the
hour after it, which is the windows' own echo, is a false alarm.
"""

import argparse
import json
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.burn_rate_servers import (  # noqa: E402  this folder is no package
    INDICATORS,
    PAGES,
    TICKET,
    Firing,
    Sent,
    alertmanager,
    counters,
    firing,
    notifications,
    prometheus,
)
from bench.scenarios import BESIDE, scores  # noqa: E402  the same

from tocsin.kernel.clock import parse_moment  # noqa: E402  the same
from tocsin.observations.rules.rollup import roll_up  # noqa: E402  the same
from tocsin.runtime.replay import read_recording  # noqa: E402  the same

RESULTS = ROOT / "bench" / "results" / "prometheus.md"
ECHO = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Found:
    """How one fault (or quiet time) was seen by one set of rules; seconds from the truth, None where never."""

    scenario: str
    rules: str
    fault: str | None
    first_s: float | None
    ended_s: float | None
    alerts: int
    messages: int
    false_alarms: int
    ticket_s: float | None = None


def alerts_of(folder: Path, received: list[Sent], manager: str) -> list[Found]:
    """Let Prometheus evaluate the rules over one scenario, and Alertmanager send what fires."""
    recording = read_recording(folder)
    given = counters(recording.history, roll_up(recording.transactions), start=recording.start, end=recording.end)
    faults = _faults(folder)
    found = []
    with tempfile.TemporaryDirectory() as place, prometheus(given, Path(place) / "prometheus") as address:
        for indicator in INDICATORS:
            pages = firing(address, PAGES, indicator, start=recording.start, end=recording.end)
            tickets = firing(address, TICKET, indicator, start=recording.start, end=recording.end)
            sent = notifications(manager, pages, received)
            found += _scored(folder.name, indicator, pages, tickets, sent=sent, faults=faults)
    return found


def _faults(folder: Path) -> list[dict[str, Any]]:
    # An eye that goes blind hits no user: an alarm then would be a false one, and silence is right.
    told = json.loads((folder / "truth.json").read_text())["incidents"]
    return [each for each in told if each["kind"] != "monitoring"]


def _scored(
    scenario: str, rules: str, pages: Firing, tickets: Firing, *, sent: int, faults: Sequence[dict[str, Any]]
) -> list[Found]:
    spans = [(parse_moment(each["start"]).timestamp(), parse_moment(each["end"]).timestamp()) for each in faults]
    late = [(begin, end + ECHO.total_seconds()) for begin, end in spans]
    wrong = sum(not any(begin <= on <= end for begin, end in late) for on, _ in episodes(pages))
    if not faults:
        return [Found(scenario, rules, None, None, None, len(pages), sent, wrong)]
    return [
        Found(
            scenario=scenario,
            rules=rules,
            fault=fault["id"],
            first_s=_first(pages, begin, end),
            ended_s=_ended(pages, begin, end) if _first(pages, begin, end) is not None else None,
            alerts=_begun(pages, begin, end),
            messages=sent,
            false_alarms=wrong if number == 0 else 0,
            ticket_s=_first(tickets, begin, end),
        )
        for number, (fault, (begin, end)) in enumerate(zip(faults, spans, strict=True))
    ]


def episodes(alerts: Firing) -> list[tuple[float, float]]:
    """Return the times at which any alert was on, overlapping ones joined."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(span for spans in alerts.values() for span in spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _first(alerts: Firing, begin: float, end: float) -> float | None:
    on = [start for spans in alerts.values() for start, _ in spans if begin <= start <= end]
    return min(on) - begin if on else None


def _begun(alerts: Firing, begin: float, end: float) -> int:
    return sum(begin <= start <= end for spans in alerts.values() for start, _ in spans)


def _ended(alerts: Firing, begin: float, end: float) -> float | None:
    offs = [off for on, off in episodes(alerts) if on <= end and off > begin]
    return max(offs) - end if offs else None


def ours(folder: Path) -> list[Found]:
    """Return Tocsin's figures in the same shape: incidents are its alerts, published bulletins its messages."""
    told = {each["id"] for each in _faults(folder)}
    rows = scores(folder)
    if not told:
        others = sum(row.opened_s is not None for row in rows) + rows[0].other_incidents
        return [Found(folder.name, "Tocsin", None, None, None, others, sum(row.messages for row in rows), others)]
    return [
        Found(
            scenario=row.scenario,
            rules="Tocsin",
            fault=row.outage,
            first_s=row.opened_s,
            ended_s=row.closed_s,
            alerts=int(row.opened_s is not None),
            messages=row.messages,
            false_alarms=row.other_incidents if number == 0 else 0,
        )
        for number, row in enumerate(rows)
        if row.outage in told
    ]


def page(rows: Sequence[Found]) -> str:
    """Return the results page: medians, then each fault."""
    head = "| scenario | fault | rules | first after (s) | over after the end (s) | alerts | messages | false alarms |"
    lines = [
        f"| {row.scenario} | {row.fault or '–'} | {_name(row.rules)} | {_cell(row.first_s)} | {_cell(row.ended_s)} | "
        f"{row.alerts} | {row.messages} | {row.false_alarms} |"
        for row in rows
    ]
    return "\n".join(
        [
            "# Beside multi-window burn-rate rules in Prometheus",
            "",
            "Written by `python bench/prometheus.py --write`; how it is counted stands at the head of that script.",
            "Messages: what Alertmanager sent (Tocsin: bulletins published, one incident at a time).",
            "",
            "| rules | faults found | median to the first (s) | slowest (s) | median end (s) | false alarms | alerts |",
            "|---|---|---|---|---|---|---|",
            *(
                _summary(name, [row for row in rows if row.rules == name])
                for name in dict.fromkeys(r.rules for r in rows)
            ),
            "",
            head,
            f"|{'---|' * 8}",
            *lines,
            "",
        ]
    )


def _name(rules: str) -> str:
    return {
        "errors": "burn rate, errors and time-outs",
        "asked": "burn rate, the same at 99.9 %",
        "all": "burn rate, all that is not ok",
    }.get(rules, rules)


def _summary(rules: str, rows: Sequence[Found]) -> str:
    faults = [row for row in rows if row.fault is not None]
    first = [row.first_s if row.first_s is not None else float("inf") for row in faults]
    seen = [each for each in first if each != float("inf")]
    ends = [row.ended_s for row in faults if row.ended_s is not None]
    middle = statistics.median(first) if first else float("nan")
    return (
        f"| {_name(rules)} | {len(seen)} of {len(faults)} | {'never' if middle == float('inf') else f'{middle:.0f}'} | "
        f"{_cell(max(seen, default=None))} | {_cell(statistics.median(ends) if ends else None)} | "
        f"{sum(row.false_alarms for row in rows)} | {sum(row.alerts for row in rows)} |"
    )


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def folders(given: Sequence[Path]) -> list[Path]:
    """Return the scenario folders, or end saying that there is none."""
    found = sorted({path.parent for place in given or [BESIDE] for path in place.rglob("scenario.toml")})
    return found or sys.exit("no scenario folder found")


def _measured(given: Sequence[Path]) -> Iterator[tuple[Path, list[Found]]]:
    missing = [each for each in ("prometheus", "promtool", "prometheus-alertmanager") if shutil.which(each) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (Debian: apt-get install prometheus prometheus-alertmanager)")
    received: list[Sent] = []
    with tempfile.TemporaryDirectory() as place, alertmanager(Path(place) / "alertmanager", received) as manager:
        for folder in given:
            yield folder, alerts_of(folder, received, manager)


def _kept(path: Path | None) -> list[tuple[Path, list[Found]]]:
    found: dict[Path, list[Found]] = {}
    for line in path.read_text().splitlines() if path is not None else []:
        row = json.loads(line)
        folder = Path(row.pop("folder"))
        if row["rules"] in INDICATORS:
            found.setdefault(folder, []).append(Found(**row))
    return list(found.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--alone", action="store_true", help="without Tocsin beside it")
    parser.add_argument("--kept", type=Path, help="what an earlier run printed with --json")
    arguments = parser.parse_args()
    # A run that is stopped must stop its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows: list[Found] = []
    kept = _kept(arguments.kept)
    for folder, theirs in kept or _measured(folders(arguments.folder)):
        new = [*([] if arguments.alone else ours(folder)), *theirs]
        rows += new
        if arguments.json:
            sys.stdout.writelines(json.dumps(asdict(row) | {"folder": str(folder)}) + "\n" for row in new)
            sys.stdout.flush()
    if not arguments.json:
        sys.stdout.write(page(rows))
    if arguments.write:
        RESULTS.write_text(page(rows))


if __name__ == "__main__":
    main()
