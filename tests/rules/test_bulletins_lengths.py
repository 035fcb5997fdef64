"""Every text of every bulletin fits into one text message and on a locked screen, and ends with the next word."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bulletin_cases import CONFIRMED, NOW, PACK_FOLDER, belgium, closed, due, first, incident, procedure, templates
from tocsin.bulletins.rules.clock_words import clock_times
from tocsin.bulletins.rules.drafting import due_bulletins
from tocsin.bulletins.rules.lengths import fits_push, fits_sms, fullest, sms_limit, sms_spelling, sms_units
from tocsin.bulletins.rules.model import Bulletin, BulletinKind
from tocsin.bulletins.rules.reach import reaches
from tocsin.bulletins.rules.retraction import retraction
from tocsin.bulletins.rules.room import without_room
from tocsin.bulletins.rules.short_texts import ALWAYS, Marks, Piece, push, sms
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Authority, Pack
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, IncidentEvent
from tocsin.kernel.language import LANGUAGES, LocalizedText
from tocsin.observations.rules.model import Eye

FUNCTIONS = tuple(belgium().functions)
STATES = (State.DOWN, State.DEGRADED, State.UNKNOWN)
NOBODY: LocalizedText = dict.fromkeys(LANGUAGES, "x")


@cache
def procedures() -> Mapping[str, Procedure]:
    return load_procedures(PACK_FOLDER, belgium())


@cache
def official() -> Pack:
    return replace(belgium(), authority=Authority(NOBODY, NOBODY))


def _due(one: Incident, *, kind: str, now: datetime, pack: Pack, published: tuple[Bulletin, ...] = ()) -> Bulletin:
    (bulletin,) = due_bulletins(
        events=(IncidentEvent(kind, now, one),),  # type: ignore[arg-type]  # the test names only kinds there are
        incidents=(one,),
        published=published,
        drafts=(),
        activations=(),
        procedures=procedures(),
        templates=templates(),
        pack=pack,
        now=now,
    )
    return bulletin


def told(kind: BulletinKind, one: Incident, *, pack: Pack | None = None) -> Bulletin:
    """A bulletin of that kind about the incident, as the rules draft it."""
    pack, now = pack or belgium(), one.opened_at
    start = _due(one, kind="opened", now=now, pack=pack)
    if kind == "first":
        return start
    if kind == "holding":
        return _due(one, kind="promise_due", now=now + timedelta(minutes=28), pack=pack, published=(start,))
    if kind == "retraction":
        return retraction(
            one, [start], procedures=procedures(), templates=templates(), pack=pack, now=now + timedelta(minutes=9)
        )
    over = closed(one, at=now + timedelta(hours=2))
    return _due(over, kind="closed", now=now + timedelta(hours=2), pack=pack, published=(start,))


KINDS: tuple[BulletinKind, ...] = ("first", "holding", "end", "retraction")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", [state.value for state in STATES])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_audience_state_and_kind_fits_in_every_language(
    function: str, state: str, kind: BulletinKind
) -> None:
    bulletin = told(kind, incident(functions=(function,), state=State(state)))

    assert set(bulletin.texts) == set(belgium().functions[function].audiences)
    for text in bulletin.texts.values():
        for language in LANGUAGES:
            assert fits_sms(text.sms[language]), text.sms[language]
            assert sms_limit(text.sms[language]) == 160, text.sms[language]
            assert fits_push(text.push[language]), text.push[language]


@pytest.mark.parametrize("state", ["down", "degraded"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_on_an_ordinary_day_every_text_message_says_what_to_do_and_when_we_speak_again(
    function: str, state: str
) -> None:
    bulletin = told("first", incident(functions=(function,), state=State(state)))
    name = templates().messages[f"sms_name.{function}"]
    moment = bulletin.next_update_at
    assert moment is not None
    following = templates().fill("sms.next", {"time": clock_times(moment, now=NOW)})
    for text in bulletin.texts.values():
        shown = procedures()[text.procedures[0]]
        short = templates().messages[f"sms_now.{shown.id}"]
        for language in LANGUAGES:
            said = text.sms[language]
            assert sms_spelling(name[language]) in said
            assert any(sms_spelling(now[language]) in said for now in (short, shown.instruction)), said
            assert said.endswith(sms_spelling(following[language])), said


incidents = st.builds(
    incident,
    functions=st.one_of(
        st.just(()), st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=15, unique=True).map(tuple)
    ),
    state=st.sampled_from(STATES),
    regions=st.one_of(
        st.none(), st.lists(st.sampled_from(list(belgium().regions)), min_size=1, unique=True).map(tuple)
    ),
    packages=st.one_of(
        st.none(), st.lists(st.sampled_from(list(belgium().packages)), min_size=1, unique=True).map(tuple)
    ),
    is_drill=st.booleans(),
)


@given(
    one=incidents,
    kind=st.sampled_from(KINDS),
    minutes=st.integers(0, 3 * 365 * 24 * 60),
    hit_before=st.integers(0, 3 * 24 * 60),
    is_official=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_whenever_it_fits(
    one: Incident, kind: BulletinKind, *, minutes: int, hit_before: int, is_official: bool
) -> None:
    assume(reaches(one, pack=belgium()))
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    one = replace(one, opened_at=at, phase_since=at, hit_since=at - timedelta(minutes=hit_before))
    bulletin = told(kind, one, pack=official() if is_official else belgium())
    for text in bulletin.texts.values():
        for language in LANGUAGES:
            said, body = text.sms[language], text.push[language]
            assert fits_sms(said)
            assert fits_push(body)
            assert "{" not in said + body
            assert said.endswith((".", "?", "!"))
            for mark, is_needed in (("sms.unofficial", not is_official), ("sms.drill", one.is_drill)):
                words = templates().messages[mark][language]
                assert (sms_spelling(words) in said) is is_needed
                assert (words in body) is is_needed


def test_without_the_mark_there_is_room_for_more() -> None:
    unofficial = told("first", incident(), pack=belgium()).texts["pharmacist"]
    confirmed = told("first", incident(), pack=official()).texts["pharmacist"]

    assert "Remboursement" in confirmed.sms["fr"]
    assert "Remboursement" not in unofficial.sms["fr"]


def test_a_confirmed_yes_is_left_to_the_page_where_its_validator_stands_beside_it() -> None:
    given = {"paper": procedure(legal=CONFIRMED)}
    text = first(procedures=given).texts["pharmacist"]

    assert text.paid is not None
    assert "Confirmed by" in text.paid["en"]
    assert "Yes, reimbursed" not in text.sms["en"] + text.push["en"]
    assert "not confirmed yet" in first().texts["pharmacist"].sms["en"]


def test_regions_and_software_are_said_before_the_word_on_money() -> None:
    text = first(incident(regions=("BE-WLG",), packages=("pharmacy-a",))).texts["pharmacist"]

    assert "Only: Liège." in text.sms["en"]
    assert "Some software only." in text.sms["en"]


def test_many_regions_are_counted_out_where_their_names_have_no_room() -> None:
    many = tuple(belgium().regions)[:-1]
    text = first(incident(regions=many)).texts["pharmacist"]

    assert "Some provinces only." in text.sms["en"]


def test_an_end_says_since_when_and_what_is_left_to_do() -> None:
    start = first()
    (end,) = due(
        closed(incident(), at=NOW + timedelta(hours=3)),
        happened="closed",
        published=(start,),
        now=NOW + timedelta(hours=3),
    )
    text = end.texts["pharmacist"]

    assert text.sms["en"] == (
        "Unofficial demonstration. Retrieving prescriptions: working again since 11:32. "
        "Send the proofs en. Do this by 30 January 2020."
    )
    assert text.push["en"].startswith("Unofficial demonstration. Work as usual again.")


def test_the_panels_word_alone_is_said_to_be_that() -> None:
    alone = incident(eyes=frozenset({Eye.PANEL}), witnesses=None)
    text = first(alone).texts["pharmacist"]

    assert alone.is_hearsay
    assert "not clear yet, professionals report trouble since 8:40." in text.sms["en"]


# --- a pack whose words are too long ---------------------------------------------------------------------------------


LONG = "This translation goes on and on. " * 9


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("sms.down", "{function} {since}: " + LONG),
        ("sms.next", LONG + "{time}."),
        ("sms.unofficial", LONG),
        ("sms.drill", LONG),
        ("sms_name.dispense", LONG),
        ("sms_now.paper", LONG),
    ],
)
def test_a_translation_that_is_too_long_gives_way_to_one_that_fits(key: str, text: str) -> None:
    spoilt = Templates({**templates().messages, key: dict.fromkeys(LANGUAGES, text)})
    (bulletin,) = due_bulletins(
        events=(IncidentEvent("opened", NOW, incident(is_drill=True)),),
        incidents=(),
        published=(),
        drafts=(),
        activations=(),
        procedures={"paper": procedure()},
        templates=spoilt,
        pack=belgium(),
        now=NOW,
    )
    said = bulletin.texts["pharmacist"]
    for language in LANGUAGES:
        assert fits_sms(said.sms[language])
        assert fits_push(said.push[language])
        assert said.sms[language].lower().startswith(("démon", "demon", "niet", "inoff", "unoff", "non off"))
    if key != "sms.next":
        assert said.sms["en"].endswith("Next: 9:10.")
    assert "EXERCISE" in said.sms["en"]


def test_a_check_of_the_pack_names_what_is_too_long_and_by_how_much() -> None:
    spoilt = Templates(
        {
            **templates().messages,
            "sms.end": dict.fromkeys(LANGUAGES, "{function} {end} " + LONG),
            "sms_now.prescribe-on-paper": dict.fromkeys(LANGUAGES, LONG),
            "sms_name.juggle": NOBODY,
            "sms_now.wait": NOBODY,
        }
    )
    found = without_room(spoilt, pack=belgium(), procedures=procedures())

    assert {(finding.severity, finding.code, finding.key) for finding in found} == {
        ("warning", "messages.for_nothing", "sms_name.juggle"),
        ("warning", "messages.for_nothing", "sms_now.wait"),
        ("error", "messages.sms_too_long", "sms.end"),
        ("warning", "messages.sms_no_room", "sms_now.prescribe-on-paper"),
    }
    assert sum(finding.code == "messages.sms_too_long" for finding in found) == len(LANGUAGES)
    assert all(finding.file == "messages/sms.toml" for finding in found)
    assert any(" of 160" in finding.message for finding in found)


def test_the_belgian_pack_leaves_room_for_every_instruction() -> None:
    assert without_room(templates(), pack=belgium(), procedures=procedures()) == []
    assert without_room(templates(), pack=official(), procedures=procedures()) == []


def test_the_fullest_candidate_that_fits_is_taken() -> None:
    candidates = ("x" * 200, "", "x" * 100, "x")

    assert fullest(candidates, fits=fits_sms) == "x" * 100
    assert fullest(("x" * 200,), fits=fits_sms) is None
    assert sms_units("x€") == 3


def _everywhere(text: str) -> LocalizedText:
    return dict.fromkeys(LANGUAGES, text)


def test_the_most_needed_sentence_gets_its_room_first_and_none_is_said_twice() -> None:
    marks = Marks(is_official=True, is_drill=False)
    pieces = (
        Piece(((ALWAYS, _everywhere("First.")),)),
        Piece(((1, _everywhere("y" * 100)),)),
        Piece(((2, _everywhere("z" * 100)),)),
        Piece(((3, _everywhere("First.")),)),
        Piece(((ALWAYS, _everywhere("Last.")),)),
    )

    assert sms(pieces, marks=marks, templates=templates())["en"] == f"First. {'z' * 100} Last."
    assert push(pieces, marks=marks, templates=templates())["en"] == f"First. {'z' * 100} Last."


def test_a_correction_in_one_message_says_that_it_is_one() -> None:
    marks = Marks(is_official=True, is_drill=True, is_correction=True)

    said = sms((Piece(((ALWAYS, _everywhere("Wait.")),)),), marks=marks, templates=templates())
    assert said == {
        "fr": "EXERCICE. Corrigé. Wait.",
        "nl": "OEFENING. Correctie. Wait.",
        "de": "ÜBUNG. Korrektur. Wait.",
        "en": "EXERCISE. Corrected. Wait.",
    }
