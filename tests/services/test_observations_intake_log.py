"""The intake log on a real disk: torn tails, segments that come and go, and a reader that is cut off anywhere."""

import fcntl
import os
from pathlib import Path

import pytest

from tocsin.observations import intake_log
from tocsin.observations.intake_log import IntakeReader, IntakeWriter, Pending


def contents(pending: Pending | None) -> list[bytes]:
    return [] if pending is None else [content for _, content in pending.records]


def drained(reader: IntakeReader) -> list[bytes]:
    found: list[bytes] = []
    while (pending := reader.pending()) is not None:
        found += contents(pending)
        reader.mark_stored(pending)
    return found


def segments(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir() if path.suffix in {".log", ".damaged"})


def test_records_are_read_once_in_order(tmp_path: Path) -> None:
    writer, reader = IntakeWriter(tmp_path), IntakeReader(tmp_path)
    places = [writer.append(content) for content in (b"one", b"", b"three")]
    pending = reader.pending()
    assert pending is not None
    assert list(pending.records) == list(zip(places, (b"one", b"", b"three"), strict=True))
    assert reader.backlog_bytes() > 0
    reader.mark_stored(pending)
    assert (reader.pending(), reader.backlog_bytes()) == (None, 0)
    writer.append(b"four")
    assert contents(reader.pending()) == [b"four"]
    writer.close()


def test_a_reader_cut_off_before_storing_reads_the_very_same_again(tmp_path: Path) -> None:
    writer = IntakeWriter(tmp_path)
    writer.append(b"one")
    first = IntakeReader(tmp_path).pending()
    writer.append(b"two")
    again = IntakeReader(tmp_path).pending()
    assert again == first
    reader = IntakeReader(tmp_path)
    assert again is not None
    reader.mark_stored(again)
    assert contents(IntakeReader(tmp_path).pending()) == [b"two"]
    writer.close()


def test_a_segment_goes_when_all_of_it_is_stored_and_nobody_holds_it(tmp_path: Path) -> None:
    writer, reader = IntakeWriter(tmp_path), IntakeReader(tmp_path)
    writer.append(b"one")
    assert drained(reader) == [b"one"]
    assert segments(tmp_path) == [".log"]
    writer.close()
    reader.tidy()
    assert segments(tmp_path) == []
    assert IntakeReader(tmp_path).pending() is None


def test_old_and_long_segments_are_left_for_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_log, "SEGMENT_BYTES", 20)
    writer = IntakeWriter(tmp_path)
    for number in range(3):
        writer.append(b"0123456789" + bytes([number]))
    assert len(segments(tmp_path)) == 3
    assert len(drained(IntakeReader(tmp_path))) == 3
    writer.close()


def test_a_torn_tail_is_tolerated_and_its_segment_removed(tmp_path: Path) -> None:
    writer = IntakeWriter(tmp_path)
    writer.append(b"one")
    writer.close()
    (path,) = tmp_path.glob("*.log")
    with path.open("ab") as file:
        file.write(b"TCN1\x40\x00\x00\x00torn")
    assert drained(IntakeReader(tmp_path)) == [b"one"]
    assert segments(tmp_path) == []


def test_damage_is_kept_aside_and_stops_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = IntakeWriter(tmp_path)
    writer.append(b"one")
    writer.append(b"two")
    writer.close()
    (path,) = tmp_path.glob("*.log")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    writer.append(b"three")
    assert drained(IntakeReader(tmp_path)) == [b"one", b"three"]
    assert segments(tmp_path) == [".damaged", ".log"]
    assert "is damaged" in caplog.text
    writer.close()


def test_a_writer_never_writes_into_a_segment_that_was_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []

    def snatching(descriptor: int, how: int) -> None:
        fcntl_flock(descriptor, how)
        if not taken:
            (path,) = tmp_path.glob("*.log")
            path.unlink()
            taken.append(path)

    fcntl_flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", snatching)
    writer = IntakeWriter(tmp_path)
    writer.append(b"one")
    monkeypatch.undo()
    assert taken
    assert drained(IntakeReader(tmp_path)) == [b"one"]
    writer.close()


def test_after_a_failed_write_another_segment_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = IntakeWriter(tmp_path)
    writer.append(b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(OSError, match="No space"):
        writer.append(b"two, not acknowledged")
    monkeypatch.undo()
    writer.append(b"three")
    found = drained(IntakeReader(tmp_path))
    assert (found[0], found[-1]) == (b"one", b"three")
    writer.close()


def test_a_segment_removed_by_somebody_else_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = IntakeWriter(tmp_path)
    writer.append(b"one")
    reader = IntakeReader(tmp_path)
    assert contents(reader.pending()) == [b"one"]
    for path in tmp_path.glob("*.log"):
        path.unlink()
    writer.close()
    writer.append(b"two")
    assert drained(IntakeReader(tmp_path)) == [b"two"]
    assert "was removed by somebody else" in caplog.text
    writer.close()


def test_a_long_record_is_read_whole_and_a_long_log_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_log, "READ_BYTES", 100)
    writer, reader = IntakeWriter(tmp_path), IntakeReader(tmp_path)
    records = [b"x" * 1000, *(bytes([number]) * 40 for number in range(5))]
    for record in records:
        writer.append(record)
    first = reader.pending()
    assert contents(first)[0] == records[0]
    assert len(contents(first)) < len(records)
    assert drained(reader) == records
    writer.close()
