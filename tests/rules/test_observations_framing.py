"""The intake log's frames: whatever is cut off or damaged, every whole record before it is read."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.observations.rules.framing import HEAD_SIZE, MARK, MAX_CONTENT, framed, unframed

RECORDS = st.lists(st.binary(max_size=60), max_size=8)


def contents(data: bytes) -> list[bytes]:
    return [content for _, content in unframed(data).records]


@given(RECORDS, st.integers(0, 10**9))
def test_what_was_framed_is_read(records: list[bytes], offset: int) -> None:
    data = b"".join(map(framed, records))
    frames = unframed(data, offset=offset)
    assert [content for _, content in frames.records] == records
    assert (frames.end, frames.stopped_at) == ("whole", offset + len(data))
    assert [behind for behind, _ in frames.records][-1:] == [offset + len(data)] * bool(records)


@given(RECORDS, st.binary(min_size=1, max_size=60), st.data())
def test_a_torn_tail_costs_the_torn_record_only(records: list[bytes], last: bytes, data: st.DataObject) -> None:
    whole = b"".join(map(framed, records))
    torn = framed(last)[: data.draw(st.integers(1, HEAD_SIZE + len(last) - 1))]
    frames = unframed(whole + torn)
    assert [content for _, content in frames.records] == records
    assert (frames.end, frames.stopped_at) == ("torn", len(whole))


@given(RECORDS, st.binary(min_size=1, max_size=60), st.data())
def test_a_changed_byte_is_never_read_as_good(records: list[bytes], last: bytes, data: st.DataObject) -> None:
    whole = b"".join(map(framed, records))
    frame = bytearray(framed(last))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    assert contents(whole + bytes(frame)) == records


def test_an_impossible_length_is_damage_and_not_a_record_yet_to_come() -> None:
    head = MARK + (MAX_CONTENT + 1).to_bytes(4, "little") + bytes(4)
    assert unframed(head).end == "damaged"
    assert unframed(b"something else").end == "damaged"
