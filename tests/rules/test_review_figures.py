from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from announcements import at, audience_text, bulletin, incident
from tocsin.bulletins.rules.model import AudienceText
from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.review.rules.figures import (
    first_instruction,
    incident_figures,
    misled_for,
    promises_kept,
    review,
    worst,
)
from tocsin.review.rules.model import PageState, Past, Publication

UNTIL = at(600)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(Path(__file__).resolve().parents[2] / "packs" / "belgium")


def said(
    minute: float, number: int = 1, *, texts: Mapping[str, AudienceText] | None = None, **given: str
) -> Publication:
    return Publication(at(minute), bulletin(number, texts=texts, **given))  # type: ignore[arg-type]  # kind or incident


def past(*publications: Publication, incidents: tuple[Incident, ...] = (), pages: tuple[PageState, ...] = ()) -> Past:
    return Past(incidents=incidents, publications=publications, pages=pages, changes=(), until=UNTIL)


WITHOUT = audience_text(procedures=())
WITH = audience_text(procedures=("paper",))


def test_the_first_instruction_is_the_first_bulletin_that_says_what_to_do() -> None:
    vague = said(3, texts={"pharmacist": WITHOUT})
    assert first_instruction(incident(), past=past(vague, said(9, 2))) == at(9)


def test_nobody_it_speaks_to_may_be_left_without_one() -> None:
    half = said(3, texts={"pharmacist": WITH, "doctor": WITHOUT})
    rest = said(6, 2, texts={"pharmacist": WITHOUT, "doctor": WITH})
    assert first_instruction(incident(), past=past(half)) is None
    assert first_instruction(incident(), past=past(half, rest)) == at(6)


@pytest.mark.parametrize(
    "publications",
    [(), (said(3, incident="2026-03-02-2"),), (said(75, kind="end"),), (said(3, texts={}),)],
    ids=["silence", "another outage's", "the end", "to nobody"],
)
def test_what_is_no_instruction(publications: tuple[Publication, ...]) -> None:
    assert first_instruction(incident(), past=past(*publications)) is None


def test_it_is_readable_once_the_pages_show_its_incident() -> None:
    pages = (PageState(at(0), {}), PageState(at(4), {}, ("2026-03-02-1",)), PageState(at(9), {}, ("2026-03-02-1",)))
    assert first_instruction(incident(), past=past(said(3), pages=pages)) == at(4)
    assert first_instruction(incident(), past=past(said(6), pages=pages)) == at(6)


def test_everything_is_measured_from_the_first_user_hit(pack: Pack) -> None:
    pages = (
        PageState(at(-9), {"dispense": {"pharmacist": State.OK}}),
        PageState(at(3), {"dispense": {"pharmacist": State.DOWN}}, ("2026-03-02-1",)),
        PageState(at(71), {"dispense": {"pharmacist": State.OK}}),
    )
    found = incident_figures(incident(), past=past(said(3), pages=pages), pack=pack)
    assert found.to_detection == timedelta(minutes=2)
    assert found.to_instruction == timedelta(minutes=3)
    assert found.to_end == timedelta(minutes=60)
    assert found.to_closing == timedelta(minutes=70)
    assert found.falsely_fine == {"pharmacist": timedelta(minutes=3)}
    assert found.falsely_bad == {"pharmacist": timedelta(minutes=11)}
    assert not found.is_running
    assert set(found.hit) == {"pharmacist"}
    assert found.uncounted == ()


def test_an_incident_that_goes_on_has_no_end_and_is_counted_up_to_now(pack: Pack) -> None:
    running = incident(closed_at=None, good_since=None, phase=Phase.CONFIRMED)
    found = incident_figures(running, past=past(), pack=pack)
    assert (found.is_running, found.to_end, found.to_closing, found.to_instruction) == (True, None, None, None)


def test_functions_without_a_published_load_are_named(pack: Pack) -> None:
    assert pack.functions["read_sumehr"].transactions_per_month is None
    found = incident_figures(incident(functions=("dispense", "read_sumehr")), past=past(), pack=pack)
    assert found.uncounted == ("read_sumehr",)


