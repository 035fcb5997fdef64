"""Reading typed values out of parsed TOML, collecting everything that is wrong instead of stopping at the first.

A `Table` is a place in a file. Its methods return a value of the promised kind; where the file holds none, they
note a finding and return an empty stand-in, so that reading goes on. Whoever reads must look at the findings
before using the result.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from tocsin.catalog.rules.findings import Finding, Severity
from tocsin.kernel.language import LANGUAGES, LocalizedText, missing_languages

type ParsedFiles = Mapping[str, Mapping[str, object]]
"""A pack's files, parsed: path inside the pack (`functions.toml`) → its content."""

_NO_DATE = date.min


@dataclass(slots=True)
class Table:
    """A table in a pack's file: the file, the key at which it stands, its content, and where to note findings."""

    file: str
    key: str
    content: Mapping[str, object]
    findings: list[Finding]
    _read: set[str] = field(default_factory=set)

    def note(self, code: str, name: str, message: str, hint: str, *, severity: Severity = "error") -> None:
        """Note something wrong at the key `name` of this table (empty: at the table itself)."""
        self.findings.append(Finding(severity, code, self.file, self._path(name), message, hint))

    def has(self, name: str) -> bool:
        """Say whether the table has that key."""
        self._read.add(name)
        return name in self.content

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self._required(name, "a text in quotes")
        if value is None:
            return ""
        if isinstance(value, str) and value.strip():
            return value.strip()
        return self._wrong(name, "a text that is not empty", default="")

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where the key is absent."""
        return self.text(name) if self.has(name) else None

    def choice(self, name: str, allowed: Iterable[str], *, default: str | None = None) -> str:
        """Return a text that must be one of those allowed."""
        options = tuple(allowed)
        if default is not None and not self.has(name):
            return default
        value = self.text(name)
        if value and value not in options:
            self.note("pack.choice", name, f"{value!r} is not known here.", f"Use one of: {', '.join(options)}.")
            return options[0]
        return value or options[0]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false."""
        if not self.has(name):
            return default
        value = self.content[name]
        return value if isinstance(value, bool) else self._wrong(name, "true or false", default=default)

    def whole(self, name: str) -> int:
        """Return a whole number that must be there, zero or more."""
        value = self._required(name, "a whole number")
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        return self._wrong(name, "a whole number, zero or more", default=0)

    def day(self, name: str) -> date:
        """Return a date that must be there."""
        value = self._required(name, "a date such as 2026-11-22")
        if value is None:
            return _NO_DATE
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        return self._wrong(name, "a date such as 2026-11-22, without quotes", default=_NO_DATE)

    def optional_day(self, name: str) -> date | None:
        """Return a date, or None where the key is absent."""
        return self.day(name) if self.has(name) else None

    def ids(self, name: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of ids, each named once; it must be there unless a default is given."""
        if default is not None and not self.has(name):
            return default
        value = self._required(name, "a list of ids")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return self._wrong(name, "a list of ids in quotes", default=())
        for double in dict.fromkeys(item for item in value if value.count(item) > 1):
            self.note("pack.duplicate", name, f"{double!r} is named twice.", "Name it once.")
        return tuple(dict.fromkeys(value))

    def localized(self, name: str) -> LocalizedText:
        """Return a text that must be there in every language."""
        value = self._required(name, f"a text in {', '.join(LANGUAGES)}")
        return {} if value is None else self._languages(name, value)

    def optional_localized(self, name: str) -> LocalizedText | None:
        """Return a text in every language, or None where the key is absent."""
        return self.localized(name) if self.has(name) else None

    def localized_list(self, name: str) -> tuple[LocalizedText, ...]:
        """Return a list of texts, each in every language; empty where the key is absent."""
        return tuple(self._languages(f"{name}[{number}]", item) for number, item in enumerate(self._list(name), 1))

    def tables(self, name: str) -> tuple["Table", ...]:
        """Return a list of tables; empty where the key is absent."""
        found = []
        for number, item in enumerate(self._list(name), 1):
            if isinstance(item, Mapping):
                found.append(self._inner(f"{name}[{number}]", item))
            else:
                self._wrong(f"{name}[{number}]", "a table", default=None)
        return tuple(found)

    def table(self, name: str) -> "Table":
        """Return a table that must be there."""
        value = self._required(name, "a table")
        if value is not None and not isinstance(value, Mapping):
            self._wrong(name, "a table", default=None)
        return self._inner(name, value if isinstance(value, Mapping) else {})

    def optional_table(self, name: str) -> "Table | None":
        """Return a table, or None where the key is absent."""
        return self.table(name) if self.has(name) else None

    def entries(self) -> Iterator[tuple[str, "Table"]]:
        """Yield every entry of a table of tables, in the file's order."""
        for name, value in self.content.items():
            self._read.add(name)
            if isinstance(value, Mapping):
                yield name, self._inner(name, value)
            else:
                self._wrong(name, "a table", default=None)

    def finish(self) -> None:
        """Note every key that nobody asked for: most likely a spelling mistake."""
        for name in self.content:
            if name not in self._read:
                known = ", ".join(sorted(self._read))
                self.note("pack.unknown_key", name, "There is no such key.", f"Remove it, or use one of: {known}.")

    def _path(self, name: str) -> str:
        return ".".join(part for part in (self.key, name) if part)

    def _inner(self, name: str, content: Mapping[str, object]) -> "Table":
        return Table(self.file, self._path(name), content, self.findings)

    def _required(self, name: str, kind: str) -> object | None:
        if not self.has(name):
            self.note("pack.missing", name, "It is missing.", f"Give {kind}.")
            return None
        return self.content[name]

    def _wrong[T](self, name: str, kind: str, *, default: T) -> T:
        self.note("pack.kind", name, "It is not of the right kind.", f"Give {kind}.")
        return default

    def _list(self, name: str) -> list[object]:
        if not self.has(name):
            return []
        value = self.content[name]
        return value if isinstance(value, list) else self._wrong(name, "a list", default=[])

    def _languages(self, name: str, value: object) -> LocalizedText:
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
            return self._wrong(name, f"a text in {', '.join(LANGUAGES)}", default={})
        for language in missing_languages(value):
            self.note("pack.language", f"{name}.{language}", "The text is missing.", "Write it in this language too.")
        for language in value:
            if language not in LANGUAGES:
                self.note("pack.language", f"{name}.{language}", "This language is not used.", "Remove it.")
        return {language: str(value.get(language, "")).strip() for language in LANGUAGES}


def open_file(files: ParsedFiles, name: str, findings: list[Finding]) -> Table:
    """Return a file as a table; a file that is absent is a finding, and then empty."""
    if name not in files:
        findings.append(Finding("error", "pack.file", name, "", "The file is missing.", "Add it to the pack."))
    return Table(name, "", files.get(name, {}), findings)
