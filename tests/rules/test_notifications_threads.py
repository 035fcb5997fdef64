from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from announcements import at, bulletin
from tocsin.notifications.rules.audience import told_of
from tocsin.notifications.rules.threads import HOLDS_AFTER, STAYS_AFTER, Course, Decided, Earlier, course_of, subject_of


def said(incident: int, kind: str, minute: float, *, thread: int = 0, course: Course = "tell") -> Earlier:
    return Earlier(f"i{incident}", f"i{thread or incident}", kind, at(minute), course)


TWICE = (said(1, "first", 0), said(1, "end", 5), said(2, "first", 10), said(2, "end", 15))
THIRD = said(3, "first", 20, thread=1, course="comes_and_goes")


def test_what_happens_once_or_twice_an_hour_is_told_each_time() -> None:
    assert course_of("first", incident="i1", earlier=[], now=at(0)) == Decided("tell", "i1", at(0))
    assert course_of("first", incident="i2", earlier=TWICE[:2], now=at(10)) == Decided("tell", "i2", at(10))
    assert course_of("end", incident="i2", earlier=TWICE[:3], now=at(15)) == Decided("tell", "i2", at(15))


def test_the_third_opening_within_an_hour_comes_and_goes_in_the_first_ones_conversation() -> None:
    assert course_of("first", incident="i3", earlier=TWICE, now=at(20)) == Decided("comes_and_goes", "i1", at(20))


def test_openings_longer_ago_than_an_hour_count_no_more() -> None:
    assert course_of("first", incident="i3", earlier=TWICE, now=at(61)).course == "tell"


def test_after_that_was_said_it_is_not_said_again() -> None:
    earlier = (*TWICE, THIRD, said(3, "end", 25, thread=1, course="later"))
    assert course_of("first", incident="i4", earlier=earlier, now=at(30)) == Decided("quiet", "i1", at(30))


def test_its_end_is_told_when_it_has_held() -> None:
    decided = course_of("end", incident="i3", earlier=(*TWICE, THIRD), now=at(25))
    assert decided == Decided("later", "i1", at(25) + HOLDS_AFTER)


def test_updates_of_what_comes_and_goes_wait_until_it_has_stayed() -> None:
    soon, late = at(20) + STAYS_AFTER - timedelta(seconds=1), at(20) + STAYS_AFTER
    assert course_of("update", incident="i3", earlier=(*TWICE, THIRD), now=soon).course == "quiet"
    assert course_of("update", incident="i3", earlier=(*TWICE, THIRD), now=late).course == "tell"


def test_a_retraction_is_told_at_once() -> None:
    assert course_of("retraction", incident="i3", earlier=(*TWICE, THIRD), now=at(21)) == Decided("tell", "i1", at(21))


@given(st.lists(st.floats(0.5, 5), min_size=1, max_size=12))
def test_however_often_it_opens_within_an_hour_few_messages_come_of_it(gaps: list[float]) -> None:
    earlier: list[Earlier] = []
    minute, told = 0.0, 0
    for number, gap in enumerate(gaps):
        for kind in ("first", "end"):
            minute += gap / 2
            decided = course_of(kind, incident=f"i{number}", earlier=earlier, now=at(minute))
            told += decided.course in {"tell", "comes_and_goes"}
            earlier.append(Earlier(f"i{number}", decided.thread, kind, at(minute), decided.course))
    assert told <= 5


def test_a_subject_is_what_is_hit_whatever_its_order() -> None:
    one = told_of(bulletin(functions=("dispense", "tarify")))
    assert subject_of(one) == subject_of(replace(one, functions=("tarify", "dispense"), state="degraded"))
    assert subject_of(one) != subject_of(replace(one, regions=("BE-VLG",)))
    assert subject_of(one) != subject_of(replace(one, is_drill=True))
