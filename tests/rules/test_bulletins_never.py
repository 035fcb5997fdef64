"""What must never be shown: each line of the promise, over all that the rules write and over what a person writes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from bulletin_cases import (
    CONFIRMED,
    NOW,
    PACK_FOLDER,
    activation,
    belgium,
    closed,
    due,
    first,
    incident,
    procedure,
    templates,
    words,
)
from tocsin.bulletins.queries import load_plain_words
from tocsin.bulletins.rules.grounds import ground
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.never import NEVER, never_shown, runs, times
from tocsin.bulletins.rules.plain_language import BLOCKING, assess
from tocsin.bulletins.rules.plain_words import PlainWords
from tocsin.catalog.rules.model import Authority, Pack
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText

LOGIN = ("open_session",)


@cache
def plain() -> PlainWords:
    return load_plain_words(PACK_FOLDER)


@cache
def real() -> Mapping[str, Procedure]:
    return load_procedures(PACK_FOLDER, belgium())


def found(
    text: AudienceText,
    bulletin: Bulletin,
    one: Incident | None = None,
    *,
    given: Mapping[str, Procedure] | None = None,
    activations: Sequence[Activation] = (),
    sources: Sequence[str] = (),
    pack: Pack | None = None,
) -> list[tuple[str, object, object, object]]:
    rest_on = ground(
        bulletin,
        one or incident(),
        procedures=real() if given is None else given,
        activations=activations,
        templates=templates(),
        pack=pack or belgium(),
        now=NOW,
        sources=sources,
    )
    reasons = never_shown(text, words=plain(), ground=rest_on)
    return [(r.code, r.facts["language"], r.facts["part"], r.facts["word"]) for r in reasons]


@cache
def started() -> Bulletin:
    return first(procedures=real())


def text() -> AudienceText:
    return started().texts["pharmacist"]


def but(language: Language, **parts: str) -> AudienceText:
    """The rules' own text with some parts written over in one language."""
    changed: dict[str, object] = {}
    for part, said in parts.items():
        before: LocalizedText = getattr(text(), part) or dict.fromkeys(LANGUAGES, "")
        changed[part] = {**before, language: said}
    return replace(text(), **changed)  # type: ignore[arg-type]  # parts by name


@pytest.mark.parametrize("is_drill", [False, True])
@pytest.mark.parametrize("state", ["down", "degraded", "unknown"])
@pytest.mark.parametrize("function", list(belgium().functions))
def test_nothing_that_the_rules_write_is_ever_among_it(function: str, state: str, *, is_drill: bool) -> None:
    one = incident(functions=(function,), state=State(state), is_drill=is_drill)
    start = first(one, procedures=real())
    later = NOW + timedelta(hours=2)
    (end,) = due(closed(one, at=later), happened="closed", published=(start,), procedures=real(), now=later)
    for bulletin in (start, end):
        for written in bulletin.texts.values():
            assert found(written, bulletin, one, sources=("Belnet: on Tuesday the line was cut by an excavator",)) == []


# --- a legal or reimbursement "yes" without a named validator, a date and an expiry ----------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "C’est remboursé."),
        ("fr", "Les papiers sont remboursés comme d’habitude."),
        ("fr", "Appliquez le tiers payant."),
        ("nl", "Dat wordt gewoon terugbetaald."),
        ("nl", "U mag de derdebetalersregeling toepassen."),
        ("de", "Das wird wie gewohnt erstattet."),
        ("de", "Papier ist zulässig."),
        ("en", "It is reimbursed."),
        ("en", "Paper is allowed."),
    ],
)
@pytest.mark.parametrize("part", ["paid", "scope", "sms"])
def test_a_yes_that_nobody_stands_for_is_found_wherever_it_is_written(part: str, language: Language, said: str) -> None:
    marked = f"{templates().messages['sms.unofficial'][language]} {said}"
    reasons = found(but(language, **{part: marked}), started())

    assert "never.legal_yes" in {code for code, *_ in reasons}
    assert {(spoken, where) for _, spoken, where, _ in reasons} == {(language, part)}


