"""Generates the scenarios of the fault suite: the rehearsal's catalogue, each with a seed of a set, kept in a cache.

Two sets: *tuning* is for whoever builds; *test* is for the final score only.
"""

import hashlib
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

from tocsin import rehearsal
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.rehearsal.queries import load_catalogue, load_world, plan_of
from tocsin.rehearsal.rules.plan import Plan
from tocsin.rehearsal.rules.variation import varied
from tocsin.rehearsal.rules.world import World
from tocsin.rehearsal.services import write_history, write_scenario

SEEDS = {"tuning": 1_000, "test": 7_000}
PARTS = 2


@cache
def load_belgium() -> World:
    """Return the simulated federation of the shipped pack."""
    return load_world(load_pack(pack_folder("belgium")))


def plans(seeds: str, only: Sequence[str] = ()) -> list[Plan]:
    """Return the plans of a set, in the catalogue's order; `only` keeps those whose name begins so."""
    described = load_catalogue()
    return [
        varied(plan_of(name, each, seed=SEEDS[seeds] + number))
        for number, (name, each) in enumerate(described.items())
        if not only or any(name.startswith(start) for start in only)
    ]


def generate(place: Path, seeds: str, only: Sequence[str] = (), *, is_fresh: bool = False) -> list[Path]:
    """Write the scenarios that are not there yet below the place; return their folders in the catalogue's order."""
    wanted = plans(seeds, only)
    folders = [place / seeds / plan.id for plan in wanted]
    if is_fresh:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    missing = [(plan, folder) for plan, folder in zip(wanted, folders, strict=True) if not _is_made(plan, folder)]
    if missing:
        with ProcessPoolExecutor(PARTS) as pool:
            pasts = {_history_of(plan, place): plan for plan, _ in missing}
            list(pool.map(_write_past, pasts.values(), pasts))
            list(
                pool.map(
                    _write, *zip(*((plan, folder, _history_of(plan, place)) for plan, folder in missing), strict=True)
                )
            )
    return folders


@cache
def _simulator() -> str:
    """Return a digest of the simulator and its data: what another one wrote is written anew."""
    place = Path(rehearsal.__file__).parent
    kept = {".py", ".toml"}
    files = sorted(path for path in place.rglob("*") if path.suffix in kept and path.name != "catalogue.toml")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _stamp(plan: Plan) -> str:
    told = (_simulator(), replace(plan, holidays=frozenset()), sorted(plan.holidays))
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _is_made(plan: Plan, folder: Path) -> bool:
    made = folder / "made-from.txt"
    return made.is_file() and made.read_text() == _stamp(plan)


def _history_of(plan: Plan, place: Path) -> Path:
    """Return the file of the four weeks before, which scenarios of one moment share."""
    told = (_simulator(), plan.start, sorted(plan.holidays), plan.volume_scale, plan.seed // 1_000)
    return place / "history" / f"{hashlib.sha256(repr(told).encode()).hexdigest()[:16]}.parquet"


def _write_past(plan: Plan, path: Path) -> None:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_history(path, plan, load_belgium())


def _write(plan: Plan, folder: Path, history: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    write_scenario(folder, plan, load_belgium(), history=history)
    (folder / "made-from.txt").write_text(_stamp(plan))
