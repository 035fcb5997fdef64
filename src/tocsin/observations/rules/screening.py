"""What intake lets through: rows of known services whose clock can be right. Good rows never suffer for bad ones."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import format_moment
from tocsin.observations.rules.columns import select
from tocsin.observations.rules.model import ANY, Transactions

LATEST: Final = timedelta(minutes=30)
"""What is older can serve no decision any more (it left the window of the rules): a clock far off, or a backlog."""

EARLIEST: Final = timedelta(minutes=2)
"""So far ahead a sender's clock may run; more would be evidence from the future."""

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Screened:
    """The good rows, and how many were refused (or kept with a remark), by code, each with words that name them."""

    transactions: Transactions
    refused: Mapping[str, int] = field(default_factory=dict)
    remarks: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def refused_count(self) -> int:
        """How many transactions were refused."""
        return sum(self.refused.values())


def screened(transactions: Transactions, *, pack: Pack, now: datetime) -> Screened:
    """Return what of the batch can be used at `now`.

    Unknown services and impossible times are refused; an unknown package or region is kept as "not known" (`*`).
    """
    words: dict[str, str] = {}
    is_known = _is_known(transactions.service, transactions.services, pack.services)
    if not is_known.all():
        words["unknown_service"] = _named("service", transactions.service[~is_known], transactions.services)
    is_late, is_early = (_beyond(transactions.time_us, now, bound) for bound in (-LATEST, EARLIEST))
    for code, is_off in (("too_old", is_late), ("too_new", is_early)):
        if is_off.any():
            words[code] = _clock_words(transactions.time_us[is_off], now)
    reasons = (("unknown_service", ~is_known), ("too_old", is_known & is_late), ("too_new", is_known & is_early))
    refused = {code: int(transactions.count[mask].sum()) for code, mask in reasons if mask.any()}
    kept = select(transactions, is_known & ~is_late & ~is_early)
    return _with_known_callers(kept, pack=pack, refused=refused, words=words)


def _with_known_callers(
    kept: Transactions, *, pack: Pack, refused: Mapping[str, int], words: dict[str, str]
) -> Screened:
    remarks: dict[str, int] = {}
    for code, column, names, known in (
        ("unknown_package", kept.package, kept.packages, pack.packages),
        ("unknown_region", kept.region, kept.regions, pack.regions),
    ):
        is_unknown = ~_is_known(column, names, {*known, ANY})
        if is_unknown.any():
            remarks[code] = int(kept.count[is_unknown].sum())
            words[code] = _named(code.removeprefix("unknown_"), column[is_unknown], names)
    packages, regions = _or_any(kept.packages, pack.packages), _or_any(kept.regions, pack.regions)
    package, packages = _compact(kept.package, packages)
    region, regions = _compact(kept.region, regions)
    kept = replace(kept, package=package, packages=packages, region=region, regions=regions)
    return Screened(transactions=kept, refused=refused, remarks=remarks, words=words)


def _is_known(codes: NDArray[np.int16], names: tuple[str, ...], known: Collection[str]) -> NDArray[np.bool_]:
    table = np.array([name in known for name in names], np.bool_)
    return table[codes] if names else np.zeros(codes.shape, np.bool_)


def _or_any(names: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    return tuple(name if name in known else ANY for name in names)


def _compact(codes: NDArray[np.int16], names: tuple[str, ...]) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    distinct = tuple(dict.fromkeys(names))
    if len(distinct) == len(names):
        return codes, names
    table = np.array([distinct.index(name) for name in names], np.int16)
    return table[codes], distinct


def _beyond(time_us: NDArray[np.int64], now: datetime, bound: timedelta) -> NDArray[np.bool_]:
    edge_us = round((now + bound).timestamp() * 1_000_000)
    return time_us < edge_us if bound < timedelta(0) else time_us > edge_us


def _named(what: str, codes: NDArray[np.int16], names: tuple[str, ...]) -> str:
    found = [names[code] for code in dict.fromkeys(codes.tolist())]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"unknown {what}: {', '.join(name[:60] for name in found[:_NAMED])}{more}"


def _clock_words(time_us: NDArray[np.int64], now: datetime) -> str:
    worst_us = int(time_us[np.abs(time_us - round(now.timestamp() * 1_000_000)).argmax()])
    off_s = worst_us / 1_000_000 - now.timestamp()
    direction = "ahead of" if off_s > 0 else "behind"
    return f"a clock far off: up to {abs(off_s):,.0f} s {direction} ours, which says {format_moment(now)}"
