"""Public false alarms in three simulated quiet years.

    python bench/quiet_years.py [--every SECONDS] [--scale S] [--budget MINUTES] [--parts N] [--json] [--write FILE]

The product's own engine (every rule, from judgement to published bulletin, automation unlocked) runs over each day at
a coarse tick. Windows and rules are the live ones; only the moments of looking are fewer. Wherever a coarse tick sees
anything but quiet (a verdict that is not good, an incident), the time since the coarse tick before is run again at
every ten seconds, and so on until all has been quiet for ten minutes. Days come in an order that visits all kinds of
days evenly, so that a run that its budget cuts short is a fair sample; the page says how many were run.
"""

import argparse
import copy
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.fault_scenarios import load_belgium  # noqa: E402  this folder is no package
from bench.quiet_calendar import LEAD_MIN, LEVEL_STEPS, STRIKES, days, holidays, plan_of_day  # noqa: E402  as above

from tocsin.detection.rules.model import State  # noqa: E402  as above
from tocsin.engine.ports import Outcome  # noqa: E402  as above
from tocsin.engine.tick import Federation, tick  # noqa: E402  as above
from tocsin.plugins.sources.recording.model import Recording  # noqa: E402  as above
from tocsin.rehearsal.services import write_history, write_scenario  # noqa: E402  as above
from tocsin.runtime.replay import Memory, RecordedEvidence, federation_for, read_recording  # noqa: E402  as above

YEARS = 3
FINE = timedelta(seconds=10)
CALM_FOR = timedelta(minutes=10)
STRIDE = 401
"""Coprime to the number of days: visits them in an order in which any beginning is spread over all three years."""
PARTS = 2


@dataclass(slots=True)
class Day:
    """What was said on one day: incidents opened, bulletins published, and how many ticks were run."""

    day: str
    incidents: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)
    coarse: int = 0
    fine: int = 0
    transactions: int = 0
    wall_s: float = 0.0


@cache
def _past(year: int, month: int, volume_scale: float) -> tuple[Path, Federation]:
    """Return the four weeks before a month, and the federation with what was learnt from them."""
    plan = plan_of_day(date(year, month, 1), volume_scale=volume_scale)
    folder = Path(tempfile.mkdtemp(prefix="tocsin-quiet-"))
    path = folder / "history.parquet"
    write_history(path, plan, load_belgium())
    write_scenario(folder / "first", plan, load_belgium(), history=path)
    return path, federation_for(read_recording(folder / "first"))


def run_day(day: date, volume_scale: float, every_s: int) -> Day:
    """Simulate a day and run the engine over it."""
    began_s = time.perf_counter()
    path, federation = _past(day.year, day.month, volume_scale)
    plan = plan_of_day(day, volume_scale=volume_scale)
    with tempfile.TemporaryDirectory(prefix="tocsin-quiet-") as place:
        folder = Path(place) / "day"
        write_scenario(folder, plan, load_belgium(), history=path)
        # What the past taught is known already: reading two million rows again would take longer than the day.
        (folder / "history" / "part-0.parquet").unlink()
        recording = read_recording(folder)
    found = Day(plan.id, transactions=int(recording.transactions.count.sum()))
    _watch(found, recording, federation, timedelta(seconds=every_s))
    found.wall_s = round(time.perf_counter() - began_s, 1)
    return found


def _watch(found: Day, recording: Recording, federation: Federation, every: timedelta) -> None:
    """Tick coarsely; where it is not quiet, go back to the tick before and look every ten seconds until it is."""
    memory = Memory()
    source = RecordedEvidence(recording, memory)
    at = recording.start + timedelta(minutes=LEAD_MIN - 5)
    calm_since = at - CALM_FOR
    before = copy.copy(vars(memory))
    while at < recording.end:
        outcome = _tick(source, memory, federation, at)
        is_fine = at - calm_since < CALM_FOR
        found.fine, found.coarse = found.fine + is_fine, found.coarse + (not is_fine)
        if not _is_quiet(outcome, memory):
            if not is_fine:
                vars(memory).update(before)
                calm_since, at = at, at - every + FINE
                continue
            calm_since = at
        _note(found, outcome)
        before = copy.copy(vars(memory))
        at += FINE if at - calm_since < CALM_FOR else every


def _tick(source: RecordedEvidence, memory: Memory, federation: Federation, at: datetime) -> Outcome:
    outcome = tick(source.situation(at), federation=federation, now=at)
    memory.save(outcome)
    return outcome


def _is_quiet(outcome: Outcome, memory: Memory) -> bool:
    is_bad = any(verdict.state in {State.DEGRADED, State.DOWN} for verdict in outcome.judgement.verdicts.values())
    return not (is_bad or outcome.events or any(incident.is_open for incident in memory.incidents))


def _note(found: Day, outcome: Outcome) -> None:
    for event in outcome.events:
        if event.kind == "opened":
            functions = ",".join(event.incident.functions)
            found.incidents.append(f"{outcome.at:%H:%M:%S} {functions} minor={event.incident.is_minor}")
    found.public += [f"{outcome.at:%H:%M:%S} {each.incident} {','.join(each.functions)}" for each in outcome.published]


