"""Taking in what every eye sees, and storing what was taken in.

Transactions go into the intake log and are acknowledged once they are on the disk; the engine drains the log into
the telemetry store. Reports, probe results and notices are few: they go straight into the database, in one
transaction with their counts. Everything accepted, refused or redacted is counted by local day and source.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, models, transaction

from tocsin.accounts.panel import prune_panel
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import in_brussels
from tocsin.observations.crowd import forget_crowd
from tocsin.observations.errors import KeyReusedError, NothingUsableError
from tocsin.observations.intake_log import IntakeReader, IntakeWriter
from tocsin.observations.models import EyeSign, IntakeBatch, IntakeCount, NoticeRow, ProbeRow, ReportRow, SeriesState
from tocsin.observations.polls import forget_polls
from tocsin.observations.ports import TelemetryStore
from tocsin.observations.queries import LOOK_BACK, NOTICES_BACK, REPORTS_BACK, configured_pack
from tocsin.observations.rules.cumulative import Increase, Level, increase
from tocsin.observations.rules.model import Eye, Notice, ProbeResult, Report, Transactions
from tocsin.observations.rules.pseudonyms import is_fit
from tocsin.observations.rules.records import Record, decoded, encoded
from tocsin.observations.rules.redaction import Redacted, redact
from tocsin.observations.rules.rollup import combine, roll_up
from tocsin.observations.rules.screening import EARLIEST, Screened, screened

KEYS_KEPT: Final = timedelta(days=2)
"""A sender that repeats a batch later than this has long been told that it was too old."""

ROWS_KEPT: Final = timedelta(days=400)
"""Reports, probe results and notices serve the yearly review."""

SERIES_KEPT: Final = timedelta(hours=6)
_TEXT_LENGTH: Final = 500
_MESSAGE_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: how many items were accepted, how many refused (by code) and why, in words."""

    accepted: int
    refused: Mapping[str, int] = field(default_factory=dict)
    words: str = ""
    redacted: int = 0
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """One thing to count: how many of `code`, and words worth keeping."""

    code: str
    count: int = 1
    message: str = ""


# --- transactions ------------------------------------------------------------------------------------------------


def accept_transactions(
    transactions: Transactions,
    *,
    source: str,
    now: datetime,
    batch_key: str | None = None,
    unreadable: int = 0,
    pack: Pack | None = None,
) -> Receipt:
    """Take a batch in: screened, on the disk, counted. What it returns is acknowledged and will not be lost.

    `batch_key` makes a repetition harmless; `unreadable` says how many rows the decoder had to leave out. Raises
    `KeyReusedError` for another batch under the same key and `NothingUsableError` when every row is refused.
    """
    key = f"{source}:{batch_key}"[:120] if batch_key else None
    fingerprint = hashlib.sha256(encoded(Record(key=None, transactions=transactions))).hexdigest() if key else ""
    if key and _is_repeated(key, fingerprint, sent_as=batch_key or ""):
        count(source, [Tally("repeated")], now=now)
        return Receipt(accepted=0, is_repeated=True)
    result = screened(transactions, pack=pack or configured_pack(), now=now)
    refused = dict(result.refused) | ({"unreadable": unreadable} if unreadable else {})
    words = "; ".join(result.words[code] for code in refused if code in result.words)
    if not len(result.transactions):
        if refused:
            raise NothingUsableError(words or "no row can be read", refused=refused)
        return Receipt(accepted=0)
    record = intake_writer().append(encoded(Record(key=key, transactions=result.transactions)))
    accepted = int(result.transactions.count.sum())
    with transaction.atomic():
        # Two processes may have taken in the same batch at once: the first to commit its key counts.
        if key and not _claimed(key, fingerprint=fingerprint, record=record, now=now):
            return Receipt(accepted=0, is_repeated=True)
        count(source, [Tally("accepted", accepted), *_tallies(result, unreadable)], now=now)
        _sign_of_transactions(result.transactions, now=now)
    return Receipt(accepted=accepted, refused=refused, words=words)


def accept_growing(
    levels: Mapping[str, Level],
    transactions: Callable[[Mapping[str, Increase]], Transactions],
    *,
    signs: Iterable[tuple[Eye, str, int]],
    source: str,
    now: datetime,
    unreadable: int = 0,
    pack: Pack | None = None,
) -> Receipt:
    """Take in what cumulative series grew by since they were last seen; `transactions` makes rows of it.

    `signs` say which eye saw which service when, though nothing may have happened. Where the series stood is saved
    in the same transaction, so that what is not acknowledged is not taken for known.
    """
    known = pack or configured_pack()
    with transaction.atomic():
        grown = transactions(_grown(levels, now=now))
        receipt = accept_transactions(grown, source=source, now=now, unreadable=unreadable, pack=known)
        for eye, service, time_us in signs:
            at = datetime.fromtimestamp(time_us / 1_000_000, tz=now.tzinfo)
            if service in known.services and _fault_of_time(at, now, back=LOOK_BACK) is None:
                sign_of_life(eye, at=at, now=now)
    return receipt


