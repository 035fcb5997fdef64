"""What was really wrong, as the scorer of the fault suite reads it: `truth.json`, and `hit.json` where there is one."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.kernel.clock import parse_moment

TEN, ONE = 0.10, 0.01
TICK = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Truth:
    """One true outage. `peak` is the largest share of a function's users that is hit, None where nobody counted."""

    id: str
    start: datetime
    end: datetime
    cause: str
    kind: str
    functions: tuple[str, ...]
    audiences: tuple[str, ...]
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    change: str | None
    peak: float | None
    reached_at: datetime

    @property
    def is_eye(self) -> bool:
        """Say whether only an eye broke: nobody is hit, and nobody should be alarmed."""
        return self.kind == "monitoring" and not self.functions

    @property
    def share(self) -> str:
        """Return the class by which targets differ."""
        if self.is_eye:
            return "eye"
        return "≥ 10 %" if self.peak is None or self.peak >= TEN else "1–10 %" if self.peak >= ONE else "< 1 %"


def truths(folder: Path) -> list[Truth]:
    """Return the true outages of a scenario."""
    given = json.loads((folder / "truth.json").read_text())["incidents"]
    hit, begins = _hit(folder), _start(folder)
    return [_truth(each, hit, begins) for each in given]


def watched(folder: Path) -> dict[str, list[datetime]]:
    """Return the ticks at which at least a tenth of a subject's users is hit, by subject; nothing where not counted."""
    begins = _start(folder)
    return {
        subject: [
            begins + timedelta(minutes=minute) + TICK * part
            for minute, share in enumerate(each["share"])
            if share >= TEN
            for part in range(1, 7)
        ]
        for subject, each in _hit(folder).items()
        if max(each["share"]) >= TEN
    }


def is_counted(folder: Path) -> bool:
    """Say whether it is known, minute by minute, how many users were hit."""
    return (folder / "hit.json").is_file()


def _hit(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "hit.json").read_text())) if is_counted(folder) else {}


def _start(folder: Path) -> datetime:
    return parse_moment(tomllib.loads((folder / "scenario.toml").read_text())["start"].isoformat())


def _truth(given: dict[str, Any], hit: dict[str, Any], begins: datetime) -> Truth:
    start, end = parse_moment(given["start"]), parse_moment(given["end"])
    by_minute = [
        share if start <= begins + timedelta(minutes=minute + 1) and begins + timedelta(minutes=minute) < end else 0.0
        for minute, share in enumerate(_worst_function(given["functions"], hit))
    ]
    peak = max(by_minute) if by_minute else None
    bar = TEN if peak is None or peak >= TEN else ONE
    passed = next((minute for minute, share in enumerate(by_minute) if share >= bar), None)
    return Truth(
        id=given["id"],
        start=start,
        end=end,
        cause=given["cause"],
        kind=given["kind"],
        functions=tuple(given["functions"]),
        audiences=tuple(given["audiences"]),
        packages=None if given["packages"] is None else tuple(given["packages"]),
        regions=None if given["regions"] is None else tuple(given["regions"]),
        change=given["change"],
        peak=peak,
        reached_at=start if passed is None else max(start, begins + timedelta(minutes=passed)),
    )


def _worst_function(functions: Sequence[str], hit: dict[str, Any]) -> list[float]:
    """Return, minute by minute, the largest share of a function's users, over all audiences, that is hit."""
    sums: dict[str, list[float]] = {}
    for subject, each in hit.items():
        function = subject.split("/", maxsplit=1)[0]
        if function in functions:
            before = sums.setdefault(function, [0.0] * len(each["share"]))
            sums[function] = [
                known + share * each["weight"] for known, share in zip(before, each["share"], strict=True)
            ]
    return [max(column) for column in zip(*sums.values(), strict=True)]
