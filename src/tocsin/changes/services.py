"""Taking in interventions and fingerprints, and announcing maintenance beforehand.

Announcing only stores: the engine's process tells subscribers within ten seconds, and the pages are written anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from tocsin.audit.services import record as audit
from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack
from tocsin.changes.errors import MaintenanceError, MaintenanceStateError, UnknownMaintenanceError
from tocsin.changes.models import ChangeRow, MaintenanceRow
from tocsin.changes.queries import read_change, read_maintenance
from tocsin.changes.rules import ChangeEvent, Maintenance, at_moment
from tocsin.kernel.clock import BRUSSELS, format_moment, in_brussels
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.kernel.plain_text import plain

LONGEST = timedelta(days=7)
"""A longer one is a typing error, or several."""

EFFECT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody means to do, and what users will notice of it; the functions follow from the services if unsaid."""

    services: Sequence[str]
    start: datetime
    end: datetime
    effect: Mapping[str, str]
    functions: Sequence[str] = ()
    audiences: Sequence[str] | None = None
    is_public: bool = True


@transaction.atomic
def accept_changes(changes: Sequence[ChangeEvent], *, by: str = "api", now: datetime) -> int:
    """Store the changes that are not known yet and return how many those were; sent twice, they count once.

    Interventions are audited one by one; readings of fingerprints, which come every few minutes, are not.
    """
    fresh = _unknown(changes)
    ChangeRow.objects.bulk_create([_row(change) for change in fresh])
    for change in fresh:
        if change.kind != "fingerprint":
            facts = {"at": change.at.isoformat(), "services": list(change.services)}
            audit(at=now, actor=by, action=f"change.{change.kind}", subject=change.change or "unnamed", facts=facts)
    return len(fresh)


@transaction.atomic
def announce(plan: Plan, *, pack: Pack, by: str, now: datetime, id_: str = "") -> Maintenance:
    """Announce a maintenance and return it; with the id of one that is known, change that one instead.

    Raises `MaintenanceError` where the plan cannot be kept or told: an end before its start, a start that has passed,
    a text missing in a language, ids the pack does not know, nobody concerned.
    """
    if id_ and MaintenanceRow.objects.filter(pk=id_).exists():
        return change(id_, plan, pack=pack, by=by, now=now)
    checked = _checked(plan, pack)
    if checked.start < now:
        raise MaintenanceError("maintenance.in_past", "It begins in the past.", hint="Mend the start.")
    row = MaintenanceRow(id=id_ or _fresh_id(checked.start), announced_at=now, **_columns(checked))
    row.save(force_insert=True)
    _audit("announced", row, by=by, now=now)
    return at_moment(read_maintenance(row), now)


@transaction.atomic
def change(maintenance_id: str, plan: Plan, *, pack: Pack, by: str, now: datetime) -> Maintenance:
    """Change what was announced and return it; the same plan again changes nothing.

    Raises as `announce` does (a start that is kept may have passed), `UnknownMaintenanceError`, or
    `MaintenanceStateError` when it is over.
    """
    row = _open_row(maintenance_id, now)
    checked = _checked(plan, pack)
    columns = _columns(checked)
    if all(getattr(row, name) == value for name, value in columns.items()):
        return at_moment(read_maintenance(row), now)
    if checked.start < now and checked.start != row.start:
        raise MaintenanceError("maintenance.in_past", "It begins in the past.", hint="Mend the start.")
    if checked.end <= now:
        raise MaintenanceError("maintenance.ends_in_past", "It ends in the past.", hint="To end it now, say so.")
    for name, value in columns.items():
        setattr(row, name, value)
    row.state, row.changed_at, row.revision = "changed", now, row.revision + 1
    row.save()
    _audit("changed", row, by=by, now=now)
    return at_moment(read_maintenance(row), now)


def end(maintenance_id: str, *, by: str, now: datetime) -> Maintenance:
    """Say that a maintenance is over. Raises `MaintenanceStateError` when it has not begun, or is over already."""
    return _close(maintenance_id, "over", by=by, now=now)


def cancel(maintenance_id: str, *, by: str, now: datetime) -> Maintenance:
    """Call a maintenance off, also while it runs. Raises `MaintenanceStateError` when it is over."""
    return _close(maintenance_id, "cancelled", by=by, now=now)


def plan_of(maintenance: Maintenance) -> Plan:
    """Return what was planned, so that a part of it can be changed."""
    return Plan(
        services=maintenance.services,
        start=maintenance.start,
        end=maintenance.end,
        effect={language: maintenance.effect[language] for language in LANGUAGES},
        functions=maintenance.functions,
        audiences=maintenance.audiences,
        is_public=maintenance.is_public,
    )


def note_told(maintenance_id: str, what: str) -> None:
    """Remember, in the caller's transaction, that subscribers were told this of a maintenance."""
    row = MaintenanceRow.objects.get(pk=maintenance_id)
    row.told = [*row.told, what]
    row.save(update_fields=["told"])


