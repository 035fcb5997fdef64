"""The geometry of the charts."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.web.charts import HEIGHT, WIDTH, Mark, Point, chart

START = datetime(2020, 1, 27, 7, 0, tzinfo=UTC)
END = START + timedelta(hours=1)


def point(minute: int, share: float, low: float = 0.0, high: float = 0.05) -> Point:
    return Point(START + timedelta(minutes=minute), share, low, high)


def test_points_run_from_left_to_right_and_a_higher_share_is_higher_up() -> None:
    drawn = chart([point(0, 0.0), point(60, 0.1)], [], start=START, end=END)
    assert drawn.line == f"M{drawn.left}.0 {drawn.bottom}.0 L{drawn.right}.0 {drawn.top}.0"


def test_the_band_is_closed_around_the_expected() -> None:
    drawn = chart([point(0, 0.0), point(60, 0.0)], [], start=START, end=END)
    assert drawn.band.endswith(" Z")
    assert drawn.band.count("L") == 3


@pytest.mark.parametrize(
    ("share", "ceiling"), [(0.0, "10%"), (0.1, "10%"), (0.11, "20%"), (0.4, "50%"), (0.51, "100%"), (1.0, "100%")]
)
def test_the_scale_goes_up_in_round_steps(share: float, ceiling: str) -> None:
    assert chart([point(1, share)], [], start=START, end=END).shares[-1].label == ceiling


@pytest.mark.parametrize(("hours", "ticks"), [(1, 7), (2, 5), (6, 7), (12, 4)])
def test_the_time_axis_has_a_handful_of_whole_moments(hours: int, ticks: int) -> None:
    drawn = chart([], [], start=START, end=START + timedelta(hours=hours))
    assert len(drawn.moments) == ticks
    assert all(moment.at.minute % 10 == 0 for moment in drawn.moments)


def test_what_lies_outside_is_left_out() -> None:
    marks = [Mark(START - timedelta(minutes=1), "change", "early"), Mark(START, "bulletin", "in")]
    drawn = chart([point(-1, 0.9), point(61, 0.9)], marks, start=START, end=END)
    assert (drawn.line, drawn.band) == ("", "")
    assert [mark.label for mark in drawn.marks] == ["in"]


def test_everything_stays_inside_the_drawing() -> None:
    drawn = chart([point(0, 1.0, 0.0, 1.0), point(60, 0.0)], [Mark(END, "report", "x")], start=START, end=END)
    numbers = [float(part.strip("MLZ")) for part in f"{drawn.line} {drawn.band}".split() if part.strip("MLZ")]
    assert max(numbers[0::2]) <= WIDTH
    assert max(numbers[1::2]) <= HEIGHT
    assert drawn.marks[0].x <= WIDTH


def test_no_time_at_all_is_no_error() -> None:
    assert chart([point(0, 0.1)], [], start=START, end=START).line.startswith("M")
