"""'I have this problem too': counted once a day and visitor, forgotten, and never seen by the engine or the pages."""

from datetime import datetime, timedelta

import pytest

from factories import console as make
from tocsin.kernel.errors import InputError
from tocsin.observations.crowd import Crowd, crowd, note_problem
from tocsin.observations.models import CrowdReport
from tocsin.observations.queries import configured_pack, evidence
from tocsin.observations.services import prune
from tocsin.plugins.stores.memory.store import MemoryStore
from tocsin.status_site import queries as pages

pytestmark = pytest.mark.django_db
NOW = make.NOW


def press(number: int = 1, *, function: str = "dispense", audience: str = "pharmacist", at: datetime = NOW) -> bool:
    return note_problem(function=function, audience=audience, sender=f"192.0.2.{number}", now=at)


def test_visitors_are_counted_by_function_and_profession() -> None:
    for number in range(3):
        press(number)
    press(9, function="prescribe", audience="doctor")
    press(9, function="prescribe", audience="doctor")

    assert crowd(NOW) == (Crowd("prescribe", 1, {"doctor": 1}), Crowd("dispense", 3, {"pharmacist": 3}))


def test_one_visitor_counts_once_for_a_function_however_often() -> None:
    assert [press(), press(), press(function="tarify")] == [True, False, True]
    assert CrowdReport.objects.count() == 2


def test_the_addresses_of_one_ipv6_line_are_one_visitor() -> None:
    for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"):
        note_problem(function="dispense", audience="pharmacist", sender=address, now=NOW)

    assert crowd(NOW)[0].visitors == 2


def test_nothing_kept_shows_who_it_was_and_tomorrow_it_is_another_mark() -> None:
    press()
    press(at=NOW + timedelta(days=1))
    marks = list(CrowdReport.objects.values_list("visitor", flat=True))

    assert len(set(marks)) == 2
    assert not any("192.0.2" in mark for mark in marks)


def test_what_is_older_than_half_an_hour_no_longer_counts_and_is_forgotten_within_a_day() -> None:
    press()

    assert crowd(NOW + timedelta(minutes=31)) == ()
    prune(now=NOW + timedelta(hours=25))
    assert not CrowdReport.objects.exists()


@pytest.mark.parametrize(
    ("function", "audience"), [("made-up", "pharmacist"), ("dispense", "made-up"), ("dispense", "doctor")]
)
def test_what_the_pack_does_not_have_is_refused(function: str, audience: str) -> None:
    with pytest.raises(InputError, match="no such function"):
        press(function=function, audience=audience)


def test_however_large_a_crowd_is_the_engine_does_not_see_it_and_no_page_changes() -> None:
    def seen() -> tuple[object, object]:
        facts = pages.facts(now=NOW, pack=configured_pack(), procedures={}, is_replay=False)
        return evidence(NOW, MemoryStore()).reports, (facts.verdicts, facts.incidents, facts.said)

    before = seen()
    for number in range(250):
        press(number)

    assert crowd(NOW)[0].visitors == 250
    assert seen() == before