def planned_moment(text: str) -> datetime:
    """Read a moment that a person typed: Brussels time (`2026-11-29 10:00`), or any time with its offset.

    Raises `MaintenanceError` when it is none, or when summer time makes it no moment at all, or two.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        hint = "Write it like 2026-11-29 10:00."
        raise MaintenanceError("maintenance.time", f"{text[:40]!r} is no time.", hint=hint) from error
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    local = moment.replace(tzinfo=BRUSSELS)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        # In March the hour does not exist, in October it comes twice.
        hint = "Add the offset that you mean: +01:00 in winter, +02:00 in summer."
        raise MaintenanceError("maintenance.time", f"The clocks change at {text.strip()!r}.", hint=hint)
    return local.astimezone(UTC)


def _checked(plan: Plan, pack: Pack) -> Maintenance:
    _check_ids("service", plan.services, pack.services)
    _check_ids("function", plan.functions, pack.functions)
    _check_ids("audience", plan.audiences or (), pack.audiences)
    if plan.end <= plan.start:
        raise MaintenanceError("maintenance.order", "It ends before it begins.", hint="Mend the start or the end.")
    if plan.end - plan.start > LONGEST:
        raise MaintenanceError("maintenance.too_long", "It lasts more than seven days.", hint="Announce several.")
    functions = _functions(plan, pack)
    audiences = None if not plan.audiences else tuple(each for each in pack.audiences if each in plan.audiences)
    if not any(_reaches(pack, function, audiences) for function in functions):
        hint = "Name the functions, or services that some function needs, and audiences that use them."
        raise MaintenanceError("maintenance.nobody", "Nobody's work would be touched by it.", hint=hint)
    services = tuple(each for each in pack.services if each in plan.services)
    return Maintenance("", services, functions, audiences, plan.start, plan.end, _effect(plan), plan.is_public)


def _check_ids(kind: str, given: Iterable[str], known: Collection[str]) -> None:
    unknown = [each for each in given if each not in known]
    if unknown:
        hint = f"Use: {', '.join(list(known)[:40])}."
        raise MaintenanceError("maintenance.unknown_id", f"There is no {kind} {unknown[0][:60]!r}.", hint=hint)


def _functions(plan: Plan, pack: Pack) -> tuple[str, ...]:
    if plan.functions:
        return tuple(function for function in pack.functions if function in plan.functions)
    graph = Graph(pack)
    touched = {
        function
        for service in plan.services
        for function in (*graph.functions_needing(service), *graph.functions_softly_needing(service))
    }
    return tuple(function for function in pack.functions if function in touched)


def _reaches(pack: Pack, function: str, audiences: Collection[str] | None) -> bool:
    using = pack.functions[function].audiences
    return bool(using) if audiences is None else any(audience in using for audience in audiences)


def _effect(plan: Plan) -> LocalizedText:
    said: dict[Language, str] = {language: plain(plan.effect.get(language, "")) for language in LANGUAGES}
    missing = [language for language, text in said.items() if not text]
    if missing:
        hint = "Say what users will notice, in every language."
        raise MaintenanceError("maintenance.language", f"The effect is missing in {', '.join(missing)}.", hint=hint)
    if any(len(text) > EFFECT_LENGTH for text in said.values()):
        message = f"The effect is longer than {EFFECT_LENGTH} characters."
        raise MaintenanceError("maintenance.length", message, hint="Say it shorter.")
    return said


def _columns(plan: Maintenance) -> dict[str, object]:
    return {
        "services": list(plan.services),
        "functions": list(plan.functions),
        "audiences": None if plan.audiences is None else list(plan.audiences),
        "start": plan.start,
        "end": plan.end,
        "effect": dict(plan.effect),
        "is_public": plan.is_public,
    }


def _fresh_id(start: datetime) -> str:
    day = f"m-{in_brussels(start).date()}"
    number = MaintenanceRow.objects.filter(pk__startswith=f"{day}-").count()
    return f"{day}-{number + 1}"


def _open_row(maintenance_id: str, now: datetime) -> MaintenanceRow:
    row = MaintenanceRow.objects.filter(pk=maintenance_id).first()
    if row is None:
        raise UnknownMaintenanceError(maintenance_id)
    state = at_moment(read_maintenance(row), now).state
    if state in {"over", "cancelled"}:
        raise MaintenanceStateError(maintenance_id, state)
    return row


def _close(maintenance_id: str, state: str, *, by: str, now: datetime) -> Maintenance:
    with transaction.atomic():
        row = _open_row(maintenance_id, now)
        if state == "over" and now < row.start:
            raise MaintenanceError(
                "maintenance.not_begun", f"Maintenance {maintenance_id} has not begun.", hint="Cancel it instead."
            )
        row.state, row.ended_at = state, now
        row.save(update_fields=["state", "ended_at"])
        _audit(state, row, by=by, now=now)
        return read_maintenance(row)


def _audit(what: str, row: MaintenanceRow, *, by: str, now: datetime) -> None:
    facts = {
        "start": format_moment(row.start),
        "end": format_moment(row.end),
        "services": row.services,
        "functions": row.functions,
        "is_public": row.is_public,
    }
    audit(at=now, actor=by, action=f"maintenance.{what}", subject=row.id, facts=facts)


def _unknown(changes: Sequence[ChangeEvent]) -> list[ChangeEvent]:
    moments = {change.at for change in changes}
    known = {read_change(row) for row in ChangeRow.objects.filter(at__in=moments)}
    return [change for change in dict.fromkeys(changes) if change not in known]


def _row(change: ChangeEvent) -> ChangeRow:
    return ChangeRow(
        at=change.at,
        kind=change.kind,
        change=change.change,
        services=list(change.services),
        summary=change.summary,
        running=change.running,
        persisted=change.persisted,
        approved=change.approved,
    )
