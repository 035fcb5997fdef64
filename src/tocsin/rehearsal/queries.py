"""Reads what rehearsals are made of: a pack's demand file, and catalogues of scenarios."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import parse_moment
from tocsin.kernel.errors import ConfigurationError
from tocsin.rehearsal.rules.demand import Swing
from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Flood, Intervention, Plan
from tocsin.rehearsal.rules.world import World, build_world

HERE = Path(__file__).parent
CATALOGUE = HERE / "catalogue.toml"


def load_world(pack: Pack) -> World:
    """Return the simulated federation of a pack; raises `ConfigurationError` when nobody described its demand."""
    path = HERE / f"{pack.id}.toml"
    if not path.is_file():
        raise ConfigurationError(
            "rehearsal.demand",
            f"how much is called in {pack.id!r} is not described.",
            where=str(path),
            hint="Rehearse with the shipped pack `belgium`.",
        )
    return build_world(pack, tomllib.loads(path.read_text(encoding="utf-8")))


def load_catalogue(path: Path = CATALOGUE) -> dict[str, dict[str, Any]]:
    """Return the scenarios that a catalogue describes, by name; raises `ConfigurationError` when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "rehearsal.catalogue", f"the catalogue cannot be read: {error}", where=str(path), hint="Mend the file."
        ) from error


def plan_of(name: str, described: Mapping[str, Any], *, seed: int) -> Plan:
    """Return the plan of one described scenario; raises `ConfigurationError` when it makes no sense."""
    try:
        return _plan(name, described, seed)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            "rehearsal.plan", f"the scenario {name!r} makes no sense: {error}", where=name, hint="Mend the catalogue."
        ) from error


def _plan(name: str, described: Mapping[str, Any], seed: int) -> Plan:
    given = dict(described)
    lists: dict[str, tuple[str, type[Any]]] = {
        "fault": ("faults", Fault),
        "swing": ("swings", Swing),
        "flood": ("floods", Flood),
        "intervention": ("interventions", Intervention),
    }
    parts = {
        target: tuple(_build(kind, each) for each in given.pop(source, ())) for source, (target, kind) in lists.items()
    }
    holidays = frozenset(date.fromisoformat(str(each)) for each in given.pop("holidays", ()))
    start = given.pop("start")
    moment = parse_moment(start.isoformat() if isinstance(start, datetime) else str(start))
    return _build(Plan, given | parts | {"id": name, "seed": seed, "start": moment, "holidays": holidays})  # type: ignore[no-any-return]  # Plan


def _build(kind: type[Any], given: Mapping[str, Any]) -> Any:
    """Build a part; times are given in minutes (`start_min`) or seconds (`start_s`)."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        name, scale = (key.removesuffix("_min") + "_s", 60.0) if key.endswith("_min") else (key, 1.0)
        values[name] = tuple(value) if isinstance(value, list) else value * scale if scale != 1.0 else value
    unknown = set(values) - {field.name for field in fields(kind)}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return kind(**values)
