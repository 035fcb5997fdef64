"""What was seen: the evidence for a tick, and what intake counted."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final, cast

import numpy as np
from django.conf import settings

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import in_brussels
from tocsin.observations.models import EyeSign, IntakeCount, NoticeRow, ProbeRow, ReportRow
from tocsin.observations.ports import TelemetryStore
from tocsin.observations.rules.model import (
    VANTAGES,
    Evidence,
    Eye,
    Notice,
    NoticeState,
    ProbeResult,
    Report,
    Rollups,
)
from tocsin.observations.rules.rollup import rows

LOOK_BACK: Final = timedelta(minutes=30)
REPORTS_BACK: Final = timedelta(hours=2)
NOTICES_BACK: Final = timedelta(hours=12)
_CHUNK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Count:
    """How many of one kind one source sent on one day, and the last words said about it."""

    source: str
    code: str
    count: int
    last_at: datetime
    last_message: str


def evidence(now: datetime, store: TelemetryStore, *, eyes: Collection[Eye] | None = None) -> Evidence:
    """Return all that `eyes` saw up to `now` (None: every eye that gave a sign of life)."""
    used = tuple(Eye) if eyes is None else tuple(eyes)
    rollups = store.window(now - LOOK_BACK, now)
    return Evidence(
        now=now,
        rollups=_seen_by(rollups, used),
        probes=_probes(now) if Eye.PROBES in used else (),
        reports=_reports(now) if Eye.PANEL in used else (),
        notices=_notices(now) if Eye.PARTNER in used else (),
        # A sign may have come while the tick began: it is no later than now for the rules.
        last_seen={eye: min(at, now) for eye, at in last_signs().items() if eye in used},
    )


def last_signs() -> dict[Eye, datetime]:
    """Return when each eye last gave a sign of life; an eye that never did is absent."""
    signs = dict(EyeSign.objects.values_list("eye", "last_seen"))
    return {eye: signs[eye.value] for eye in Eye if eye.value in signs}


def intake_counts(day: date) -> Sequence[Count]:
    """Return what intake counted on a local day, by source and then by what happened."""
    found = IntakeCount.objects.filter(day=day).order_by("source", "code")
    return tuple(
        Count(
            source=row.source,
            code=row.code,
            count=row.count,
            last_at=row.last_at,
            last_message=row.last_message,
        )
        for row in found
    )


@cache
def configured_pack() -> Pack:
    """Return the pack that this installation works with; read once a process."""
    return load_pack(pack_folder(settings.CONFIGURATION.pack))


def _seen_by(rollups: Rollups, eyes: Collection[Eye]) -> Rollups:
    if all(vantage in eyes for vantage in VANTAGES):
        return rollups
    is_used = np.array([Eye(name) in eyes for name in rollups.vantages], np.bool_)
    return rows(rollups, is_used[rollups.vantage])


def _probes(now: datetime) -> tuple[ProbeResult, ...]:
    return tuple(checks_between(now - LOOK_BACK, now))


def checks_between(since: datetime, until: datetime) -> Iterator[ProbeResult]:
    """Yield the results of synthetic checks after one moment up to another, oldest first, as they are read."""
    # Plain values: two weeks are hundreds of thousands of rows, and the engine waits.
    found = ProbeRow.objects.filter(at__gt=since, at__lte=until).order_by("at", "pk")
    columns = ("at", "probe", "service", "function", "is_ok", "duration_ms", "detail")
    for at, probe, service, function, is_ok, duration_ms, detail in found.values_list(*columns).iterator(_CHUNK):
        yield ProbeResult(at, probe, service, function, is_ok, duration_ms, detail)


def words_of_others(now: datetime) -> tuple[str, ...]:
    """Return what partners and members wrote of late, and when partners hope to be done: nothing of it goes public."""
    notices = _notices(now)
    written = (*(notice.text for notice in notices), *(report.text for report in _reports(now)))
    hoped = [in_brussels(notice.until) for notice in notices if notice.until is not None]
    return (*filter(None, written), *(f"{moment.hour}:{moment.minute:02d}" for moment in hoped))


def _reports(now: datetime) -> tuple[Report, ...]:
    return reports_between(now - REPORTS_BACK, now)


def reports_between(since: datetime, until: datetime) -> tuple[Report, ...]:
    """Return what panel members said of the time after one moment up to another, oldest first."""
    found = ReportRow.objects.filter(at__gt=since, at__lte=until).order_by("at", "pk")
    return tuple(
        Report(
            at=row.at,
            member=row.member,
            audience=row.audience,
            package=row.package,
            region=row.region,
            function=row.function,
            works=row.works,
            text=row.text,
            received_at=row.received_at,
            practice=row.practice,
            sender=row.sender,
        )
        for row in found
    )


def _notices(now: datetime) -> tuple[Notice, ...]:
    return notices_between(now - NOTICES_BACK, now)


def notices_between(since: datetime, until: datetime) -> tuple[Notice, ...]:
    """Return what partners said after one moment up to another, oldest first."""
    found = NoticeRow.objects.filter(at__gt=since, at__lte=until).order_by("at", "pk")
    return tuple(
        Notice(
            at=row.at,
            partner=row.partner,
            services=tuple(row.services),
            state=cast("NoticeState", row.state),
            text=row.text,
            until=row.until,
        )
        for row in found
    )
