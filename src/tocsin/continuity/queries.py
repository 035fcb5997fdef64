"""Reading procedures from a content pack, and stored activations."""

from datetime import date
from pathlib import Path

from tocsin.catalog.errors import PackError
from tocsin.catalog.queries import read_files
from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.continuity.rules.validation import LEGAL_FILE, PROCEDURES_FOLDER, check_procedure_files


def load_procedures(folder: Path, pack: Pack) -> dict[str, Procedure]:
    """Return the procedures of the pack in this folder, by id; raises `PackError` with every finding on errors."""
    files, unreadable = read_files(folder, _names(folder))
    checked = check_procedure_files(files, pack)
    errors = [*unreadable, *errors_in(list(checked.findings))]
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
