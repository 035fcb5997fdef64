"""Reading content packs from disk."""

import tomllib
from pathlib import Path

import tocsin
from tocsin.catalog.errors import PackError
from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.catalog.rules.model import Pack
from tocsin.catalog.rules.validation import check_catalogue
from tocsin.kernel.errors import ConfigurationError

CATALOGUE_FILES = (
    "pack.toml",
    "sources.toml",
    "audiences.toml",
    "partners.toml",
    "services.toml",
    "functions.toml",
    "packages.toml",
    "regions.toml",
    "calendar.toml",
)
"""The files of a pack that make up its catalogue; procedures and messages belong to other domains."""


def pack_folder(name: str) -> Path:
    """Return the folder of a pack, given as a path or as the name of a pack shipped with Tocsin.

    Raises `ConfigurationError` when there is neither.
    """
    for folder in (Path(name).expanduser(), *(place / name for place in _shipped())):
        if (folder / "pack.toml").is_file():
            return folder.resolve()
    raise ConfigurationError(
        "pack.absent",
        f"There is no content pack {name!r}.",
        where="pack",
        hint=f"Give a folder that holds a pack.toml, or one of: {', '.join(shipped_packs())}.",
    )


def shipped_packs() -> tuple[str, ...]:
    """Return the names of the packs that came with Tocsin."""
    found = (path.parent.name for place in _shipped() for path in sorted(place.glob("*/pack.toml")))
    return tuple(dict.fromkeys(found))


def load_pack(folder: Path) -> Pack:
    """Return the catalogue of the pack in this folder; raises `PackError` with every finding when it has errors."""
    files, unreadable = read_files(folder, CATALOGUE_FILES)
    checked = check_catalogue(files)
    findings = [*unreadable, *checked.findings]
    if checked.pack is None or unreadable:
        raise PackError(str(folder), errors_in(findings))
    return checked.pack


def check_pack(folder: Path) -> list[Finding]:
    """Return everything to mend in the catalogue of the pack in this folder, errors and warnings."""
    files, unreadable = read_files(folder, CATALOGUE_FILES)
    spoilt = {finding.file for finding in unreadable}
    found = check_catalogue(files).findings
    return [*unreadable, *(finding for finding in found if finding.file not in spoilt)]


def read_files(folder: Path, names: tuple[str, ...]) -> tuple[dict[str, dict[str, object]], list[Finding]]:
    """Return the parsed files of a pack by name, and a finding for each that cannot be read or parsed.

    A file that is absent is left out without a finding: whether it must be there is for the reader to say.
    """
    files: dict[str, dict[str, object]] = {}
    findings: list[Finding] = []
    for name in names:
        try:
            files[name] = tomllib.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            findings.append(
                Finding("error", "pack.unreadable", name, "", f"It cannot be read: {error}.", "Mend the file.")
            )
    return files, findings


def _shipped() -> tuple[Path, ...]:
    package = Path(tocsin.__file__).parent
    # In a wheel the packs lie inside the package; in a checkout two levels above it.
    return (package / "_packs", package.parents[1] / "packs")
