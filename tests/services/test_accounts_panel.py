"""The panel: invited by associations within their quotas, by links that end; least data kept, contacts apart."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from tocsin.accounts.models import PanelContact, PanelMember
from tocsin.accounts.panel import (
    INVITATION_STAYS,
    MEMBERSHIP_STAYS,
    Invitation,
    Stratum,
    contacts_of,
    dismiss_member,
    invite_member,
    known_token,
    leave_panel,
    member_by_link,
    members,
    note_use,
    practice_pseudonym,
    prune_panel,
    quotas,
    renew_link,
    revoke_link,
    set_contact,
    set_quota,
    set_wishes,
)
from tocsin.audit.models import AuditEntry
from tocsin.kernel.errors import TocsinError

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def acts() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("seq").values_list("actor", "action", "subject"))


def refused(code: str) -> AbstractContextManager[object]:
    return pytest.raises(TocsinError, check=lambda error: error.code == code)


def invited(**given: Any) -> Invitation:
    fields: dict[str, Any] = {
        "audience": "nurse",
        "package": "nurse-a",
        "region": "BE-VAN",
        "language": "nl",
        "by": "an",
        "now": NOW,
    }
    return invite_member(**fields | given)


def allow(association: str = "nurses", *, seats: int = 1, package: str = "", region: str = "") -> None:
    stratum = Stratum("nurse", package, region)
    set_quota(association, name="Nurses", stratum=stratum, seats=seats, by="an", now=NOW)


def test_a_member_is_known_by_the_link_alone() -> None:
    made = invited()
    assert member_by_link(made.token, now=NOW) == made.member
    assert member_by_link(made.token + "x", now=NOW) is None
    assert made.token not in str(PanelMember.objects.values().get())
    assert members() == (made.member,)
    assert acts() == [("an", "member.invited", made.member.pseudonym)]


def test_a_link_can_be_written_again_and_by_nobody_else(settings: Settings) -> None:
    made = invited()
    assert known_token(made.member) == made.token
    settings.SECRET_KEY = "another"
    assert known_token(made.member) is None
    # The link itself goes on working: what is kept is its hash.
    assert member_by_link(made.token, now=NOW) is not None


def test_an_invitation_that_nobody_takes_up_ends() -> None:
    made = invited()
    assert member_by_link(made.token, now=NOW + INVITATION_STAYS - HOUR) is not None
    assert member_by_link(made.token, now=NOW + INVITATION_STAYS) is None
    assert prune_panel(now=NOW + INVITATION_STAYS * 2) == 0
    assert prune_panel(now=NOW + INVITATION_STAYS * 2 + HOUR) == 1
    assert members() == ()


def test_the_first_word_joins_and_each_one_keeps_the_link_good() -> None:
    made = invited()
    note_use(made.member, now=NOW + HOUR)
    note_use(made.member, now=NOW + HOUR * 2)
    member = PanelMember.objects.get()
    assert (member.joined_at, member.expires_at) == (NOW + HOUR, NOW + HOUR + MEMBERSHIP_STAYS)
    note_use(made.member, now=NOW + HOUR * 50)
    assert PanelMember.objects.get().expires_at == NOW + HOUR * 50 + MEMBERSHIP_STAYS
    assert acts()[1:] == [(f"member:{member.pseudonym}", "member.joined", member.pseudonym)]


def test_a_member_from_before_links_ended_keeps_the_link() -> None:
    made = invited()
    PanelMember.objects.update(expires_at=None, joined_at=NOW)
    assert member_by_link(made.token, now=NOW + MEMBERSHIP_STAYS * 3) is not None
    note_use(PanelMember.objects.get(), now=NOW)
    assert PanelMember.objects.get().expires_at == NOW + MEMBERSHIP_STAYS


def test_a_renewed_link_makes_the_old_one_useless_and_a_revoked_one_can_be_renewed() -> None:
    made = invited()
    again = renew_link(made.member.pseudonym, by="an", now=NOW)
    assert again.token != made.token
    assert member_by_link(made.token, now=NOW) is None
    assert member_by_link(again.token, now=NOW) == made.member
    revoke_link(made.member.pseudonym, by="an", now=NOW)
    assert member_by_link(again.token, now=NOW) is None
    assert member_by_link(renew_link(made.member.pseudonym, by="an", now=NOW).token, now=NOW) == made.member
    with refused("member.unknown"):
        renew_link("m1nobody", by="an", now=NOW)


def test_a_member_who_left_is_not_known_any_more_and_their_address_is_gone() -> None:
    made = invited()
    set_contact(made.member, channel="email", address="a@example.org", now=NOW)
    dismiss_member(made.member.pseudonym, by="an", now=NOW)
    assert member_by_link(made.token, now=NOW) is None
    assert members() == ()
    assert not PanelContact.objects.exists()
    with refused("member.unknown"):
        dismiss_member(made.member.pseudonym, by="an", now=NOW)
    assert acts()[-1] == ("an", "member.left", made.member.pseudonym)


def test_a_member_leaves_on_their_own_word_once() -> None:
    made = invited()
    leave_panel(made.member, now=NOW)
    member = PanelMember.objects.get()
    leave_panel(member, now=NOW + HOUR)
    assert member.left_at == NOW
    assert acts()[-1] == (f"member:{member.pseudonym}", "member.left", member.pseudonym)


def test_a_member_reads_one_of_our_languages() -> None:
    with refused("account.bad_language"):
        invited(language="es")


def test_colleagues_share_a_pseudonym_that_leads_back_to_nobody() -> None:
    assert practice_pseudonym("Main  Street 3 ") == practice_pseudonym("main street 3") != practice_pseudonym("other")
    assert practice_pseudonym(" ") == ""
    assert invited(practice="Main Street 3").member.practice == practice_pseudonym("Main Street 3")
    assert "street" not in str(PanelMember.objects.values().get()).lower()


def test_an_association_invites_within_its_quota() -> None:
    allow(seats=1)
    first = invited(association="nurses")
    with refused("association.full"):
        invited(association="nurses")
    dismiss_member(first.member.pseudonym, by="an", now=NOW)
    invited(association="nurses")
    ((quota, taken),) = quotas()
    assert (quota.association.name, quota.seats, taken) == ("Nurses", 1, 1)


def test_every_quota_that_covers_the_stratum_needs_a_seat() -> None:
    allow(seats=9)
    allow(seats=1, package="nurse-a")
    allow(seats=0, region="BE-WLG")
    invited(association="nurses")
    with refused("association.full"):
        invited(association="nurses")
    with refused("association.full"):
        invited(association="nurses", package="nurse-b", region="BE-WLG")
    invited(association="nurses", package="nurse-b")
    with refused("association.no_quota"):
        invited(association="nurses", audience="doctor")
    with refused("association.unknown"):
        invited(association="others")


def test_a_quota_can_be_changed_and_an_association_renamed() -> None:
    allow(seats=1)
    set_quota("nurses", name="", stratum=Stratum("nurse", "", ""), seats=5, by="an", now=NOW)
    set_quota("nurses", name="Nurses of all", stratum=Stratum("nurse", "", ""), seats=5, by="an", now=NOW)
    ((quota, _),) = quotas()
    assert (quota.seats, str(quota.association)) == (5, "Nurses of all")


@pytest.mark.parametrize(
    ("association", "name", "seats", "code"),
    [
        ("Nurses!", "x", 1, "association.bad_id"),
        ("nurses", " ", 1, "association.bad_name"),
        ("nurses", "x", -1, "association.bad_seats"),
    ],
)
def test_a_quota_that_cannot_be_is_refused(association: str, name: str, seats: int, code: str) -> None:
    with refused(code):
        set_quota(association, name=name, stratum=Stratum("nurse", "", ""), seats=seats, by="an", now=NOW)


def test_an_address_is_kept_apart_and_sealed(settings: Settings) -> None:
    member = invited().member
    set_contact(member, channel="email", address="a@example.org", now=NOW)
    set_contact(member, channel="email", address="b@example.org", now=NOW)
    assert "example.org" not in str(list(PanelContact.objects.values()))
    assert contacts_of([member.pseudonym]) == {member.pseudonym: {"email": "b@example.org"}}
    settings.SECRET_KEY = "another"
    assert contacts_of([member.pseudonym]) == {}
    set_contact(member, channel="email", address="", now=NOW)
    assert not PanelContact.objects.exists()
    assert "example.org" not in str(list(AuditEntry.objects.values()))


def test_a_member_says_when_they_may_be_asked() -> None:
    member = invited().member
    set_wishes(member, language="de", is_on_duty=True, wants_end=True, now=NOW)
    kept = PanelMember.objects.get()
    assert (kept.language, kept.is_on_duty, kept.wants_end) == ("de", True, True)
    set_wishes(member, language="es", is_on_duty=False, wants_end=False, now=NOW)
    assert PanelMember.objects.get().language == "de"
