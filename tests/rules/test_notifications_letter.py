from dataclasses import replace

import pytest

from announcements import audience_text, words
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.notifications.rules.letter import bulletin_letter, marks, said_first
from tocsin.notifications.rules.model import Labels, Letter, Mark, Section

LABELS = Labels(
    now="Now:",
    paid="Paid:",
    avoid="Avoid:",
    next_update="Next:",
    duties="Then:",
    page="Page",
    why="Why",
    leave="Leave",
    manage="Change",
    drill="Exercise",
    unofficial="Unofficial",
    replay_short="Replay",
    replay="Replay: simulated",
    comes_and_goes_short="Comes and goes",
    comes_and_goes="It comes and goes.",
    several="Several",
)


def letter(language: Language = "en", **changes: object) -> Letter:
    return bulletin_letter(
        replace(audience_text(), **changes),  # type: ignore[arg-type]  # the tests name fields of AudienceText
        language=language,
        labels=LABELS,
        marks=(),
        page="http://site/en/",
        leave="http://base/leave",
        opens_thread=True,
    )


def test_sections_come_in_the_order_in_which_they_are_read() -> None:
    full = letter(avoid=words("Do not log out."), duties=(words("Send the proofs."),))
    assert [section.label for section in full.sections] == ["", "Now:", "Paid:", "Avoid:", "Then:", "Next:"]
    assert full.sections[1] == Section("Now:", ("Ask for the paper proof. en", "Call the <prescriber> & note it. en"))


def test_what_there_is_nothing_to_say_about_is_left_out() -> None:
    end = letter(paid=None, next_update=None, now=())
    assert [section.label for section in end.sections] == [""]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_in_the_readers_language(language: Language) -> None:
    sent = letter(language)
    lines = [sent.subject, sent.headline, *(line for section in sent.sections for line in section.lines)]
    assert len(lines) == 7
    assert all(line.endswith(f" {language}") for line in lines)


def test_a_letter_leads_to_the_page_and_to_the_way_out() -> None:
    sent = letter()
    assert sent.action is not None
    assert sent.leave is not None
    assert (sent.action.label, sent.action.address) == ("Page", "http://site/en/")
    assert (sent.leave.label, sent.leave.address) == ("Leave", "http://base/leave")


@pytest.mark.parametrize(
    ("official", "drill", "expected"),
    [
        (True, False, []),
        (False, False, ["Unofficial"]),
        (True, True, ["Exercise"]),
        (False, True, ["Unofficial", "Exercise"]),
    ],
)
def test_marks(official: bool, drill: bool, expected: list[str]) -> None:  # noqa: FBT001  (a table)
    assert marks(LABELS, is_official=official, is_drill=drill) == tuple(Mark(word, word) for word in expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Wait.", "[Niet-officiële demonstratie] [Oefening] Wait."),
        ("Niet-officiele demonstratie. OEFENING. Wait.", "Niet-officiele demonstratie. OEFENING. Wait."),
        ("NIET-OFFICIËLE DEMONSTRATIE. Wait.", "[Oefening] NIET-OFFICIËLE DEMONSTRATIE. Wait."),
    ],
)
def test_a_short_text_says_what_it_is_once_whatever_its_capitals_and_accents(text: str, said: str) -> None:
    marks_ = (Mark("Niet-officiële demonstratie", ""), Mark("Oefening", ""))

    assert said_first(marks_, text) == said
