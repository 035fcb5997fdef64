"""What rests on the panel's word alone: "not clear yet", and without a click only on witnesses who are unlike."""

from dataclasses import replace

import pytest

from bulletin_cases import NOW, due, first, incident, templates
from situations import NOW as SITUATION_NOW
from situations import belgium
from situations import report as panel_report
from tocsin.bulletins.rules.model import PublicationPolicy
from tocsin.bulletins.rules.policy import decide
from tocsin.bulletins.rules.wording import plain_text
from tocsin.detection.rules.model import State, Witnesses
from tocsin.detection.rules.reporting import complaints
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.language import LANGUAGES
from tocsin.observations.rules.model import Eye

PANEL = frozenset({Eye.PANEL})
UNLOCKED = PublicationPolicy(automation="automatic")


def hearsay(witnesses: Witnesses | None) -> Incident:
    return incident(eyes=PANEL, confidence=0.8, state=State.DEGRADED, witnesses=witnesses)


@pytest.mark.parametrize(
    ("witnesses", "goes_out"),
    [
        (Witnesses(3, 2, 2), True),
        (Witnesses(40, 1, 9), False),
        (Witnesses(40, 9, 1), False),
        (None, False),
    ],
    ids=["unlike", "one-package", "one-province", "nobody"],
)
def test_the_panel_alone_goes_out_without_a_click_only_when_its_members_are_unlike(
    witnesses: Witnesses | None, *, goes_out: bool
) -> None:
    about = hearsay(witnesses)
    decided = decide(first(about), about, policy=UNLOCKED, published=(), now=NOW)

    assert decided.publish is goes_out
    assert [reason.code for reason in decided.reasons] == ["policy.first" if goes_out else "policy.witnesses_alike"]


def test_a_lock_or_a_hold_stops_the_panel_too() -> None:
    about = hearsay(Witnesses(9, 4, 4))

    assert not decide(first(about), about, policy=PublicationPolicy(), published=(), now=NOW).publish
    held = replace(UNLOCKED, is_held=True)
    assert not decide(first(about), about, policy=held, published=(), now=NOW).publish


def test_readers_are_told_that_it_is_not_clear_and_what_to_do_if_it_fails_for_them() -> None:
    bulletin = first(hearsay(Witnesses(3, 2, 2)))
    told = {
        language: plain_text(bulletin.texts["pharmacist"], language, templates=templates()) for language in LANGUAGES
    }

    assert bulletin.state is State.UNKNOWN
    assert told["en"].startswith("Not clear yet: several professionals report a problem (Dispensing).")
    assert told["fr"].startswith("À confirmer : plusieurs professionnels signalent un problème (")
    assert told["nl"].startswith("Nog niet duidelijk: meerdere zorgverleners melden een probleem (")
    assert told["de"].startswith("Noch unklar: Mehrere Fachkräfte melden ein Problem (")
    assert "If it works for you, carry on as usual." in told["en"]
    assert bulletin.texts["pharmacist"].procedures, "whoever it fails for needs a way out"


def test_a_second_eye_turns_not_clear_into_a_plain_word_at_once() -> None:
    about = hearsay(Witnesses(3, 2, 2))
    out = first(about)
    seen = replace(about, eyes=frozenset({Eye.PANEL, Eye.FRONT}), state=State.DOWN)
    later = out.drafted_at.replace(minute=out.drafted_at.minute + 2)

    (update,) = due(seen, published=(out,), now=later)

    assert (update.kind, update.state) == ("update", State.DOWN)


def test_witnesses_are_counted_by_who_they_are_not_by_how_often_they_speak() -> None:
    said = tuple(panel_report(works=False, member=f"m{number % 2}") for number in range(6))
    (complaint,) = complaints(said, pack=belgium(), previous=None, now=SITUATION_NOW)

    assert complaint.witnesses.members == 2
    assert complaint.witnesses.packages == 1