def in_order() -> Iterator[date]:
    """Yield all days, each beginning of the sequence spread over all seasons and weekdays; the unusual ones first."""
    every = list(days(YEARS))
    unusual = [day for day in every if _is_unusual(day)]
    yield from unusual
    yield from (day for number in range(len(every)) if (day := every[number * STRIDE % len(every)]) not in unusual)


def _is_unusual(day: date) -> bool:
    plan = plan_of_day(day, volume_scale=1.0)
    is_clock_change = day.month in {3, 10} and day.day > 24 and day.weekday() == 6  # noqa: PLR2004  # last Sunday
    is_step = day in STRIKES or day in dict(LEVEL_STEPS)
    return bool(day in holidays() or plan.floods or plan.liar or is_clock_change or is_step)


def run_all(*, volume_scale: float, every_s: int, budget_min: float, parts: int) -> list[Day]:
    """Run days in order until all are run or the budget is spent."""
    ends_s = time.monotonic() + budget_min * 60.0
    found: list[Day] = []
    waiting = in_order()
    with ProcessPoolExecutor(parts) as pool:
        running = {
            pool.submit(run_day, day, volume_scale, every_s) for day, _ in zip(waiting, range(parts), strict=False)
        }
        while running:
            done = next(as_completed(running))
            running.remove(done)
            found.append(done.result())
            following = next(waiting, None)
            if following is not None and time.monotonic() < ends_s:
                running.add(pool.submit(run_day, following, volume_scale, every_s))
            sys.stderr.write(f"{len(found)} {found[-1]}\n")
    return sorted(found, key=lambda day: day.day)


def summary(found: Sequence[Day], *, volume_scale: float, every_s: int) -> dict[str, object]:
    """Return the figures: rates a year with an upper 95 % limit (Poisson)."""
    years = len(found) / 365.25
    # What is opened in the morning and told again at noon is one alarm: count incidents that the public heard of.
    public = sum(len({line.split(" ")[1] for line in day.public}) for day in found)
    incidents = sum(len(day.incidents) for day in found)
    return {
        "days": len(found),
        "of_days": len(list(days(YEARS))),
        "years": round(years, 3),
        "public_false_alarms": public,
        "public_a_year": round(public / years, 3),
        "public_a_year_at_most": round(upper_limit(public) / years, 3),
        "incidents_opened": incidents,
        "incidents_a_year": round(incidents / years, 2),
        "coarse_ticks": sum(day.coarse for day in found),
        "fine_ticks": sum(day.fine for day in found),
        "transactions": sum(day.transactions for day in found),
        "volume_scale": volume_scale,
        "every_s": every_s,
        "cases": [asdict(day) for day in found if day.incidents or day.public],
    }


def upper_limit(count: int) -> float:
    """Return the upper 95 % limit (one-sided) of a Poisson mean, given a count, by bisection."""
    low, high = float(count), 4.0 * count + 10.0
    for _ in range(60):
        middle = (low + high) / 2.0
        below = sum(math.exp(-middle + k * math.log(middle) - math.lgamma(k + 1)) for k in range(count + 1))
        low, high = (middle, high) if below > 0.05 else (low, middle)  # noqa: PLR2004  # 95 %
    return low


PAGE = """\
# Quiet years

Written by `python bench/quiet_years.py --write FILE`. Three simulated years (2021–2023) in which nothing breaks:
public holidays, bridge days, summers, strikes, waves of flu, pauses and rushes, both clock changes of each year, steps
of the level, floods of untrue reports, a partner who says "down" and is not. Every rule of the product ran, from
judgement to publication, with automation unlocked.

**What was run**: {days} of {of_days} days ({years} years), all holidays, strikes, clock changes, steps, floods and
false notices first, the others in an order that spreads any beginning over all three years; {transactions}
transactions (volume scale {volume_scale}). The engine looked every {every_s} s ({coarse_ticks} ticks), and every 10 s
wherever a verdict was not good or an incident open, from the coarse tick before until ten minutes after ({fine_ticks}
ticks). **What was not**: ticks every 10 s in between; an alarm that comes up and is gone again between two coarse
ticks would be missed.

| | counted | a year | at most (95 %) |
|---|---|---|---|
| public false alarms | {public_false_alarms} | {public_a_year} | {public_a_year_at_most} |
| incidents opened (internal) | {incidents_opened} | {incidents_a_year} | |

Machine: {machine}.

## Every case

{listed}
"""


def page(told: dict[str, object]) -> str:
    """Return the results page."""
    cases = told["cases"]
    assert isinstance(cases, list)
    listed = [f"- {case['day']}: opened {case['incidents']}; told {case['public']}" for case in cases] or ["None."]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return PAGE.format(**told, machine=machine, listed="\n".join(listed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=300, help="seconds between coarse ticks")
    parser.add_argument("--scale", type=float, default=0.01, help="share of the national volume")
    parser.add_argument("--budget", type=float, default=60.0, help="minutes after which no further day is begun")
    parser.add_argument("--parts", type=int, default=PARTS, help="processes")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--write", type=Path, help="write the results page here")
    given = parser.parse_args()
    found = run_all(volume_scale=given.scale, every_s=given.every, budget_min=given.budget, parts=given.parts)
    told = summary(found, volume_scale=given.scale, every_s=given.every)
    sys.stdout.write(json.dumps(told) + "\n" if given.json else page(told))
    if given.write:
        given.write.write_text(page(told))


if __name__ == "__main__":
    main()