def test_the_packs_own_legal_text_is_no_yes_until_somebody_stands_for_it() -> None:
    for one in real().values():
        for language in LANGUAGES:
            reasons = found(but(language, paid=one.legal.text[language]), started())
            assert ("never.legal_yes", language, "paid", one.legal.text[language]) in reasons


def test_a_confirmed_yes_may_be_said_with_its_validator_day_and_expiry_and_not_without() -> None:
    given = {"paper": procedure(legal=CONFIRMED)}
    bulletin = first(procedures=given)
    confirmed = bulletin.texts["pharmacist"]

    assert confirmed.paid is not None
    assert found(confirmed, bulletin, given=given) == []
    bare = replace(confirmed, paid=CONFIRMED.text)
    assert {code for code, *_ in found(bare, bulletin, given=given)} == {"never.legal_yes"}


# --- a "don't" that blocks plan B -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "Ne redémarrez pas votre logiciel."),
        ("fr", "Ne vous déconnectez pas."),
        ("nl", "Meld u niet af."),
        ("nl", "Start uw software niet opnieuw op."),
        ("de", "Melden Sie sich nicht ab."),
        ("de", "Starten Sie Ihre Software nicht neu."),
        ("en", "Do not log out."),
        ("en", "Don’t restart your software."),
    ],
)
def test_a_dont_that_may_block_plan_b_is_found(language: Language, said: str) -> None:
    assert ("never.dont", language, "avoid") in {row[:3] for row in found(but(language, avoid=said), started())}


AVOID: LocalizedText = {
    "fr": "Ne redémarrez pas.",
    "nl": "Start niet opnieuw op.",
    "de": "Starten Sie bitte nicht neu.",
    "en": "Do not restart.",
}


@pytest.mark.parametrize(
    ("is_proven", "phase", "functions", "activations", "is_fine"),
    [
        (True, Phase.CONFIRMED, LOGIN, (), True),
        (False, Phase.CONFIRMED, LOGIN, (), False),
        (True, Phase.SUSPECTED, LOGIN, (), False),
        (True, Phase.CONFIRMED, ("dispense",), (), False),
        (True, Phase.CONFIRMED, LOGIN, (activation("way"),), False),
        (True, Phase.CONFIRMED, LOGIN, (activation("way", "ended"),), True),
        (True, Phase.CONFIRMED, LOGIN, (activation("paper"),), True),
        (True, Phase.CONFIRMED, LOGIN, (activation("gone"),), True),
    ],
)
def test_a_dont_stands_only_where_the_rule_allows_it(
    is_proven: bool,  # noqa: FBT001  a case
    phase: Phase,
    functions: tuple[str, ...],
    activations: Sequence[Activation],
    *,
    is_fine: bool,
) -> None:
    given = {
        "paper": procedure(function="open_session", avoid=AVOID, is_avoid_proven=is_proven),
        "way": procedure("way", kind="electronic"),
    }
    one = incident(functions=functions, phase=phase)
    bulletin = first(one, procedures=given)
    written = replace(bulletin.texts["pharmacist"], avoid=AVOID)

    assert (found(written, bulletin, one, given=given, activations=activations) == []) is is_fine


# --- a green that nobody checked --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "Tout fonctionne."),
        ("fr", "Aucun problème."),
        ("nl", "Alles werkt."),
        ("nl", "Geen probleem meer."),
        ("de", "Alles funktioniert."),
        ("de", "Keine Probleme."),
        ("en", "Everything works."),
        ("en", "All systems operational."),
    ],
)
def test_a_green_that_nobody_checked_is_found(language: Language, said: str) -> None:
    assert "never.green" in {code for code, *_ in found(but(language, scope=said), started())}


def test_that_it_works_again_is_an_ends_to_say() -> None:
    back = belgium().functions["dispense"].back["en"]

    assert ("never.green", "en", "scope", back) in found(but("en", scope=back), started())
    assert found(but("en", scope=back), replace(started(), kind="end")) == []
    assert found(but("en", scope=back), replace(started(), kind="correction", state=State.OK)) == []
    assert found(but("en", scope="No problem seen at 9:02."), started()) == []


