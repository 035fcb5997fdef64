from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from announcements import at, incident
from tocsin.detection.rules.model import State, Subject
from tocsin.kernel.intervals import Span
from tocsin.review.rules.honesty import disagreement, ended_at, failing_spans
from tocsin.review.rules.model import PageState, Past, StateChange

DISPENSE = Subject("dispense", "pharmacist")
UNTIL = at(600)


def page(minute: float, state: State, *, function: str = "dispense") -> PageState:
    return PageState(at(minute), {function: {"pharmacist": state}}, ("2026-03-02-1",))


def change(minute: float, state: State, *, since: float, function: str = "dispense") -> StateChange:
    return StateChange(at(minute), Subject(function, "pharmacist"), state, at(since))


def past(*, pages: tuple[PageState, ...] = (), changes: tuple[StateChange, ...] = ()) -> Past:
    return Past(incidents=(), publications=(), pages=pages, changes=changes, until=UNTIL)


def minutes(
    pages: tuple[PageState, ...],
    *,
    changes: tuple[StateChange, ...] = (),
    functions: tuple[str, ...] = ("dispense",),
    **given: object,
) -> tuple[float, float]:
    fine, bad = disagreement(
        "pharmacist", functions=functions, incident=incident(**given), past=past(pages=pages, changes=changes)
    )
    return fine / timedelta(minutes=1), bad / timedelta(minutes=1)


def test_the_trouble_ended_where_the_good_run_began() -> None:
    assert ended_at(incident()) == at(60)
    assert ended_at(incident(good_since=None)) == at(70)
    assert ended_at(incident(closed_at=None)) is None


def test_a_page_that_said_no_problem_until_it_was_noticed_lied_that_long() -> None:
    pages = (page(-100, State.OK), page(3, State.DOWN), page(60, State.OK))
    assert minutes(pages) == (3, 0)


def test_a_page_that_goes_on_warning_after_the_end_is_wrong_the_other_way() -> None:
    pages = (page(0, State.DOWN), page(71, State.OK))
    assert minutes(pages) == (0, 11)


def test_that_it_was_noticed_late_that_all_was_well_makes_no_warning_right() -> None:
    changes = (change(2, State.DOWN, since=0), change(64, State.OK, since=64))
    assert minutes((page(0, State.DOWN), page(71, State.OK)), changes=changes) == (0, 11)


def test_not_clear_yet_is_neither() -> None:
    assert minutes((page(-100, State.UNKNOWN), page(71, State.OK))) == (0, 0)


def test_before_anything_was_published_no_page_said_anything() -> None:
    assert minutes((page(10, State.OK), page(20, State.DOWN), page(60, State.OK))) == (10, 0)
    assert minutes(()) == (0, 0)


def test_what_the_pages_do_not_know_of_is_not_called_fine() -> None:
    assert minutes((page(-1, State.OK, function="tarify"), page(71, State.OK))) == (0, 0)


def test_verdicts_say_more_exactly_when_it_failed() -> None:
    changes = (
        change(2, State.DOWN, since=0),
        change(32, State.OK, since=30),
        change(42, State.DEGRADED, since=40),
        change(62, State.OK, since=60),
    )
    pages = (page(-1, State.OK), page(2, State.DOWN), page(71, State.OK))
    # Wrongly fine for the two minutes before it was noticed; wrongly bad from 30 to 40 and from 60 to 71.
    assert minutes(pages, changes=changes) == (2, 21)


def test_a_moment_counts_once_however_many_functions_it_concerns() -> None:
    fine = {"dispense": {"pharmacist": State.OK}, "tarify": {"pharmacist": State.OK}}
    bad = {"dispense": {"pharmacist": State.DOWN}, "tarify": {"pharmacist": State.DOWN}}
    pages = (PageState(at(-1), fine), PageState(at(4), bad), PageState(at(60), fine))
    assert minutes(pages, functions=("dispense", "tarify")) == (4, 0)


def test_both_can_be_wrong_at_once() -> None:
    changes = (change(1, State.DOWN, since=0), change(1, State.OK, since=1, function="tarify"))
    states: Mapping[str, Mapping[str, State]] = {
        "dispense": {"pharmacist": State.OK},
        "tarify": {"pharmacist": State.DEGRADED},
    }
    tarify_recovers = (
        *changes,
        change(5, State.DOWN, since=5, function="tarify"),
        change(20, State.OK, since=20, function="tarify"),
    )
    fine, bad = minutes((PageState(at(0), states),), changes=tarify_recovers, functions=("dispense", "tarify"))
    assert fine == 60
    assert bad == 55


def test_while_it_goes_on_it_is_counted_up_to_now() -> None:
    assert minutes((page(-1, State.OK),), closed_at=None, good_since=None) == (600, 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), [Span(at(0), at(60))]),
        ((change(2, State.DOWN, since=-3),), [Span(at(0), at(60))]),
        (
            (change(2, State.DEGRADED, since=1), change(9, State.DOWN, since=8), change(31, State.OK, since=30)),
            [Span(at(1), at(30))],
        ),
        ((change(2, State.DOWN, since=1), change(31, State.UNKNOWN, since=30)), [Span(at(1), at(30))]),
        ((change(2, State.DOWN, since=0, function="tarify"),), [Span(at(0), at(60))]),
        ((change(1, State.OK, since=0),), [Span(at(0), at(60))]),
    ],
    ids=["none known", "not before the first hit", "one run", "unknown ends it", "another subject", "only good news"],
)
def test_when_a_subject_was_failing(changes: tuple[StateChange, ...], expected: list[Span]) -> None:
    assert failing_spans(DISPENSE, incident=incident(), changes=changes) == expected


@given(
    moments=st.lists(st.tuples(st.integers(-50, 150), st.sampled_from(list(State))), max_size=12),
    shift=st.integers(1, 500),
)
def test_no_page_is_wrong_for_longer_than_it_spoke_and_weeks_change_nothing(
    moments: list[tuple[int, State]], shift: int
) -> None:
    pages = tuple(page(minute, state) for minute, state in sorted(moments, key=lambda pair: pair[0]))
    fine, bad = minutes(pages)
    assert 0 <= fine <= 60
    assert bad >= 0
    weeks = timedelta(weeks=shift)
    moved = Past((), (), tuple(PageState(each.at + weeks, each.states) for each in pages), (), UNTIL + weeks)
    names = ("opened_at", "hit_since", "phase_since", "good_since", "closed_at")
    later = incident(**{name: getattr(incident(), name) + weeks for name in names})
    again = disagreement("pharmacist", functions=("dispense",), incident=later, past=moved)
    assert again == (timedelta(minutes=fine), timedelta(minutes=bad))
