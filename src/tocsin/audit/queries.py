"""Reading the audit log, and verifying it."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

from tocsin.audit.models import AuditEntry
from tocsin.audit.rules import Entry, Fault, Head, faults


def newest(limit: int = 50) -> list[AuditEntry]:
    """Return the newest entries, oldest of them first."""
    return list(AuditEntry.objects.order_by("-seq")[:limit])[::-1]


def last_seq() -> int:
    """Return the number of the newest entry, 0 when there is none."""
    return AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def entry_of(row: AuditEntry) -> Entry:
    """Return the row as the rules read it."""
    return Entry(row.seq, row.at, row.actor, row.action, row.subject, row.facts, row.previous_hash, row.hash)


def verify(*, known_head: str | None = None) -> list[Fault]:
    """Return every fault of the log; `known_head` is a hash that was once noted as the newest, kept elsewhere."""
    entries = [entry_of(row) for row in AuditEntry.objects.order_by("seq").iterator()]
    found = faults(entries, heads=noted_heads())
    if known_head is not None and known_head not in {entry.hash for entry in entries}:
        newest_seq = entries[-1].seq if entries else 0
        words = f"No entry has the hash {known_head[:12]}… that you noted: the log was rewritten or cut."
        found.append(Fault(newest_seq, "unknown_head", words))
    return found


def head_log() -> Path | None:
    """Return the file in which heads are noted apart from the table; None for a database in memory."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]  # SQLite's wrapper only
        return None
    folder: Path = settings.CONFIGURATION.data_folder
    return folder / "audit-heads.log"


def noted_heads() -> Iterator[Head]:
    """Yield the heads that were noted; a last line that a crash cut short is passed over."""
    path = head_log()
    if path is None or not path.exists():
        return
    with path.open() as lines:
        for line in lines:
            seq, _, rest = line.rstrip("\n").partition(" ")
            if seq.isdigit() and len(rest) == len("0" * 64):
                yield Head(int(seq), rest)