# --- an authority that is not there -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["sms", "push"])
def test_without_an_authority_every_length_says_so(part: str) -> None:
    for language in LANGUAGES:
        mark = templates().messages["sms.unofficial"][language].rstrip(".")
        assert ("never.unmarked", language, part, mark) in found(but(language, **{part: "Short."}), started())
    official = replace(belgium(), authority=Authority(words("Us"), words("Call us")))
    assert found(but("en", **{part: "Short."}), started(), pack=official) == []
    assert found(replace(text(), sms={}, push={}), started()) == []


@pytest.mark.parametrize("part", ["sms", "push", "subject"])
def test_an_exercise_says_so_in_every_length(part: str) -> None:
    drill = first(incident(is_drill=True), procedures=real())
    written = drill.texts["pharmacist"]

    assert found(written, drill) == []
    spoilt = replace(written, **{part: getattr(text(), part)})
    assert {row[:3] for row in found(spoilt, drill)} == {("never.unmarked", language, part) for language in LANGUAGES}


# --- somebody's raw words and promises --------------------------------------------------------------------------------

NOTICE = "Our engineers have replaced the broken disk; service back at 10:30 or by 11 uur."


def test_five_words_in_a_row_of_somebody_elses_are_found() -> None:
    copied = but("en", scope="They say: our ENGINEERS have, replaced the broken disk.")
    own = but("en", scope="They say: our engineers have replaced something.")

    assert ("never.copied", "en", "scope", "our engineers have replaced the") in found(
        copied, started(), sources=(NOTICE,)
    )
    assert found(own, started(), sources=(NOTICE,)) == []


def test_words_that_are_ours_are_no_copy_whoever_repeated_them() -> None:
    echo = belgium().functions["dispense"].fails["en"] + " " + text().now[0]["en"]

    assert found(text(), started(), sources=(echo,)) == []


@pytest.mark.parametrize(
    "said", ["Until 10:30.", "Vers 10 h 30.", "Om 10.30 uur.", "Om 10u30.", "Tegen 11 uur.", "Um 11 Uhr.", "11h"]
)
def test_a_time_that_somebody_else_promised_is_found(said: str) -> None:
    reasons = found(but("nl", scope=said), started(), sources=(NOTICE,))

    assert [row[:3] for row in reasons] == [("never.foreign_time", "nl", "scope")]
    assert reasons[0][3] in {"10:30", "11:00"}


def test_our_own_times_stay_ours_even_when_somebody_else_names_them() -> None:
    assert found(text(), started(), sources=("Since 8:40, until 9:10, seen at 8:42.",)) == []
    assert found(but("en", scope="Until 12:15."), started(), sources=(NOTICE,)) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("8 h 40, 8.40 uur, 8.40 Uhr, 8:40, 8u40", [(8, 40)] * 5),
        ("8 h, 9u, 10 uur, 11 Uhr", [(8, 0), (9, 0), (10, 0), (11, 0)]),
        ("02 788 51 55, version 1.2.3, 24:00, 12 hours, 2026-11-23, 10,5", []),
    ],
)
def test_times_are_read_as_each_language_writes_them(said: str, expected: list[tuple[int, int]]) -> None:
    assert times(said) == expected


def test_a_run_is_five_words_whatever_stands_between_them() -> None:
    assert runs("one two three four") == []
    assert runs("L’un, deux – TROIS quatre cinq six") == [
        ("l'un", "deux", "trois", "quatre", "cinq"),
        ("deux", "trois", "quatre", "cinq", "six"),
    ]


# --- together ---------------------------------------------------------------------------------------------------------


def test_the_check_of_the_words_takes_it_up_and_blocks() -> None:
    rest_on = ground(
        started(), incident(), procedures=real(), activations=(), templates=templates(), pack=belgium(), now=NOW
    )
    spoilt = assess(but("en", scope="Everything works."), words=plain(), kind="first", ground=rest_on)

    assert NEVER <= BLOCKING
    assert [finding.code for finding in spoilt.findings] == ["never.green"]
    assert spoilt.blocks
    assert (spoilt.scores["en"], spoilt.scores["fr"]) == (60, 100)