def _grown(levels: Mapping[str, Level], *, now: datetime) -> dict[str, Increase]:
    known = SeriesState.objects.in_bulk(list(levels)) if levels else {}
    grown: dict[str, Increase] = {}
    states = []
    for series, level in levels.items():
        row = known.get(series)
        previous = Level(row.start_us, row.time_us, tuple(row.counts)) if row else None
        found = increase(level, previous)
        if found is not None:
            grown[series] = found
        if previous is None or level.time_us > previous.time_us:
            states.append(
                SeriesState(
                    series=series, start_us=level.start_us, time_us=level.time_us, counts=level.counts, seen_at=now
                )
            )
    SeriesState.objects.bulk_create(
        states,
        update_conflicts=True,
        unique_fields=["series"],
        update_fields=["start_us", "time_us", "counts", "seen_at"],
    )
    return grown


def _is_repeated(key: str, fingerprint: str, *, sent_as: str) -> bool:
    known = IntakeBatch.objects.filter(key=key).first()
    if known is not None and known.fingerprint not in {"", fingerprint}:
        raise KeyReusedError(sent_as)
    return known is not None


def _claimed(key: str, *, fingerprint: str, record: str, now: datetime) -> bool:
    try:
        with transaction.atomic():
            IntakeBatch.objects.create(key=key, accepted_at=now, fingerprint=fingerprint, record=record)
    except IntegrityError:
        # The engine may have met the record in the log, and claimed the key for it, before we came to it.
        return IntakeBatch.objects.filter(key=key, record=record).update(fingerprint=fingerprint) > 0
    return True


def _tallies(result: Screened, unreadable: int) -> Iterable[Tally]:
    for code, number in result.refused.items():
        yield Tally(f"refused.{code}", number, result.words.get(code, ""))
    for code, number in result.remarks.items():
        yield Tally(f"remark.{code}", number, result.words.get(code, ""))
    if unreadable:
        yield Tally("refused.unreadable", unreadable)


def _sign_of_transactions(transactions: Transactions, *, now: datetime) -> None:
    for code, vantage in enumerate(transactions.vantages):
        seen = transactions.time_us[transactions.vantage == code]
        if len(seen):
            at = datetime.fromtimestamp(int(seen.max()) / 1_000_000, tz=now.tzinfo)
            sign_of_life(Eye(vantage), at=at, now=now)


@cache
def intake_writer() -> IntakeWriter:
    """Return this process's writer to the intake log."""
    return IntakeWriter(_intake_folder())


@cache
def intake_reader() -> IntakeReader:
    """Return the reader of the intake log; only the engine may use it."""
    return IntakeReader(_intake_folder())


def _intake_folder() -> Path:
    folder: Path = settings.CONFIGURATION.intake_folder
    return folder


def drain(store: TelemetryStore, *, now: datetime, reader: IntakeReader | None = None) -> int:
    """Store everything that was acknowledged and return how many transactions that were. For the engine alone.

    May be killed at any line: what was read and not yet noted as stored is stored again under the same id, which
    the store knows.
    """
    source = reader or intake_reader()
    total = 0
    for turn in itertools.count():
        pending = source.pending()
        if pending is None:
            break
        batches = [record for place, content in pending.records if (record := _counting(place, content, now=now))]
        rollups = combine([roll_up(batch) for batch in batches])
        if store.append(pending.batch_id, rollups):
            total += sum(int(batch.count.sum()) for batch in batches)
        source.mark_stored(pending)
        if turn and pending.is_last:
            # Senders never pause: a busy log must not keep the engine from its tick. The first turn may have been
            # spent on what an engine before us left half done.
            break
    source.tidy()
    return total


def _counting(place: str, content: bytes, *, now: datetime) -> Transactions | None:
    """Return the record's transactions, or None when another record counts for the same key."""
    try:
        record = decoded(content)
    except (ValueError, KeyError, TypeError) as error:
        count("intake-log", [Tally("error.unreadable_record", message=f"{place}: {error}")], now=now)
        return None
    if record.key is not None:
        # A sender may have been cut off after its record was written and before its key was: the key is set here.
        batch, _ = IntakeBatch.objects.get_or_create(key=record.key, defaults={"accepted_at": now, "record": place})
        if batch.record != place:
            return None
    return record.transactions


# --- what comes one by one ---------------------------------------------------------------------------------------


