"""Who is paged: the owner, who is on duty, everybody; and never nobody while somebody can be reached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounts.rules import PAGE_KINDS
from tocsin.notifications.rules.paging import TOPICS, Called, Officer, Page, PageReason, Reach, called

ALL = frozenset(PAGE_KINDS)
ANN = Officer("ann", ALL, is_on_duty=True, has_address=True)
BOB = Officer("bob", ALL, is_on_duty=False, has_address=True)
CEM = Officer("cem", ALL, is_on_duty=True, has_address=True)
MUTE = Officer("mute", ALL, is_on_duty=True, has_address=False)


def page(reach: Reach, *, owner: str | None = None, kind: PageReason = "draft_waits", but: str = "") -> Page:
    return Page(kind, "key", reach, owner=owner, but=frozenset({but} - {""}))


@pytest.mark.parametrize(
    ("reach", "owner", "names"),
    [
        ("owner", "bob", ("bob",)),
        ("owner", None, ("ann", "cem")),
        ("owner", "gone", ("ann", "cem")),
        ("duty", None, ("ann", "cem")),
        ("duty", "bob", ("bob", "ann", "cem")),
        ("duty", "cem", ("cem", "ann")),
        ("all", None, ("ann", "bob", "cem")),
        ("all", "cem", ("cem", "ann", "bob")),
    ],
)
def test_who_is_paged(reach: Reach, owner: str | None, names: tuple[str, ...]) -> None:
    assert called(page(reach, owner=owner), [ANN, BOB, CEM, MUTE]) == Called(names)


def test_where_nobody_is_on_duty_everybody_is_paged_and_told_so() -> None:
    assert called(page("duty"), [BOB, MUTE]) == Called(("bob",), is_for_want_of_duty=True)
    assert called(page("owner"), [BOB]) == Called(("bob",), is_for_want_of_duty=True)


def test_an_owner_without_an_address_is_no_reason_to_wake_nobody() -> None:
    assert called(page("owner", owner="mute"), [ANN, MUTE]) == Called(("ann",))


def test_what_one_chose_not_to_hear_counts_while_somebody_else_hears_it() -> None:
    deaf = Officer("ann", frozenset({"watch"}), is_on_duty=True, has_address=True)
    assert called(page("duty"), [deaf, CEM]) == Called(("cem",))
    assert called(page("duty"), [deaf]) == Called(("ann",))
    assert called(page("owner", owner="ann"), [deaf, CEM]) == Called(("ann",))


def test_who_did_their_part_is_not_paged_for_the_rest() -> None:
    assert called(page("duty", but="ann"), [ANN, BOB, CEM]) == Called(("cem",))
    assert called(page("duty", but="ann"), [ANN, BOB]) == Called(("bob",), is_for_want_of_duty=True)


def test_nobody_at_all_is_said_as_it_is() -> None:
    assert called(page("all"), [MUTE]) == Called((), is_for_want_of_duty=True)


OFFICERS = st.lists(
    st.builds(
        Officer, st.sampled_from("abcdef"), st.frozensets(st.sampled_from(PAGE_KINDS)), st.booleans(), st.booleans()
    ),
    unique_by=lambda officer: officer.name,
)


@given(OFFICERS, st.sampled_from(["owner", "duty", "all"]), st.sampled_from(sorted(TOPICS)), st.sampled_from("abcdef"))
def test_somebody_is_paged_whenever_somebody_can_be_and_nobody_twice(
    officers: list[Officer], reach: Reach, kind: PageReason, owner: str
) -> None:
    names = called(page(reach, owner=owner, kind=kind), officers).names
    assert bool(names) == any(officer.has_address for officer in officers)
    assert len(set(names)) == len(names)
    assert set(names) <= {officer.name for officer in officers if officer.has_address}
