"""What intake lets through, and that no good row suffers for a bad one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.observations.rules.model import Transactions
from tocsin.observations.rules.records import Record, decoded, encoded
from tocsin.observations.rules.screening import EARLIEST, LATEST, screened

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
type Row = tuple[float, str, str, str]


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(Path(__file__).parents[2] / "packs" / "belgium")


def batch(*rows: Row) -> Transactions:
    """Build transactions of (seconds from NOW, service, package, region), each standing for two."""
    words = [tuple(dict.fromkeys(str(row[place]) for row in rows)) for place in (1, 2, 3)]
    return Transactions(
        time_us=np.array([round((NOW.timestamp() + row[0]) * 1e6) for row in rows], np.int64),
        vantage=np.zeros(len(rows), np.int16),
        service=np.array([words[0].index(row[1]) for row in rows], np.int16),
        package=np.array([words[1].index(row[2]) for row in rows], np.int16),
        region=np.array([words[2].index(row[3]) for row in rows], np.int16),
        outcome=np.zeros(len(rows), np.int8),
        duration_ms=np.full(len(rows), 20.0, np.float32),
        count=np.full(len(rows), 2, np.int64),
        services=words[0],
        packages=words[1],
        regions=words[2],
    )


def good(at_s: float = -5.0, service: str = "sts") -> Row:
    return at_s, service, "gp-a", "BE-WLG"


def test_good_rows_pass_as_they_are(pack: Pack) -> None:
    result = screened(batch(good(), good(0)), pack=pack, now=NOW)
    assert (len(result.transactions), result.refused, result.remarks, result.words) == (2, {}, {}, {})
    assert result.refused_count == 0


def test_nothing_at_all_passes_too(pack: Pack) -> None:
    assert len(screened(batch(), pack=pack, now=NOW).transactions) == 0


def test_bad_rows_are_counted_by_what_they_stand_for_and_named(pack: Pack) -> None:
    rows = (good(), good(service="x"), good(service="y"), good(-7200), good(600), good(600, service="x"))
    result = screened(batch(*rows), pack=pack, now=NOW)

    assert len(result.transactions) == 1
    assert result.refused == {"unknown_service": 6, "too_old": 2, "too_new": 2}
    assert result.refused_count == 10
    assert result.words["unknown_service"] == "unknown service: x, y"
    assert result.words["too_old"] == "a clock far off: up to 7,200 s behind ours, which says 2024-03-04T08:00:00Z"
    assert "600 s ahead of ours" in result.words["too_new"]


def test_long_lists_of_unknown_names_are_cut(pack: Pack) -> None:
    result = screened(batch(*(good(service=f"x{number}") for number in range(9))), pack=pack, now=NOW)
    assert result.words["unknown_service"] == "unknown service: x0, x1, x2, x3, x4 and 4 more"


def test_the_bounds_themselves_are_inside(pack: Pack) -> None:
    rows = (good(-LATEST.total_seconds()), good(EARLIEST.total_seconds()))
    assert len(screened(batch(*rows), pack=pack, now=NOW).transactions) == 2
    beyond = timedelta(milliseconds=1).total_seconds()
    rows = (good(-LATEST.total_seconds() - beyond), good(EARLIEST.total_seconds() + beyond))
    assert len(screened(batch(*rows), pack=pack, now=NOW).transactions) == 0


def test_unknown_callers_are_kept_as_not_known(pack: Pack) -> None:
    rows = ((-5.0, "sts", "p1", "r1"), (-4.0, "sts", "p2", "BE-WLG"), (-3.0, "sts", "gp-a", "*"))
    result = screened(batch(*rows), pack=pack, now=NOW)
    kept = result.transactions
    assert [kept.packages[code] for code in kept.package] == ["*", "*", "gp-a"]
    assert [kept.regions[code] for code in kept.region] == ["*", "BE-WLG", "*"]
    assert result.remarks == {"unknown_package": 4, "unknown_region": 2}
    assert result.words["unknown_package"] == "unknown package: p1, p2"


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.sampled_from("abc"), st.sampled_from("de"), st.just("é")), max_size=20),
    st.none() | st.text(max_size=20),
)
def test_a_record_is_read_back_as_it_was_written(rows: list[Row], key: str | None) -> None:
    written = Record(key=key, transactions=batch(*rows))
    read = decoded(encoded(written))
    assert read.key == key
    for name in ("services", "packages", "regions", "vantages"):
        assert getattr(read.transactions, name) == getattr(written.transactions, name)
    for name in ("time_us", "vantage", "service", "package", "region", "outcome", "duration_ms", "count"):
        np.testing.assert_array_equal(getattr(read.transactions, name), getattr(written.transactions, name))


def test_a_record_of_a_version_to_come_is_refused() -> None:
    content = encoded(Record(key=None, transactions=batch(good()))).replace(b'"version": 1', b'"version": 9')
    with pytest.raises(ValueError, match="version 9"):
        decoded(content)