def accept_reports(
    reports: Sequence[Report],
    *,
    source: str,
    now: datetime,
    batch_key: str | None = None,
    pack: Pack | None = None,
    late: timedelta = REPORTS_BACK,
    content: Sequence[object] | None = None,
    is_ours: bool = False,
) -> Receipt:
    """Take reports in, redacted; raises `NothingUsableError` when every one is refused, `KeyReusedError` as above.

    What is older than `late` is refused. `content` is what makes two batches under one key the same (None: the reports
    as they are); a telephone that sends again may time the same tap a little differently. `is_ours` says that the
    pseudonyms are of our own making, so that no number can hide in them.
    """
    known = pack or configured_pack()
    whys = (_fault_of_names(each, is_ours=is_ours) or _fault_of_report(each, known, now, late) for each in reports)
    good, faults = _screened([(each, why, each.text) for each, why in zip(reports, whys, strict=True)])
    rows = [
        ReportRow(
            at=min(report.at, now),
            received_at=now,
            member=report.member,
            practice=report.practice,
            sender=report.sender,
            audience=report.audience,
            package=report.package,
            region=report.region,
            function=report.function,
            works=report.works,
            text=_clipped(text.text, _TEXT_LENGTH),
            redactions=text.total,
        )
        for report, text in good
    ]
    batch = _Batch(
        source=source, now=now, key=batch_key, content=content or reports, eye=Eye.PANEL, table=ReportRow.objects
    )
    return _store(batch, rows, faults=faults, texts=[text for _, text in good])


def accept_probe_results(
    results: Sequence[ProbeResult],
    *,
    source: str,
    now: datetime,
    batch_key: str | None = None,
    pack: Pack | None = None,
) -> Receipt:
    """Take results of synthetic checks in; raises as `accept_reports` does."""
    known = pack or configured_pack()
    good, faults = _screened([(result, _fault_of_probe(result, known, now), result.detail) for result in results])
    rows = [
        ProbeRow(
            at=result.at,
            probe=result.probe[:60],
            service=result.service,
            function=result.function,
            is_ok=result.is_ok,
            duration_ms=result.duration_ms,
            detail=_clipped(detail.text, 200),
        )
        for result, detail in good
    ]
    batch = _Batch(source=source, now=now, key=batch_key, content=results, eye=Eye.PROBES, table=ProbeRow.objects)
    return _store(batch, rows, faults=faults, texts=[detail for _, detail in good])


def accept_notices(
    notices: Sequence[Notice], *, source: str, now: datetime, batch_key: str | None = None, pack: Pack | None = None
) -> Receipt:
    """Take partners' statements in; raises as `accept_reports` does."""
    known = pack or configured_pack()
    good, faults = _screened([(notice, _fault_of_notice(notice, known, now), notice.text) for notice in notices])
    rows = [
        NoticeRow(
            at=notice.at,
            partner=notice.partner,
            services=[service for service in notice.services if service in known.services],
            state=notice.state,
            text=_clipped(text.text, _TEXT_LENGTH),
            until=notice.until,
        )
        for notice, text in good
    ]
    batch = _Batch(source=source, now=now, key=batch_key, content=notices, eye=Eye.PARTNER, table=NoticeRow.objects)
    return _store(batch, rows, faults=faults, texts=[text for _, text in good])


type Fault = tuple[str, str]


def _screened[Item](
    checked: Sequence[tuple[Item, Fault | None, str]],
) -> tuple[list[tuple[Item, Redacted]], list[Fault]]:
    """Return the items without a fault, each with its words redacted, and the faults of the others."""
    good = [(item, redact(words)) for item, fault, words in checked if fault is None]
    return good, [fault for _, fault, _ in checked if fault is not None]


@dataclass(frozen=True, slots=True)
class _Batch:
    source: str
    now: datetime
    key: str | None
    content: Sequence[object]
    eye: Eye
    table: models.Manager[Any]


def _store(
    batch: _Batch, rows: Sequence[models.Model], *, faults: Sequence[Fault], texts: Sequence[Redacted]
) -> Receipt:
    key = f"{batch.source}:{batch.key}"[:120] if batch.key else None
    fingerprint = hashlib.sha256(repr(batch.content).encode()).hexdigest()
    refused = {code: sum(1 for other, _ in faults if other == code) for code, _ in faults}
    words = "; ".join(dict.fromkeys(word for _, word in faults))[:_MESSAGE_LENGTH]
    if not rows and faults:
        raise NothingUsableError(words, refused=refused)
    with transaction.atomic():
        if key and _is_repeated(key, fingerprint, sent_as=batch.key or ""):
            count(batch.source, [Tally("repeated")], now=batch.now)
            return Receipt(accepted=0, is_repeated=True)
        if key:
            IntakeBatch.objects.create(key=key, accepted_at=batch.now, fingerprint=fingerprint)
        if rows:
            batch.table.bulk_create(rows)
            latest: datetime = max(row.at for row in rows)  # type: ignore[attr-defined]  # each of the three has it
            sign_of_life(batch.eye, at=latest, now=batch.now)
        kinds = {kind: sum(text.counts.get(kind, 0) for text in texts) for text in texts for kind in text.counts}
        tallies = [Tally("accepted", len(rows))] if rows else []
        tallies += [Tally(f"redacted.{kind}", number) for kind, number in kinds.items()]
        tallies += [Tally(f"refused.{code}", refused[code], word) for code, word in dict(faults).items()]
        count(batch.source, tallies, now=batch.now)
    return Receipt(accepted=len(rows), refused=refused, words=words, redacted=sum(kinds.values()))


