"""The audit log's chain: whatever is changed, removed, moved, replaced or cut off is found, and named."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.audit.rules import GENESIS, Entry, Fault, Head, digest, faults, next_entry

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        entries.append(
            next_entry(
                entries[-1] if entries else None,
                at=START + timedelta(seconds=number),
                actor="ann" if number % 2 else "engine",
                action="incident.noted",
                subject=f"2026-03-02-{number}",
                facts={"characters": number, "text": "é", "share": 0.25, "none": None},
            )
        )
    return entries


def kinds(found: Sequence[Fault]) -> list[tuple[int, str]]:
    return [(fault.seq, fault.kind) for fault in found]


def test_the_first_entry_follows_nothing() -> None:
    (first,) = chain(1)
    assert (first.seq, first.previous_hash) == (1, GENESIS)
    assert first.hash == digest(first)


def test_each_entry_carries_the_hash_of_the_one_before() -> None:
    first, second, third = chain(3)
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)


def test_the_hash_covers_the_moment_and_not_the_zone_it_is_written_in() -> None:
    (entry,) = chain(1)
    elsewhere = replace(entry, at=entry.at.astimezone(tz=None))
    assert digest(elsewhere) == entry.hash


def test_facts_that_json_cannot_hold_are_refused_when_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        next_entry(None, at=START, actor="a", action="b", subject="c", facts={"share": float("nan")})


def test_a_log_that_was_left_alone_has_no_fault() -> None:
    entries = chain(5)
    assert faults(entries, heads=[Head(3, entries[2].hash), Head(5, entries[4].hash)]) == []
    assert faults([]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "eve"},
        {"action": "incident.closed"},
        {"subject": "other"},
        {"facts": {"characters": 99}},
        {"at": START + timedelta(days=1)},
        {"previous_hash": "1" * 64},
        {"hash": "1" * 64},
    ],
)
def test_a_changed_field_is_found_at_its_entry(change: dict[str, object]) -> None:
    entries = chain(4)
    entries[1] = replace(entries[1], **change)  # type: ignore[arg-type]  # one field or another
    found = faults(entries)
    assert kinds(found) == [(2, "changed")]
    assert "Entry 2" in found[0].message


def test_removed_entries_are_found_where_they_were() -> None:
    entries = chain(6)
    assert kinds(faults([*entries[:2], *entries[4:]])) == [(3, "removed")]
    assert faults([*entries[:2], *entries[4:]])[0].message == "Entries 3 to 4 were removed."
    assert faults([*entries[:2], *entries[3:]])[0].message == "Entry 3 was removed."


def test_removed_first_entries_are_found() -> None:
    assert kinds(faults(chain(4)[2:])) == [(1, "removed")]


def test_a_chain_that_was_renumbered_after_a_removal_is_found() -> None:
    entries = chain(4)
    renumbered = [entries[0], *(replace(entry, seq=entry.seq - 1) for entry in entries[2:])]
    assert kinds(faults(renumbered)) == [(2, "reordered"), (3, "reordered")]


def test_entries_that_changed_places_are_told_apart_from_changed_ones() -> None:
    entries = chain(5)
    swapped = [entries[0], replace(entries[3], seq=2), entries[2], replace(entries[1], seq=4), entries[4]]
    found = faults(swapped)
    assert kinds(found) == [(2, "reordered"), (4, "reordered")]
    assert found[0].message == "Entry 2 was written as entry 4: it was moved."


def test_an_entry_that_was_replaced_and_sealed_anew_contradicts_its_successor() -> None:
    entries = chain(4)
    entries[1] = next_entry(entries[0], at=START, actor="eve", action="policy.released", subject="policy", facts={})
    assert kinds(faults(entries)) == [(2, "unlinked")]


def test_a_first_entry_that_follows_something_unknown_is_found() -> None:
    (first,) = chain(1)
    forged = replace(first, previous_hash="2" * 64)
    assert kinds(faults([replace(forged, hash=digest(forged))])) == [(1, "unlinked")]


def test_entries_cut_off_at_the_end_are_found_by_a_noted_head() -> None:
    entries = chain(5)
    assert faults(entries[:3]) == []
    found = faults(entries[:3], heads=[Head(2, entries[1].hash), Head(5, entries[4].hash)])
    assert kinds(found) == [(4, "cut")]


def test_a_log_rewritten_from_the_start_is_found_by_a_noted_head() -> None:
    entries = chain(3)
    rewritten = [
        next_entry(None, at=START, actor="eve", action="a", subject="b", facts={}),
    ]
    assert faults(rewritten) == []
    assert kinds(faults(rewritten, heads=[Head(1, entries[0].hash)])) == [(1, "unknown_head")]


@given(length=st.integers(2, 12), data=st.data())
def test_no_single_removal_within_the_log_goes_unnoticed(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    gone = data.draw(st.integers(0, length - 2))
    assert kinds(faults(entries[:gone] + entries[gone + 1 :])) == [(gone + 1, "removed")]


@given(length=st.integers(2, 10), data=st.data())
def test_no_swap_goes_unnoticed(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    left, right = sorted(data.draw(st.lists(st.integers(0, length - 1), min_size=2, max_size=2, unique=True)))
    swapped = list(entries)
    swapped[left] = replace(entries[right], seq=left + 1)
    swapped[right] = replace(entries[left], seq=right + 1)
    assert kinds(faults(swapped)) == [(left + 1, "reordered"), (right + 1, "reordered")]


@given(facts=st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none(), max_size=4))
def test_any_facts_are_sealed_the_same_whatever_order_they_come_in(facts: dict[str, object]) -> None:
    given_order = next_entry(None, at=START, actor="a", action="b", subject="c", facts=facts)
    other_order = next_entry(None, at=START, actor="a", action="b", subject="c", facts=dict(reversed(facts.items())))
    assert given_order.hash == other_order.hash
