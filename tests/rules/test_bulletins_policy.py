"""When a bulletin may go out without a click, and why not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bulletin_cases import NOW, closed, first, incident
from tocsin.bulletins.rules.model import Bulletin, Decision, PublicationPolicy
from tocsin.bulletins.rules.policy import decide
from tocsin.detection.rules.model import State
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


def _holding(out: Bulletin) -> Bulletin:
    return replace(out, kind="holding", id="2020-01-28-1-b2", number=2, next_update_at=NOW + timedelta(hours=1))


LOCKED = PublicationPolicy()


def _at_the_break(
    held: Bulletin, *, out: Bulletin, about: Incident | None = None, policy: PublicationPolicy = LOCKED
) -> Decision:
    promised = out.next_update_at
    assert promised is not None
    return decision(about, bulletin=held, policy=policy, published=(out,), after=promised - NOW)


def test_a_promised_update_that_nobody_approved_goes_out_at_the_promised_minute_even_locked() -> None:
    out = first()
    decided = _at_the_break(_holding(out), out=out)

    assert (decided.publish, codes(decided)) == (True, ["policy.holding"])


def test_a_minute_before_it_still_waits_for_a_person() -> None:
    out = first()
    decided = decision(bulletin=_holding(out), policy=LOCKED, published=(out,), after=timedelta(minutes=1))

    assert codes(decided) == ["policy.manual"]


@pytest.mark.parametrize(
    "policy",
    [PublicationPolicy(holding="ask"), PublicationPolicy(is_held=True)],
    ids=["the policy asks", "held"],
)
def test_policy_and_the_one_switch_keep_it_in(policy: PublicationPolicy) -> None:
    out = first()

    assert not _at_the_break(_holding(out), out=out, policy=policy).publish


@pytest.mark.parametrize("changes", [{"functions": ("attest",)}, {"packages": ("pharmacy-a",)}, {"kind": "update"}])
def test_what_claims_something_new_waits_for_a_person(changes: dict[str, Any]) -> None:
    out = first()

    assert not _at_the_break(replace(_holding(out), **changes), out=out).publish


def test_another_instruction_is_a_new_claim_and_so_is_a_recovery() -> None:
    out = first()
    held = _holding(out)
    audience = next(iter(held.texts))
    other = replace(held.texts[audience], now=())
    assert not _at_the_break(replace(held, texts={**held.texts, audience: other}), out=out).publish
    assert not _at_the_break(replace(held, texts={"somebody": other}), out=out).publish
    assert not _at_the_break(held, out=out, about=incident(good_since=NOW)).publish


def test_a_drill_is_never_held_by_itself() -> None:
    out = first(incident(is_drill=True))

    assert not _at_the_break(_holding(out), out=out, about=incident(is_drill=True)).publish


@pytest.mark.parametrize(("level", "code"), [("one_click", "policy.needs_click"), ("two_people", "policy.needs_two")])
def test_what_the_policy_gives_to_people_waits_for_them(level: Any, code: str) -> None:
    strict = replace(UNLOCKED, approvals={"grave": level, "serious": level})

    assert codes(decision(policy=strict)) == [code]


def test_does_not_work_needs_two_eyes_whatever_the_policy_allows() -> None:
    lone = incident(eyes=frozenset({Eye.FRONT}))
    decided = decision(lone, policy=replace(UNLOCKED, min_eyes=1))

    assert [(reason.code, reason.facts["needed"]) for reason in decided.reasons] == [("policy.too_few_eyes", 2)]


def test_an_update_that_says_so_for_the_first_time_needs_them_too() -> None:
    out = replace(first(), state=State.DEGRADED)
    worse = replace(first(), kind="update", id="2020-01-28-1-b2", number=2)
    lone = incident(eyes=frozenset({Eye.FRONT}))

    assert codes(decision(lone, bulletin=worse, published=(out,))) == ["policy.too_few_eyes"]
    assert decision(incident(), bulletin=worse, published=(out,)).publish


def test_after_we_were_wrong_a_person_decides_for_an_hour() -> None:
    about = incident()
    bulletin = first(about)
    back = replace(bulletin, incident="2020-01-28-9", id="2020-01-28-9-b2", kind="retraction")
    long_ago = replace(back, drafted_at=NOW - timedelta(hours=1))
    other = replace(back, functions=("attest",))

    assert codes(decision(published=(back,))) == ["policy.just_retracted"]
    assert decision(published=(long_ago,)).publish
    assert decision(published=(other,)).publish


def test_an_exercise_does_not_use_up_the_openings() -> None:
    drills = tuple(replace(one, is_drill=True) for one in _earlier(5, ago=timedelta(minutes=5)))

    assert decision(published=drills).publish
