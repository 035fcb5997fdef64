"""Parses the JSON lines of a recording: probes, reports, notices, changes. A line that makes no sense is counted."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast, get_args

from tocsin.changes.rules import ChangeEvent, ChangeKind
from tocsin.kernel.clock import parse_moment
from tocsin.observations.rules.model import Notice, NoticeState, ProbeResult, Report

type Parser[T] = Callable[[Mapping[str, Any]], T]

_NOTICE_STATES = frozenset(get_args(NoticeState.__value__))
_CHANGE_KINDS = frozenset(get_args(ChangeKind.__value__))


def parsed[T](content: bytes, parse: Parser[T]) -> tuple[tuple[T, ...], int]:
    """Return what the lines say, sorted by time (lines of one moment as they stand), and how many made no sense."""
    good: list[T] = []
    bad = 0
    for line in content.splitlines():
        if not line.strip():
            continue
        try:
            good.append(parse(_object(line)))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            bad += 1
    good.sort(key=lambda item: cast("Any", item).at)
    return tuple(good), bad


def probe(line: Mapping[str, Any]) -> ProbeResult:
    """Read one probe result; raises `ValueError`, `TypeError` or `KeyError` when it is none."""
    duration_ms = float(line["duration_ms"])
    if not math.isfinite(duration_ms) or duration_ms < 0:
        raise ValueError("duration_ms is no duration")
    return ProbeResult(
        at=_at(line),
        probe=_text(line, "probe"),
        service=_text(line, "service"),
        function=_text_or_none(line, "function"),
        is_ok=_claim(line, "ok"),
        duration_ms=duration_ms,
        detail=str(line.get("detail") or ""),
    )


def report(line: Mapping[str, Any]) -> Report:
    """Read one panel report; raises `ValueError`, `TypeError` or `KeyError` when it is none."""
    return Report(
        at=_at(line),
        member=_text(line, "member"),
        audience=_text(line, "audience"),
        package=_text(line, "package"),
        region=_text(line, "region"),
        function=_text(line, "function"),
        works=_claim(line, "works"),
        text=str(line.get("text") or ""),
        practice=str(line.get("practice") or ""),
        sender=str(line.get("sender") or ""),
    )


def notice(line: Mapping[str, Any]) -> Notice:
    """Read one partner's statement; raises `ValueError`, `TypeError` or `KeyError` when it is none."""
    until = line.get("until")
    return Notice(
        at=_at(line),
        partner=_text(line, "partner"),
        services=_texts(line, "services"),
        state=cast("NoticeState", _one_of(line, "state", _NOTICE_STATES)),
        text=str(line.get("text") or ""),
        until=parse_moment(until) if until is not None else None,
    )


def change(line: Mapping[str, Any]) -> ChangeEvent:
    """Read one change event; raises `ValueError`, `TypeError` or `KeyError` when it is none."""
    return ChangeEvent(
        at=_at(line),
        kind=cast("ChangeKind", _one_of(line, "kind", _CHANGE_KINDS)),
        change=_text_or_none(line, "change"),
        services=_texts(line, "services"),
        summary=str(line.get("summary") or ""),
        running=_text_or_none(line, "running"),
        persisted=_text_or_none(line, "persisted"),
        approved=_text_or_none(line, "approved"),
    )


def _object(line: bytes) -> Mapping[str, Any]:
    value = json.loads(line.decode("utf-8"))
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _at(line: Mapping[str, Any]) -> datetime:
    return parse_moment(line["time"])


def _text(line: Mapping[str, Any], key: str) -> str:
    value = line[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} is no text")
    return value


def _text_or_none(line: Mapping[str, Any], key: str) -> str | None:
    return None if line.get(key) is None else _text(line, key)


def _texts(line: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = line[key]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise TypeError(f"{key} is no list of texts")
    return tuple(value)


def _claim(line: Mapping[str, Any], key: str) -> bool:
    value = line[key]
    if not isinstance(value, bool):
        raise TypeError(f"{key} is neither true nor false")
    return value


def _one_of(line: Mapping[str, Any], key: str, allowed: frozenset[str]) -> str:
    value = _text(line, key)
    if value not in allowed:
        raise ValueError(f"{key} is none of those known")
    return value