def _fault_of_names(report: Report, *, is_ours: bool) -> Fault | None:
    if not is_fit(report.member, is_ours=is_ours):
        return "bad_member", "a member is known by a pseudonym such as m040-ac92ef, never by a name or number"
    if report.practice and not is_fit(report.practice, is_ours=is_ours):
        return "bad_practice", "a practice is known by a pseudonym such as p7c21, never by a name or number"
    if report.sender and not is_fit(report.sender, is_ours=is_ours):
        return "bad_sender", "a sender is known by a pseudonym such as d90af, never by a name or number"
    return None


def _fault_of_report(report: Report, pack: Pack, now: datetime, late: timedelta) -> Fault | None:
    for what, value, known in (
        ("function", report.function, pack.functions),
        ("audience", report.audience, pack.audiences),
        ("package", report.package, pack.packages),
        ("region", report.region, pack.regions),
    ):
        if value not in known:
            return f"unknown_{what}", _unknown(what, value)
    return _fault_of_time(report.at, now, back=late)


def _fault_of_probe(result: ProbeResult, pack: Pack, now: datetime) -> Fault | None:
    if result.service not in pack.services:
        return "unknown_service", _unknown("service", result.service)
    if result.function is not None and result.function not in pack.functions:
        return "unknown_function", _unknown("function", result.function)
    return _fault_of_time(result.at, now, back=LOOK_BACK)


def _fault_of_notice(notice: Notice, pack: Pack, now: datetime) -> Fault | None:
    if notice.partner not in pack.partners:
        return "unknown_partner", _unknown("partner", notice.partner)
    unknown = [service for service in notice.services if service not in pack.services]
    if unknown and len(unknown) == len(notice.services):
        return "unknown_service", _unknown("service", unknown[0])
    return _fault_of_time(notice.at, now, back=NOTICES_BACK)


def _fault_of_time(at: datetime, now: datetime, *, back: timedelta) -> Fault | None:
    if at > now + EARLIEST:
        return "too_new", f"a clock far off: {(at - now).total_seconds():,.0f} s ahead of ours"
    if at < now - back:
        return "too_old", f"a clock far off, or too late: {(now - at).total_seconds():,.0f} s behind ours"
    return None


def _unknown(what: str, value: str) -> str:
    return f"unknown {what}: {redact(value[:60]).text}"


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


# --- counting and cleaning ---------------------------------------------------------------------------------------


def count(source: str, tallies: Iterable[Tally], *, now: datetime) -> None:
    """Add to the day's counts of a source; words are redacted, since senders put anything anywhere."""
    day = in_brussels(now).date()
    for tally in tallies:
        message = _clipped(redact(tally.message).text, _MESSAGE_LENGTH)
        row = IntakeCount(
            day=day, source=source[:60], code=tally.code[:80], count=tally.count, last_at=now, last_message=message
        )
        with transaction.atomic():
            changed = IntakeCount.objects.filter(day=day, source=row.source, code=row.code).update(
                count=models.F("count") + tally.count,
                last_at=now,
                **({"last_message": message} if message else {}),
            )
            if not changed:
                row.save(force_insert=True)


def count_refusal(source: str, *, code: str, message: str, now: datetime) -> None:
    """Count a request that was refused as a whole."""
    count(source, [Tally(f"error.{code}", 1, message)], now=now)


def sign_of_life(eye: Eye, *, at: datetime, now: datetime) -> None:
    """Note that an eye saw something at `at` (never later than `now`, and never earlier than what is noted)."""
    moment = min(at, now)
    changed = EyeSign.objects.filter(eye=eye.value, last_seen__lt=moment).update(last_seen=moment)
    if not changed:
        EyeSign.objects.get_or_create(eye=eye.value, defaults={"last_seen": moment})


def prune(*, now: datetime) -> None:
    """Forget what has served its time: idempotency keys, series, and observations older than the review needs."""
    IntakeBatch.objects.filter(accepted_at__lt=now - KEYS_KEPT).delete()
    SeriesState.objects.filter(seen_at__lt=now - SERIES_KEPT).delete()
    for rows in (ReportRow, ProbeRow, NoticeRow):
        rows.objects.filter(at__lt=now - ROWS_KEPT).delete()
    forget_crowd(now=now)
    forget_polls(now=now)
    prune_panel(now=now)
