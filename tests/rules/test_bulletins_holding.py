"""The word at the promised time: it repeats what was told, whatever else waits, in a person's words where there are."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bulletin_cases import NOW, due, first, incident, templates, words
from tocsin.bulletins.rules.drafting import restatements
from tocsin.bulletins.rules.model import Bulletin, PublicationPolicy
from tocsin.bulletins.rules.policy import decide
from tocsin.incidents.rules.model import Incident

ABOUT = incident()
OUT = first(ABOUT)
assert OUT.next_update_at is not None
BREAK: datetime = OUT.next_update_at
NARROWED = incident(regions=("BE-WLG",))
LOCKED = PublicationPolicy()
UNLOCKED = PublicationPolicy(automation="automatic")


def waiting(kind: str = "update") -> Bulletin:
    (draft,) = due(NARROWED, published=(OUT,), now=NOW + timedelta(minutes=8))
    return replace(draft, kind=kind)  # type: ignore[arg-type]  # a kind of the test's own choosing


def again(
    *drafts: Bulletin,
    now: datetime = BREAK,
    said: tuple[Bulletin, ...] = (OUT,),
    about: Incident = NARROWED,
    **more: set[str],
) -> tuple[Bulletin, ...]:
    return restatements(
        incidents=(about,),
        published=said,
        drafts=drafts,
        taken_over=more.get("taken_over", set()),
        templates=templates(),
        now=now,
    )


def corrected() -> Bulletin:
    text = replace(OUT.texts["pharmacist"], now=(words("Call us first"),))
    return replace(OUT, id=f"{OUT.id}-c1", kind="correction", corrects=OUT.id, texts={"pharmacist": text})


def test_news_that_nobody_approved_does_not_break_the_promise() -> None:
    (word,) = again(waiting())

    assert (word.kind, word.number, word.drafted_at) == ("holding", 3, BREAK)
    assert (word.regions, word.state) == (OUT.regions, OUT.state), "the facts last told, not those that wait"
    told = OUT.texts["pharmacist"]
    text = word.texts["pharmacist"]
    assert (text.headline, text.now, text.scope) == (told.headline, told.now, told.scope)
    assert text.next_update is not None
    assert text.next_update != told.next_update
    assert decide(word, NARROWED, policy=LOCKED, published=(OUT,), now=BREAK).publish


@pytest.mark.parametrize("policy", [replace(LOCKED, is_held=True), replace(LOCKED, holding="ask")], ids=["hold", "ask"])
def test_a_hold_and_who_wants_to_be_asked_keep_it_in(policy: PublicationPolicy) -> None:
    (word,) = again(waiting())

    assert not decide(word, NARROWED, policy=policy, published=(OUT,), now=BREAK).publish


def test_nothing_is_repeated_before_its_time_or_where_a_holding_word_goes_out_itself() -> None:
    assert again(waiting(), now=BREAK - timedelta(seconds=1)) == ()
    assert again(waiting("holding")) == ()
    assert again() == ()
    assert again(waiting(), about=replace(NARROWED, phase=NARROWED.phase.__class__.RESOLVED)) == ()
    assert again(waiting(), said=(replace(OUT, kind="retraction"),)) == ()


def test_what_a_person_has_in_hand_waits_on_and_the_promise_is_kept_beside_it() -> None:
    draft = waiting("holding")
    (word,) = again(draft, taken_over={draft.id})

    assert word.id != draft.id


def test_a_repeated_word_wakes_no_telephone_with_a_time_that_has_passed() -> None:
    (word,) = again(waiting())

    assert (word.texts["pharmacist"].sms, word.texts["pharmacist"].push) == ({}, {})


def test_after_a_correction_the_persons_words_are_repeated_and_not_the_templates() -> None:
    mended = corrected()
    (word,) = due(ABOUT, published=(OUT, mended), now=BREAK - timedelta(minutes=4))

    assert (word.kind, word.texts["pharmacist"].now) == ("holding", (words("Call us first"),))
    assert word.texts["pharmacist"].next_update != OUT.texts["pharmacist"].next_update
    assert decide(word, ABOUT, policy=LOCKED, published=(OUT, mended), now=BREAK).publish


def test_news_after_a_correction_needs_a_person() -> None:
    mended = corrected()
    decided = decide(waiting(), NARROWED, policy=UNLOCKED, published=(OUT, mended), now=NOW + timedelta(minutes=9))

    assert not decided.publish
    assert "policy.corrected" in [reason.code for reason in decided.reasons]


def test_the_end_needs_nobody_even_after_a_correction() -> None:
    end = replace(OUT, id="e", kind="end", next_update_at=None)

    assert decide(end, ABOUT, policy=UNLOCKED, published=(OUT, corrected()), now=BREAK).publish
