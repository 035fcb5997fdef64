"""Reading procedures from a content pack.

Django's models are imported where they are read: replay loads procedures here and runs without Django.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.catalog.errors import PackError
from tocsin.catalog.queries import load_pack, pack_folder, read_files
from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Activation, ActivationState, Procedure
from tocsin.continuity.rules.validation import LEGAL_FILE, PROCEDURES_FOLDER, check_procedure_files
from tocsin.kernel.language import LocalizedText, localized

if TYPE_CHECKING:
    from tocsin.continuity.models import ActivationRow


def load_procedures(folder: Path, pack: Pack) -> dict[str, Procedure]:
    """Return the procedures of the pack in this folder, by id; raises `PackError` with every finding on errors."""
    files, unreadable = read_files(folder, _names(folder))
    checked = check_procedure_files(files, pack)
    errors = [*unreadable, *errors_in(checked.findings)]
    if errors:
        raise PackError(str(folder), errors)
    return dict(checked.procedures)


def check_procedures(folder: Path, pack: Pack, *, today: date | None = None) -> list[Finding]:
    """Return everything to mend in the procedures of the pack in this folder, errors and warnings."""
    files, unreadable = read_files(folder, _names(folder))
    spoilt = {finding.file for finding in unreadable}
    found = check_procedure_files(files, pack, today=today).findings
    return [*unreadable, *(finding for finding in found if finding.file not in spoilt)]


def _names(folder: Path) -> tuple[str, ...]:
    files = sorted((folder / PROCEDURES_FOLDER).glob("*.toml"))
    return ("sources.toml", LEGAL_FILE, *(f"{PROCEDURES_FOLDER}/{file.name}" for file in files))


@cache
def configured_procedures() -> dict[str, Procedure]:
    """Return the procedures that this installation works with; read once a process."""
    from django.conf import settings

    folder = pack_folder(settings.CONFIGURATION.pack)
    return load_procedures(folder, load_pack(folder))


@dataclass(frozen=True, slots=True)
class LeftToDo:
    """What an ended procedure leaves to be done, and until when (None: no deadline is known)."""

    procedure: str
    text: LocalizedText
    ended_at: datetime
    due_at: datetime | None


def left_to_do(incident_id: str) -> tuple[LeftToDo, ...]:
    """Return what the procedures of an incident leave to be done now that they have ended, what presses first."""
    from tocsin.continuity.models import DutyRow

    rows = DutyRow.objects.filter(activation__incident=incident_id).select_related("activation")
    left = [LeftToDo(row.activation.procedure, localized(row.text), row.ended_at, row.due_at) for row in rows]
    return tuple(sorted(left, key=lambda one: (one.due_at is None, one.due_at or one.ended_at)))


def current(now: datetime) -> tuple[Activation, ...]:
    """Return the activations of the incidents that still count (see `incidents.queries.recent`), oldest first."""
    from tocsin.continuity.models import ActivationRow
    from tocsin.incidents.queries import recent

    known = [incident.id for incident in recent(now)]
    return tuple(read_activation(row) for row in ActivationRow.objects.filter(incident__in=known).order_by("id"))


def rows_of(incident_id: str) -> "list[ActivationRow]":
    """Return the activations of an incident with the numbers that operators' acts name them by, oldest first."""
    from tocsin.continuity.models import ActivationRow

    return list(ActivationRow.objects.filter(incident=incident_id).order_by("id"))


def read_activation(row: "ActivationRow") -> Activation:
    """Return the stored activation as the rules read it."""
    state: ActivationState = row.state  # type: ignore[assignment]  # written from an Activation only
    return Activation(
        procedure=row.procedure,
        procedure_version=row.procedure_version,
        incident=row.incident,
        state=state,
        start=row.start,
        until=row.until,
        by=row.by,
        audiences=_ids(row.audiences),
        packages=_ids(row.packages),
        regions=_ids(row.regions),
    )


def _ids(stored: list[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)
