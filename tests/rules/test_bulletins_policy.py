"""When a bulletin may go out without a click, and why not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bulletin_cases import NOW, closed, first, incident
from tocsin.bulletins.rules.model import Bulletin, Decision, PublicationPolicy
from tocsin.bulletins.rules.policy import decide
from tocsin.incidents.rules.model import Incident
from tocsin.observations.rules.model import Eye

UNLOCKED = PublicationPolicy(automation="automatic")


def decision(
    one: Incident | None = None,
    *,
    bulletin: Bulletin | None = None,
    policy: PublicationPolicy = UNLOCKED,
    published: tuple[Bulletin, ...] = (),
    after: timedelta = timedelta(0),
) -> Decision:
    about = one or incident()
    return decide(bulletin or first(about), about, policy=policy, published=published, now=NOW + after)


def codes(decided: Decision) -> list[str]:
    return [reason.code for reason in decided.reasons]


def test_as_shipped_everything_waits_for_a_click() -> None:
    decided = decision(policy=PublicationPolicy())

    assert (decided.publish, codes(decided)) == (False, ["policy.manual"])


def test_unlocked_a_sure_first_word_seen_by_two_eyes_goes_out() -> None:
    decided = decision()

    assert decided.publish
    assert decided.reasons[0].code == "policy.first"
    assert decided.reasons[0].facts == {"eyes": 2, "confidence": 0.99}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"eyes": frozenset({Eye.FRONT})}, "policy.too_few_eyes"),
        ({"eyes": frozenset()}, "policy.too_few_eyes"),
        ({"confidence": 0.89}, "policy.not_sure"),
    ],
)
def test_a_first_word_must_meet_the_bounds(changes: dict[str, Any], code: str) -> None:
    decided = decision(incident(**changes))

    assert (decided.publish, codes(decided)) == (False, [code])


def test_all_refusals_are_told_together() -> None:
    weak = incident(eyes=frozenset({Eye.PROBES}), confidence=0.4)
    decided = decision(weak, policy=PublicationPolicy(is_held=True))

    assert codes(decided) == ["policy.held", "policy.manual", "policy.too_few_eyes", "policy.not_sure"]


def test_the_one_switch_stops_even_an_end() -> None:
    out = first()
    end = replace(out, kind="end", id="2020-01-28-1-b2", next_update_at=None)
    decided = decision(bulletin=end, published=(out,), policy=replace(UNLOCKED, is_held=True))

    assert (decided.publish, codes(decided)) == (False, ["policy.held"])


@pytest.mark.parametrize("kind", ["update", "holding", "end"])
def test_what_follows_a_word_that_is_out_goes_out_by_itself(kind: Any) -> None:
    out = first()
    follow = replace(out, kind=kind, id="2020-01-28-1-b2", number=2)
    decided = decision(incident(confidence=0.2, eyes=frozenset({Eye.FRONT})), bulletin=follow, published=(out,))

    assert (decided.publish, codes(decided)) == (True, ["policy.follow_up"])


def test_an_update_nobody_was_told_the_start_of_is_a_first_word() -> None:
    follow = replace(first(), kind="update")
    decided = decision(incident(confidence=0.2), bulletin=follow)

    assert codes(decided) == ["policy.not_sure"]


def _earlier(count: int, *, ago: timedelta) -> tuple[Bulletin, ...]:
    out = first()
    return tuple(
        replace(out, incident=f"2020-01-28-{n + 10}", id=f"2020-01-28-{n + 10}-b1", drafted_at=NOW - ago)
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("count", "ago", "publish"),
    [
        (2, timedelta(minutes=5), True),
        (3, timedelta(minutes=5), False),
        (3, timedelta(minutes=59), False),
        (3, timedelta(minutes=60), True),
    ],
)
def test_no_more_than_three_openings_an_hour(count: int, ago: timedelta, publish: bool) -> None:  # noqa: FBT001 the expected answer
    decided = decision(published=_earlier(count, ago=ago))

    assert decided.publish is publish
    assert codes(decided) == (["policy.first"] if publish else ["policy.too_many_openings"])


def test_updates_do_not_use_up_the_openings() -> None:
    updates = tuple(replace(one, kind="update") for one in _earlier(5, ago=timedelta(minutes=5)))

    assert decision(published=updates).publish


def test_a_drill_never_goes_out_by_itself() -> None:
    drill = incident(is_drill=True)

    assert codes(decision(drill)) == ["policy.drill"]


def test_a_draft_whose_promise_has_passed_stays_in() -> None:
    assert codes(decision(after=timedelta(minutes=28))) == ["policy.promise_past"]
    assert decision(after=timedelta(minutes=27)).publish


def test_a_first_word_about_what_is_over_stays_in() -> None:
    over = closed(incident(), at=NOW + timedelta(minutes=1))

    assert codes(decision(over, bulletin=first())) == ["policy.over"]


def test_the_end_of_what_is_over_goes_out() -> None:
    out = first()
    over = closed(incident(), at=NOW + timedelta(minutes=1))
    end = replace(out, kind="end", number=2, next_update_at=None)

    assert decision(over, bulletin=end, published=(out,)).publish
