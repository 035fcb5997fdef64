"""The chain that makes a silent change of the audit log visible.

Each entry's hash covers every field of it and the hash of the entry before, over canonical JSON. Whoever changes,
removes or moves an entry breaks the chain at that place; whoever cuts the newest entries off contradicts the
heads that were noted apart from the table. What the chain cannot show: someone who rewrites the whole log *and*
every noted head. Against that, a head's hash must be kept where that person does not reach.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from tocsin.kernel.clock import format_moment

GENESIS = "0" * 64
"""What the first entry has for a previous hash."""

AUTOMATIC = frozenset({"engine", "policy"})
"""The actors that are no persons: Tocsin itself, by its engine or by the publication policy."""

type FaultKind = Literal["changed", "reordered", "removed", "unlinked", "cut", "unknown_head"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log: who (`actor`) did what (`action`, dotted) to what (`subject`), when."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    facts: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry at some moment, as it was noted apart from the table."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the log is not what was written: the entry (`seq`), what is wrong, and the words for it."""

    seq: int
    kind: FaultKind
    message: str


def is_automatic(actor: str) -> bool:
    """Say whether Tocsin itself acted."""
    return actor in AUTOMATIC


def digest(entry: Entry) -> str:
    """Return the SHA-256 of the entry's canonical JSON (keys sorted, no spaces, UTF-8), its own hash left out."""
    fields = asdict(entry) | {"at": format_moment(entry.at), "facts": dict(entry.facts)}
    del fields["hash"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def next_entry(
    previous: Entry | None, *, at: datetime, actor: str, action: str, subject: str, facts: Mapping[str, Any]
) -> Entry:
    """Return the entry that follows `previous` (None: the first of all), sealed."""
    bare = Entry(
        seq=1 if previous is None else previous.seq + 1,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        facts=facts,
        previous_hash=GENESIS if previous is None else previous.hash,
        hash="",
    )
    return replace(bare, hash=digest(bare))


def faults(entries: Iterable[Entry], *, heads: Iterable[Head] = ()) -> list[Fault]:
    """Return every place where the log is not what was written, in order of `seq`; an empty list means intact.

    `entries` come in order of `seq`; `heads` are the noted ones, in any order.
    """
    rows = list(entries)
    broken = [entry for entry in rows if digest(entry) != entry.hash]
    found = [_content_fault(entry, broken) for entry in broken]
    found += _link_faults(rows, {entry.seq for entry in broken})
    found += _head_faults({entry.seq: entry.hash for entry in rows}, heads)
    return sorted(found, key=lambda fault: (fault.seq, fault.kind))


def _content_fault(entry: Entry, broken: Sequence[Entry]) -> Fault:
    # An entry that was only moved still matches its hash under the number it was written with.
    written_as = next((seq for seq in _numbers(broken) if digest(replace(entry, seq=seq)) == entry.hash), None)
    if written_as is not None:
        return Fault(entry.seq, "reordered", f"Entry {entry.seq} was written as entry {written_as}: it was moved.")
    return Fault(entry.seq, "changed", f"Entry {entry.seq} ({entry.action}) is not what was written: it was changed.")


def _numbers(broken: Sequence[Entry]) -> list[int]:
    # Beside the broken entries' own numbers, those just before and after: a shift by one is what a removal invites.
    return sorted({entry.seq + step for entry in broken for step in (-1, 0, 1)})


def _link_faults(rows: Sequence[Entry], broken: set[int]) -> list[Fault]:
    found = []
    if rows and rows[0].seq > 1:
        found.append(_removed(1, rows[0].seq - 1))
    elif rows and rows[0].previous_hash != GENESIS and rows[0].seq not in broken:
        found.append(Fault(rows[0].seq, "unlinked", "The first entry follows an entry that is not there."))
    for before, after in pairwise(rows):
        if after.seq > before.seq + 1:
            found.append(_removed(before.seq + 1, after.seq - 1))
        elif after.previous_hash != before.hash and not {before.seq, after.seq} & broken:
            words = f"Entry {after.seq} follows another entry {before.seq} than the one that is there: it was replaced."
            found.append(Fault(before.seq, "unlinked", words))
    return found


def _removed(first: int, last: int) -> Fault:
    which = f"Entry {first} was" if first == last else f"Entries {first} to {last} were"
    return Fault(first, "removed", f"{which} removed.")


def _head_faults(hashes: Mapping[int, str], heads: Iterable[Head]) -> list[Fault]:
    noted = {head.seq: head for head in heads}
    newest = max(hashes, default=0)
    found = []
    if noted and max(noted) > newest:
        words = f"The newest entries, up to {max(noted)}, were cut off; {newest} is the last that is there."
        found.append(Fault(newest + 1, "cut", words))
    for head in noted.values():
        if head.seq in hashes and hashes[head.seq] != head.hash:
            words = f"Entry {head.seq} is not the one that was noted when it was the newest: the log was rewritten."
            found.append(Fault(head.seq, "unknown_head", words))
    return found
