"""Bulletins in the database: drafts, publication by policy and by click, the policy itself, what pages said."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from announcements import at, bulletin, incident
from tocsin.audit.queries import newest
from tocsin.bulletins import governing, queries, services
from tocsin.bulletins.errors import BulletinStatusError, UnknownBulletinError
from tocsin.bulletins.models import BulletinRow, PageRecord
from tocsin.bulletins.rules.model import PublicationPolicy
from tocsin.incidents.queries import timeline
from tocsin.incidents.rules.model import IncidentEvent, Phase
from tocsin.incidents.services import apply
from tocsin.kernel.reasons import Reason

pytestmark = pytest.mark.django_db
WAITS = Reason("policy.manual")
FIRST = bulletin(1)


@pytest.fixture(autouse=True)
def _an_incident(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("db")
    apply([IncidentEvent("opened", at(0), incident(closed_at=None, phase=Phase.CONFIRMED))], actor="engine", now=at(0))


@pytest.fixture
def announced() -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def hear(*, bulletin: Any, now: Any, **_: Any) -> None:
        heard.append((bulletin.id, now))

    services.bulletin_published.connect(hear)
    yield heard
    services.bulletin_published.disconnect(hear)


def kinds() -> list[str]:
    return [entry.kind for entry in timeline("2026-03-02-1")]


def status(bulletin_id: str) -> str:
    row = queries.bulletin(bulletin_id)
    assert row is not None
    return row.status


def test_a_draft_waits_with_its_reasons_and_tells_nobody(announced: list[tuple[str, Any]]) -> None:
    services.save_draft(FIRST, reasons=[WAITS], now=at(1))
    assert queries.drafts() == (FIRST,)
    assert queries.published_since(at(-10)) == ()
    row = queries.bulletin(FIRST.id)
    assert row is not None
    assert row.reasons == [WAITS.to_json()]
    assert kinds() == ["opened", "bulletin_drafted"]
    assert announced == []


def test_a_draft_written_anew_replaces_the_one_before_and_is_not_told_twice() -> None:
    services.save_draft(FIRST, now=at(1))
    again = bulletin(1, functions=("dispense", "prescribe"))
    services.save_draft(again, now=at(2))
    assert queries.drafts() == (again,)
    assert kinds().count("bulletin_drafted") == 1


def test_a_draft_written_anew_goes_on_waiting_since_it_was_first_written() -> None:
    services.save_draft(FIRST, now=at(1))
    services.save_draft(replace(FIRST, drafted_at=at(20)), now=at(20))
    row = queries.bulletin(FIRST.id)
    assert row is not None
    assert row.drafted_at == FIRST.drafted_at
    assert queries.drafts()[0].drafted_at == at(20)


def test_a_draft_after_one_that_was_set_aside_waits_anew() -> None:
    services.save_draft(FIRST, now=at(1))
    services.discard_draft(FIRST.id, by="ann", now=at(2))
    services.save_draft(replace(FIRST, drafted_at=at(20)), now=at(20))
    row = queries.bulletin(FIRST.id)
    assert row is not None
    assert row.drafted_at == at(20)


def test_one_click_publishes_a_draft(announced: list[tuple[str, Any]]) -> None:
    services.save_draft(FIRST, reasons=[WAITS], now=at(1))
    assert services.publish_draft(FIRST.id, by="ann", now=at(3)) == FIRST
    row = queries.bulletin(FIRST.id)
    assert row is not None
    assert (row.status, row.approved_by, row.published_at) == ("published", "ann", at(3))
    assert queries.drafts() == ()
    assert queries.published_since(at(3)) == (FIRST,)
    assert queries.published_since(at(4)) == ()
    assert announced == [(FIRST.id, at(3))]
    last = newest()[-1]
    assert (last.action, last.actor, last.subject) == ("bulletin.published", "ann", FIRST.id)


def test_two_clicks_publish_once(announced: list[tuple[str, Any]]) -> None:
    services.save_draft(FIRST, now=at(1))
    services.publish_draft(FIRST.id, by="ann", now=at(3))
    with pytest.raises(BulletinStatusError) as caught:
        services.publish_draft(FIRST.id, by="bob", now=at(3))
    assert caught.value.facts == {"status": "published"}
    assert len(announced) == 1


def test_what_policy_lets_out_is_out_once(announced: list[tuple[str, Any]]) -> None:
    services.publish(FIRST, reasons=[Reason("policy.first")], now=at(1))
    services.publish(FIRST, now=at(2))
    services.save_draft(FIRST, now=at(3))
    row = queries.bulletin(FIRST.id)
    assert row is not None
    assert (row.status, row.approved_by, row.published_at) == ("published", "policy", at(1))
    assert len(announced) == 1


def test_a_bulletin_whose_messages_cannot_be_written_is_not_out() -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError

    services.bulletin_published.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.publish(FIRST, now=at(1))
    finally:
        services.bulletin_published.disconnect(fail)
    assert queries.bulletin(FIRST.id) is None


def test_a_discarded_draft_is_gone_but_not_forgotten() -> None:
    services.save_draft(FIRST, now=at(1))
    services.discard_draft(FIRST.id, by="ann", now=at(2))
    assert queries.drafts() == ()
    assert status(FIRST.id) == "discarded"
    assert kinds()[-1] == "bulletin_discarded"
    with pytest.raises(BulletinStatusError):
        services.publish_draft(FIRST.id, by="ann", now=at(3))


def test_the_same_number_can_be_drafted_again_after_a_discard() -> None:
    services.save_draft(FIRST, now=at(1))
    services.discard_draft(FIRST.id, by="ann", now=at(2))
    services.save_draft(FIRST, now=at(4))
    assert queries.drafts() == (FIRST,)
    assert kinds().count("bulletin_drafted") == 2


def test_an_older_draft_cannot_be_published_once_a_newer_one_is_there() -> None:
    services.save_draft(FIRST, now=at(1))
    services.publish(bulletin(2, kind="update"), now=at(2))
    assert status(FIRST.id) == "superseded"
    with pytest.raises(BulletinStatusError):
        services.publish_draft(FIRST.id, by="ann", now=at(3))


def test_an_unknown_bulletin_is_said_to_be_unknown() -> None:
    for act in (services.publish_draft, services.discard_draft):
        with pytest.raises(UnknownBulletinError) as caught:
            act("2026-03-02-1-b9", by="ann", now=at(1))
        assert caught.value.http_status == 404


def test_an_incidents_bulletins_come_in_order_of_their_numbers() -> None:
    for number in (1, 2, 10):
        services.publish(bulletin(number), now=at(20))
    assert [row.content["number"] for row in queries.of_incident("2026-03-02-1")] == [1, 2, 10]


def test_policy_is_shipped_locked() -> None:
    assert queries.policy() == PublicationPolicy(automation="manual", is_held=False)


def test_hold_and_release_are_audited_with_who_and_why() -> None:
    governing.hold(by="ann", reason="a load test", now=at(1))
    assert queries.policy().is_held
    governing.release(by="bob", now=at(2))
    assert not queries.policy().is_held
    assert [(row.action, row.actor, row.facts) for row in newest()[-2:]] == [
        ("policy.held", "ann", {"reason": "a load test"}),
        ("policy.released", "bob", {"reason": ""}),
    ]


def test_unlocking_and_locking_leave_the_hold_as_it_is() -> None:
    governing.hold(by="ann", now=at(1))
    governing.unlock_automation(by="ann", now=at(2), demonstration=True)
    assert queries.policy() == PublicationPolicy(automation="automatic", is_held=True)
    governing.lock_automation(by="ann", now=at(3))
    assert queries.policy().automation == "manual"


def test_pages_are_recorded_only_when_they_say_something_else() -> None:
    fine = {"dispense": {"pharmacist": "ok"}}
    broken = {"dispense": {"pharmacist": "down"}}
    assert services.record_page(at=at(0), version=1, states=fine, incidents=[])
    assert not services.record_page(at=at(1), version=2, states=fine, incidents=[])
    assert services.record_page(at=at(2), version=3, states=broken, incidents=["2026-03-02-1"])
    assert [(page.version, page.at) for page in PageRecord.objects.order_by("id")] == [(1, at(0)), (3, at(2))]
    last = queries.last_page()
    assert last is not None
    assert last.states == broken


def test_everything_of_a_bulletin_survives_storage() -> None:
    full = bulletin(3, kind="end", functions=("dispense", "prescribe"), is_drill=True)
    services.save_draft(full, now=at(3))
    assert queries.read_bulletin(BulletinRow.objects.get(pk=full.id)) == full