def test_a_review_gives_counts_and_tails(pack: Pack) -> None:
    told = incident()
    silent = incident(id="2026-03-02-2", opened_at=at(20))
    running = incident(id="2026-03-02-3", closed_at=None, good_since=None, opened_at=at(4))
    drill = incident(id="2026-03-02-4", is_drill=True)
    found = review(past(said(3), incidents=(told, silent, running, drill)), pack=pack)
    assert [each.incident for each in found.incidents] == ["2026-03-02-1", "2026-03-02-2", "2026-03-02-3"]
    assert found.drills == 1
    assert (found.to_detection.count, found.to_detection.maximum) == (3, timedelta(minutes=20))
    assert (found.to_detection.median, found.to_detection.p95) == (timedelta(minutes=4), timedelta(minutes=20))
    instruction = found.to_instruction
    assert (instruction.count, instruction.never, instruction.pending) == (2, 1, 1)
    assert instruction.maximum is None
    assert (found.to_end.count, found.to_end.pending) == (2, 1)
    assert found.instructed_within_promise == 1


def test_an_instruction_after_five_minutes_breaks_the_promise(pack: Pack) -> None:
    assert review(past(said(5), incidents=(incident(),)), pack=pack).instructed_within_promise == 1
    assert review(past(said(5.1), incidents=(incident(),)), pack=pack).instructed_within_promise == 0


def test_without_a_record_of_the_pages_nothing_is_said_of_them(pack: Pack) -> None:
    found = review(past(said(3), incidents=(incident(),)), pack=pack)
    assert found.incidents[0].falsely_fine == found.incidents[0].falsely_bad == {}
    assert (found.falsely_fine.count, found.falsely_bad.count) == (0, 0)


def test_nothing_happened(pack: Pack) -> None:
    found = review(past(), pack=pack)
    assert (found.incidents, found.to_detection.count, found.to_detection.median) == ((), 0, None)


def test_the_worst_audience_stands_for_the_incident() -> None:
    assert worst({"doctor": timedelta(1), "nurse": timedelta(2)}) == timedelta(2)


def test_a_false_alarm_is_counted_by_itself_with_how_long_readers_believed_it(pack: Pack) -> None:
    alarm = replace(incident(), id="2026-03-02-2", retracted_at=at(14))
    real = incident()
    found = review(past(said(3), said(4, incident="2026-03-02-2"), incidents=(real, alarm)), pack=pack)
    assert [each.incident for each in found.incidents] == [real.id]
    assert found.false_alarms == (alarm.id,)
    assert found.misled.maximum == timedelta(minutes=10)


def test_a_false_alarm_that_nobody_was_told_misled_nobody() -> None:
    assert misled_for(replace(incident(), retracted_at=at(14)), past=past()) == timedelta(0)
    assert misled_for(incident(), past=past(said(3))) == timedelta(0)


def promising(minute: float, promised: float | None, *, number: int = 1, **fields: Any) -> Publication:
    when = None if promised is None else at(promised)
    return Publication(at(minute), replace(bulletin(number), next_update_at=when, **fields))


@pytest.mark.parametrize(
    ("publications", "kept"),
    [
        ((promising(3, 30), promising(30, 60, number=2)), [True, False]),
        ((promising(3, 30), promising(31, None, number=2)), [False]),
        ((promising(3, 30), promising(10, 30, number=2, kind="correction"), promising(29, None, number=3)), [True]),
        ((promising(3, 30), promising(29, None, number=2, is_silent=True)), [False]),
        ((promising(3, 900),), []),
        ((promising(3, None),), []),
    ],
    ids=["kept, then not", "a minute late", "a correction repeats it", "silently", "not due yet", "none given"],
)
def test_a_promise_is_kept_by_a_message_in_time(publications: tuple[Publication, ...], kept: list[bool]) -> None:
    open_one = replace(incident(), closed_at=None)
    assert list(promises_kept(open_one, past=past(*publications))) == kept


def test_an_end_keeps_the_promise_too() -> None:
    closed = replace(incident(), closed_at=at(20))
    assert list(promises_kept(closed, past=past(promising(3, 30)))) == [True]
