"""What stands where on the board, from domain types alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from factories import console as make
from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import State, Subject
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents.rules.model import Phase
from tocsin.observations.rules.model import Eye
from tocsin.web import board, eyes, history


@pytest.fixture
def pack(belgium: Path) -> Pack:
    return load_pack(belgium)


def test_the_grid_keeps_the_packs_order_and_leaves_unused_cells_empty(pack: Pack) -> None:
    grid = board.grid(make.judgement(pack, down=["dispense"]), pack=pack, now=make.NOW)
    assert [row.function.id for row in grid.rows] == list(pack.functions)
    dispense = next(row for row in grid.rows if row.function.id == "dispense")
    assert [cell.state if cell else None for cell in dispense.cells] == [
        State.DOWN if audience == "pharmacist" else None for audience in pack.audiences
    ]
    assert dispense.worst is State.DOWN


@pytest.mark.parametrize("seconds", [0, 120])
def test_a_fresh_judgement_is_shown(pack: Pack, seconds: int) -> None:
    grid = board.grid(make.judgement(pack), pack=pack, now=make.NOW + timedelta(seconds=seconds))
    assert not grid.is_stale
    assert {row.worst for row in grid.rows} == {State.OK}


def test_what_nobody_checked_lately_is_never_green(pack: Pack) -> None:
    for found, now in ((None, make.NOW), (make.judgement(pack), make.NOW + timedelta(seconds=121))):
        grid = board.grid(found, pack=pack, now=now)
        assert grid.is_stale
        assert {cell.state for row in grid.rows for cell in row.cells if cell} == {State.UNKNOWN}


def test_a_subject_without_a_verdict_is_not_clear(pack: Pack) -> None:
    found = make.judgement(pack)
    kept = {subject: verdict for subject, verdict in found.verdicts.items() if subject != Subject("bill", "nurse")}
    grid = board.grid(replace(found, verdicts=kept), pack=pack, now=make.NOW)
    bill = next(row for row in grid.rows if row.function.id == "bill")
    assert {cell.subject.audience for cell in bill.cells if cell and cell.state is State.UNKNOWN} == {"nurse"}


@pytest.mark.parametrize(("minutes", "mood"), [(-1, "broken"), (0, "soon"), (4, "soon"), (5, "kept"), (30, "kept")])
def test_a_promise_is_kept_soon_or_broken(minutes: int, mood: str) -> None:
    assert board.promise(make.NOW + timedelta(minutes=minutes), now=make.NOW).mood == mood


@pytest.mark.parametrize(
    ("suspect", "name", "partner"),
    [
        (Suspect("sts", 1, (), partner="ehealth"), "Secure Token Service", "eHealth platform"),
        (Suspect("sts", 1, ()), "Secure Token Service", "eHealth platform"),
        (Suspect("belnet", 1, (), partner="belnet"), "Belnet", "Belnet"),
        (Suspect("gp-a", 1, ()), "GP-A", ""),
        (Suspect("gone", 1, ()), "gone", ""),
    ],
)
def test_a_suspect_gets_its_name_and_whom_to_call(pack: Pack, suspect: Suspect, name: str, partner: str) -> None:
    found = board.named(suspect, pack=pack)
    assert (found.name, found.partner) == (name, partner)


def test_a_card_tells_only_of_its_own_incident_latest_first(pack: Pack) -> None:
    first = board.StoredBulletin(make.bulletin(pack), "published", make.BEGAN, "")
    second = board.StoredBulletin(make.bulletin(pack, number=2), "published", make.NOW, "ann")
    waiting = board.StoredBulletin(make.bulletin(pack, number=3, at=make.NOW), "draft", None, "")
    other = board.StoredBulletin(make.bulletin(pack, incident_id="2020-01-27-2"), "published", make.NOW, "")
    card = board.card(
        make.incident(), bulletins=[first, second, waiting, other], activations=[], pack=pack, now=make.NOW
    )
    assert card.told == (second, first)
    assert [item.stored for item in card.drafts] == [waiting]
    assert card.drafts[0].promise.at == make.NOW + board.APPROVAL_WITHIN
    assert [item.is_automatic for item in card.told] == [False, True]


def test_a_draft_that_was_written_anew_does_not_win_time(pack: Pack) -> None:
    stored = board.StoredBulletin(make.bulletin(pack, at=make.NOW), "draft", None, "", waits_since=make.BEGAN)
    assert board.draft(stored, now=make.NOW).promise.at == make.BEGAN + board.APPROVAL_WITHIN


def test_a_draft_may_not_wait_beyond_the_promised_update(pack: Pack) -> None:
    waiting = board.StoredBulletin(make.bulletin(pack, at=make.NOW), "draft", None, "")
    promised = make.NOW + timedelta(minutes=2)
    assert board.draft(waiting, promised=promised, now=make.NOW).promise.at == promised
    later = make.NOW + timedelta(minutes=20)
    assert board.draft(waiting, promised=later, now=make.NOW).promise.at == make.NOW + board.APPROVAL_WITHIN


@pytest.mark.parametrize(("told_after", "is_owed"), [(-1, True), (0, False), (1, False)])
def test_a_broken_promise_is_owed_until_something_goes_out(pack: Pack, told_after: int, *, is_owed: bool) -> None:
    broken = [make.NOW - timedelta(minutes=40), make.NOW - timedelta(minutes=5)]
    told = board.StoredBulletin(make.bulletin(pack), "published", broken[-1] + timedelta(minutes=told_after), "ann")
    waiting = board.StoredBulletin(make.bulletin(pack, number=2, at=make.NOW), "draft", None, "")
    card = board.card(
        make.incident(), bulletins=[told, waiting], activations=[], broken_at=broken, pack=pack, now=make.NOW
    )
    assert card.drafts[0].missed == (broken[-1] if is_owed else None)


def test_a_closed_incident_promises_nothing(pack: Pack) -> None:
    closed = replace(make.incident(), phase=Phase.RESOLVED, closed_at=make.NOW)
    assert board.card(closed, bulletins=[], activations=[], pack=pack, now=make.NOW).promise is None


def test_a_narrow_incident_names_audiences_and_software(pack: Pack) -> None:
    narrow = replace(make.incident(), audiences=("doctor", "gone"), packages=("gp-a", "new"))
    card = board.card(narrow, bulletins=[], activations=[], pack=pack, now=make.NOW)
    assert [audience.id for audience in card.audiences or ()] == ["doctor"]
    assert card.packages == ("GP-A", "new")


def test_each_eye_sees_is_blind_or_not_in_use(pack: Pack) -> None:
    found = eyes.eye_states(make.judgement(pack, blind=[Eye.CLIENT]), {"front": make.NOW, "client": make.NOW})
    assert {item.eye.value: item.mood for item in found} == {
        "front": "sees",
        "client": "blind",
        "probes": "unused",
        "panel": "unused",
        "partner": "unused",
    }
    assert {item.mood for item in eyes.eye_states(None, {})} == {"unused"}
    awaited = eyes.eye_states(None, {}, awaited=frozenset({Eye.PANEL}))
    assert [item.eye for item in awaited if item.mood == "waiting"] == [Eye.PANEL]


def stored(key: int, state: str, *, start: datetime = make.NOW) -> board.StoredActivation:
    return board.StoredActivation(
        key=key,
        procedure_id=f"p{key}",
        procedure=None,
        incident="2020-01-27-1",
        state=state,
        start=start,
        until=None,
        by="policy",
    )


def test_procedures_are_set_apart_by_what_they_ask_of_the_reader() -> None:
    given = [stored(1, "active"), stored(2, "proposed"), stored(3, "ended"), stored(4, "active")]
    sorted_out = board.sorted_out(given)
    assert [[item.key for item in part] for part in (sorted_out.proposed, sorted_out.in_force, sorted_out.ended)] == [
        [2],
        [1, 4],
        [3],
    ]


@pytest.mark.parametrize(("seconds", "is_shared"), [(0, True), (30, True), (60, False)])
def test_since_when_procedures_are_in_force_is_said_of_all_or_of_the_first(seconds: int, *, is_shared: bool) -> None:
    start = make.NOW.replace(second=10)
    later = start + timedelta(seconds=seconds)
    found = board.sorted_out([stored(1, "active", start=later), stored(2, "active", start=start)])
    assert (found.since, found.is_since_shared) == (start, is_shared)


@pytest.mark.parametrize(("count", "is_many", "is_all"), [(4, False, False), (5, True, False), (15, True, True)])
def test_a_long_list_of_functions_is_counted(pack: Pack, count: int, *, is_many: bool, is_all: bool) -> None:
    hit = make.incident(functions=tuple(pack.functions)[:count])
    card = board.card(hit, bulletins=[], activations=[], pack=pack, now=make.NOW)
    assert (card.has_many_functions, card.hits_every_function) == (is_many, is_all)


def entry(kind: str, *, seconds: int = 0, actor: str = "engine", text: str = "") -> history.Entry:
    at = make.NOW.replace(second=0) + timedelta(seconds=seconds)
    return history.Entry(at=at, kind=kind, actor=actor, reasons=(), text=text, facts={})


def test_only_neighbours_of_one_kind_minute_and_actor_share_a_chapter() -> None:
    timeline = [
        entry("activation_active", seconds=70),
        entry("activation_active", seconds=50),
        entry("activation_active", seconds=10),
        entry("activation_active", seconds=10, actor="ann"),
        entry("updated", seconds=5),
        entry("activation_active", seconds=0),
    ]
    chapters = history.chapters(timeline)
    assert [len(chapter.entries) for chapter in chapters] == [1, 2, 1, 1, 1]
    assert [chapter.is_single for chapter in chapters] == [True, False, True, True, True]
    assert [found for chapter in chapters for found in chapter.entries] == timeline


def test_what_somebody_wrote_always_stands_by_itself() -> None:
    notes = [entry("note", actor="ann", text="One"), entry("note", actor="ann", text="Two")]
    assert [chapter.is_single for chapter in history.chapters(notes)] == [True, True]
