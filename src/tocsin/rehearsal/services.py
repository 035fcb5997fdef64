"""Writes simulated scenarios as folders that `tocsin replay` reads, in the format of the recorded ones."""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.kernel.clock import format_moment
from tocsin.rehearsal.rules.exposure import hit_by_minute, members_weights
from tocsin.rehearsal.rules.past import BUCKET_S, WEEKS, past
from tocsin.rehearsal.rules.plan import Plan
from tocsin.rehearsal.rules.simulate import Scenario, simulate
from tocsin.rehearsal.rules.statements import Event, Statement
from tocsin.rehearsal.rules.truth import Outage
from tocsin.rehearsal.rules.witnesses import Check, Said
from tocsin.rehearsal.rules.world import World

VANTAGES = ("front", "client")
OUTCOMES = ("ok", "rejected", "error", "timeout")


def write_scenario(folder: Path, plan: Plan, world: World, *, history: Path | None = None) -> Scenario:
    """Simulate the plan and write its folder; returns what was simulated.

    `history` is a file of four weeks to link instead of drawing new ones, for scenarios of the same moment.
    """
    scenario = simulate(plan, world)
    (folder / "transactions").mkdir(parents=True, exist_ok=True)
    (folder / "history").mkdir(exist_ok=True)
    _write_transactions(folder / "transactions" / "part-0.parquet", scenario, world)
    place = folder / "history" / "part-0.parquet"
    place.unlink(missing_ok=True)
    if history is None:
        write_history(place, plan, world)
    else:
        os.link(history, place)
    _write_lines(folder / "probes.ndjson", map(_probe_line, scenario.checks), plan)
    _write_lines(folder / "reports.ndjson", map(_report_line, scenario.reports), plan)
    _write_lines(folder / "notices.ndjson", map(_notice_line, scenario.statements), plan)
    _write_lines(folder / "changes.ndjson", map(_change_line, scenario.events), plan)
    (folder / "scenario.toml").write_text(_meta(plan, world), encoding="utf-8")
    (folder / "truth.json").write_text(json.dumps(_truth(scenario), indent=1) + "\n", encoding="utf-8")
    (folder / "hit.json").write_text(json.dumps(_hit(plan, world)) + "\n", encoding="utf-8")
    return scenario


def _meta(plan: Plan, world: World) -> str:
    end = plan.start + timedelta(minutes=plan.minutes)
    return (
        f'id = "{plan.id}"\ntitle = "{plan.title}"\nstart = {format_moment(plan.start)}\nend = {format_moment(end)}\n'
        f'volume_scale = {plan.volume_scale}\ntimezone = "{world.pack.timezone}"\n'
    )


def _write_transactions(path: Path, scenario: Scenario, world: World) -> None:
    rows = scenario.rows
    _write_table(
        path,
        time_us=rows.time_us,
        vantage=(rows.vantage, VANTAGES),
        service=(rows.service, world.services),
        package=(rows.package, world.packages),
        region=(rows.region, world.regions),
        outcome=(rows.outcome, OUTCOMES),
        duration_ms=rows.duration_ms,
        count=np.ones(len(rows.time_us), dtype=np.uint32),
    )


def write_history(path: Path, plan: Plan, world: World) -> None:
    """Write the four weeks before the plan's start."""
    rng = np.random.default_rng([plan.seed, 77])
    sums = past(world, start=plan.start, volume_scale=plan.volume_scale, holidays=plan.holidays, rng=rng)
    first_us = int((plan.start - timedelta(weeks=WEEKS)).timestamp() * 1_000_000)
    nobody = np.zeros(len(sums.bucket), dtype=np.int64)
    _write_table(
        path,
        time_us=first_us + sums.bucket * BUCKET_S * 1_000_000,
        vantage=(sums.vantage, VANTAGES),
        service=(sums.service, world.services),
        package=(nobody, ("*",)),
        region=(nobody, ("*",)),
        outcome=(sums.outcome, OUTCOMES),
        duration_ms=sums.duration_ms,
        count=sums.count.astype(np.uint32),
    )


def _write_table(
    path: Path, *, time_us: Any, duration_ms: Any, count: Any, **coded: tuple[Any, tuple[str, ...]]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = {
        name: pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words, pa.string())).cast(
            pa.string()
        )
        for name, (codes, words) in coded.items()
    }
    table = pa.table(
        {"time": pa.array(time_us, pa.int64()).cast(pa.timestamp("us", tz="UTC"))}
        | names
        | {"duration_ms": pa.array(duration_ms, pa.float32()), "count": pa.array(count, pa.uint32())}
    )
    pq.write_table(table, path, compression="zstd")


def _write_lines(path: Path, lines: Iterable[dict[str, Any]], plan: Plan) -> None:
    def moment(line: Mapping[str, Any]) -> dict[str, Any]:
        at = line["time"]
        shown = at if isinstance(at, datetime) else plan.start + timedelta(milliseconds=round(at * 1000.0))
        return {**line, "time": format_moment(shown)}

    path.write_text("".join(json.dumps(moment(line), ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _probe_line(check: Check) -> dict[str, Any]:
    return {
        "time": check.at_s,
        "probe": check.probe.id,
        "service": check.probe.service,
        "function": check.probe.function,
        "ok": check.is_ok,
        "duration_ms": check.duration_ms,
        "detail": check.detail,
    }


def _report_line(said: Said) -> dict[str, Any]:
    return {
        "time": round(said.at_s, 1),
        "member": said.member,
        "audience": said.audience,
        "package": said.package,
        "region": said.region,
        "function": said.function,
        "works": bool(said.works),
        "text": said.text,
    }


def _notice_line(statement: Statement) -> dict[str, Any]:
    return {
        "time": statement.at,
        "partner": statement.partner,
        "services": list(statement.services),
        "state": statement.state,
        "text": statement.text,
        "until": None if statement.until is None else format_moment(statement.until),
    }


def _change_line(event: Event) -> dict[str, Any]:
    return {
        "time": event.at,
        "kind": event.kind,
        "change": event.change,
        "services": [event.service],
        "summary": event.summary,
        "running": event.running,
        "persisted": event.persisted,
        "approved": event.approved,
    }


def _truth(scenario: Scenario) -> dict[str, Any]:
    return {"incidents": [_outage(outage) for outage in scenario.outages], "quiet": not scenario.outages}


def _outage(outage: Outage) -> dict[str, Any]:
    return {
        "id": outage.id,
        "start": format_moment(outage.start),
        "end": format_moment(outage.end),
        "cause": outage.cause,
        "kind": outage.kind,
        "functions": list(outage.functions),
        "audiences": list(outage.audiences),
        "packages": None if outage.packages is None else list(outage.packages),
        "regions": None if outage.regions is None else list(outage.regions),
        "change": outage.change,
    }


def _hit(plan: Plan, world: World) -> dict[str, Any]:
    """Return the share of each function's users that unannounced faults hit, minute by minute: for scorers only.

    `weight` is the audience's part in the uses of the function.
    """
    faults = [fault for fault in plan.faults if not fault.is_announced]
    if not faults:
        return {}
    shares = hit_by_minute(world, faults=faults, minutes=plan.minutes)
    weights = {
        (demand.function, audience): float(members_weights(demand, audience, world).sum())
        for demand in world.demands
        for audience in dict.fromkeys(world.audiences)
    }
    return {
        "/".join(subject): {
            "weight": round(weights[subject], 4),
            "share": [round(float(share), 4) for share in by_minute],
        }
        for subject, by_minute in shares.items()
        if by_minute.max() > 0
    }
