"""Writing the audit log: within the transaction of the act itself, so that neither exists without the other."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from tocsin.audit.models import AuditEntry
from tocsin.audit.queries import entry_of, head_log
from tocsin.audit.rules import next_entry


def record(
    *, at: datetime, actor: str, action: str, subject: str, facts: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Add an entry to the chain, inside the caller's transaction, and note the new head once it is committed.

    Safe with several writers: SQLite's IMMEDIATE transactions come one after the other, and elsewhere the row lock
    on the newest entry (and the primary key) makes the second one wait.
    """
    with transaction.atomic():
        last = AuditEntry.objects.select_for_update().order_by("-seq").first()
        entry = next_entry(
            None if last is None else entry_of(last),
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            facts=facts or {},
        )
        row = AuditEntry.objects.create(
            seq=entry.seq,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            facts=dict(entry.facts),
            previous_hash=entry.previous_hash,
            hash=entry.hash,
        )
        transaction.on_commit(lambda: _note_head(row))
    return row


def _note_head(row: AuditEntry) -> None:
    # Appended in one write, so that several processes may note at the same time without locking.
    path = head_log()
    if path is None:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, f"{row.seq} {row.hash}\n".encode())
    finally:
        os.close(descriptor)
