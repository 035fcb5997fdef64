"""Announcing maintenance: what is refused, what is audited, and that each thing is told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from typer.testing import CliRunner

from bulletin_cases import NOW, belgium, templates
from rich_facts import EFFECT
from tocsin.audit.models import AuditEntry
from tocsin.changes import services
from tocsin.changes.errors import MaintenanceError, MaintenanceStateError, UnknownMaintenanceError
from tocsin.changes.models import MaintenanceRow
from tocsin.changes.queries import maintenance, planned, untold
from tocsin.changes.services import Plan, planned_moment
from tocsin.cli.maintenance import app
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.errors import TocsinError
from tocsin.notifications.models import AnnouncementRow
from tocsin.runtime.maintenance import tell_maintenance

pytestmark = pytest.mark.django_db

START = datetime(2020, 1, 29, 9, tzinfo=UTC)
HALF = timedelta(minutes=30)
SAID: dict[str, str] = dict(EFFECT.items())
PLAN = Plan(services=("sts",), start=START, end=START + HALF, effect=SAID)


def announced(plan: Plan = PLAN, **fields: Any) -> str:
    return services.announce(plan, pack=belgium(), by="op", now=NOW, **fields).id


def tell(at: datetime) -> int:
    return tell_maintenance(at, pack=belgium(), templates=templates())


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


def test_what_needs_the_service_is_touched() -> None:
    known = services.announce(PLAN, pack=belgium(), by="op", now=NOW)

    assert known.id == "m-2020-01-29-1"
    assert known.state == "announced"
    assert "open_session" in known.functions
    assert list(known.functions) == [each for each in belgium().functions if each in known.functions]
    assert announced() == "m-2020-01-29-2"
    assert acts() == ["maintenance.announced"] * 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"end": START}, "maintenance.order"),
        ({"start": NOW - HALF, "end": NOW + HALF}, "maintenance.in_past"),
        ({"end": START + timedelta(days=8)}, "maintenance.too_long"),
        ({"effect": {**SAID, "de": " \u202e "}}, "maintenance.language"),
        ({"effect": {"en": "Only English."}}, "maintenance.language"),
        ({"effect": {**SAID, "fr": "x" * 301}}, "maintenance.length"),
        ({"services": ("nope",)}, "maintenance.unknown_id"),
        ({"functions": ("nope",)}, "maintenance.unknown_id"),
        ({"audiences": ("nope",)}, "maintenance.unknown_id"),
        ({"services": (), "functions": ()}, "maintenance.nobody"),
        ({"functions": ("dispense",), "audiences": ("doctor",)}, "maintenance.nobody"),
    ],
)
def test_what_cannot_be_kept_or_told_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(MaintenanceError) as caught:
        announced(replace(PLAN, **changes))

    assert caught.value.code == code
    assert not MaintenanceRow.objects.exists()
    assert acts() == []


def test_the_effect_is_cleaned_before_it_is_stored() -> None:
    number = announced(replace(PLAN, effect={**SAID, "en": "Log\u202e in\nagain\u200b."}))
    known = maintenance(number, now=NOW)
    assert known is not None
    assert known.effect["en"] == "Log in again."


def test_the_same_again_changes_nothing_and_another_plan_changes_it() -> None:
    announced(id_="chg-1")
    announced(id_="chg-1")
    assert acts() == ["maintenance.announced"]
    later = replace(PLAN, end=START + 2 * HALF, audiences=("doctor",))
    known = services.announce(later, pack=belgium(), by="op", now=NOW, id_="chg-1")

    assert (known.state, known.revision, known.changed_at, known.audiences) == ("changed", 1, NOW, ("doctor",))
    assert acts() == ["maintenance.announced", "maintenance.changed"]


def test_one_that_runs_can_be_made_longer_but_not_be_moved_into_the_past() -> None:
    number = announced()
    during = START + HALF / 2
    longer = services.change(number, replace(PLAN, end=START + 3 * HALF), pack=belgium(), by="op", now=during)
    assert (longer.state, longer.revision) == ("running", 1)
    with pytest.raises(MaintenanceError) as moved:
        services.change(number, replace(PLAN, start=START - HALF), pack=belgium(), by="op", now=during)
    assert moved.value.code == "maintenance.in_past"
    with pytest.raises(MaintenanceError) as shortened:
        services.change(number, replace(PLAN, end=START + HALF / 3), pack=belgium(), by="op", now=during)
    assert shortened.value.code == "maintenance.ends_in_past"


def test_it_ends_once_and_not_before_it_began() -> None:
    number = announced()
    with pytest.raises(MaintenanceError) as early:
        services.end(number, by="op", now=NOW)
    assert early.value.code == "maintenance.not_begun"
    assert services.end(number, by="op", now=START + HALF).state == "over"
    with pytest.raises(MaintenanceStateError):
        services.cancel(number, by="op", now=START + HALF)
    with pytest.raises(MaintenanceStateError):
        services.change(number, PLAN, pack=belgium(), by="op", now=START + HALF)
    with pytest.raises(UnknownMaintenanceError):
        services.end("m-1", by="op", now=NOW)
    assert acts() == ["maintenance.announced", "maintenance.over"]


def test_it_is_spoken_of_for_a_week_after_its_end() -> None:
    number = announced()
    services.cancel(number, by="op", now=NOW)
    assert [each.state for each in planned(NOW + timedelta(days=7))] == ["cancelled"]
    assert planned(NOW + timedelta(days=7, seconds=1)) == ()
    forgotten = announced()
    assert [each.id for each in planned(START + HALF + timedelta(days=7))] == [forgotten]


def test_each_thing_is_told_once_from_the_announcement_to_the_end() -> None:
    number = announced()
    assert [tell(NOW), tell(NOW)] == [1, 0]
    services.change(number, replace(PLAN, end=START + 2 * HALF), pack=belgium(), by="op", now=NOW)
    assert [tell(NOW), tell(NOW)] == [1, 0]
    assert [tell(START), tell(START + HALF)] == [1, 0]
    assert [tell(START + 2 * HALF), tell(START + 3 * HALF)] == [1, 0]
    services.end(number, by="op", now=START + 3 * HALF)
    assert [tell(START + 3 * HALF), tell(START + 4 * HALF)] == [1, 0]
    rows = AnnouncementRow.objects.filter(incident=number).order_by("pk")
    assert [row.kind for row in rows] == ["update", "update", "update", "update", "end"]
    assert untold(START + 4 * HALF)[0][1] == ("announced", "changed-1", "begins", "overrun", "over")


def test_what_is_for_the_console_only_is_told_to_nobody() -> None:
    announced(replace(PLAN, is_public=False))
    assert tell(NOW) == 0
    assert planned(NOW)[0].is_public is False


def test_telling_that_fails_leaves_it_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    announced()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tocsin.runtime.maintenance.note_told", broken)
    with pytest.raises(RuntimeError):
        tell(NOW)
    monkeypatch.undo()
    assert not AnnouncementRow.objects.exists()
    assert tell(NOW) == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-29 10:00", datetime(2026, 11, 29, 9, tzinfo=UTC)),
        ("2026-07-01T10:00", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        (" 2026-10-25 02:30+01:00 ", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_typed_time_is_that_of_brussels(typed: str, meant: datetime) -> None:
    assert planned_moment(typed) == meant


@pytest.mark.parametrize("typed", ["", "tomorrow", "2026-03-29 02:30", "2026-10-25 02:30", "2026-13-01 10:00"])
def test_no_time_and_times_at_which_the_clocks_change_are_refused(typed: str) -> None:
    with pytest.raises(MaintenanceError) as caught:
        planned_moment(typed)
    assert caught.value.code == "maintenance.time"


class TestCommand:
    """`tocsin maintenance`."""

    @pytest.fixture
    def run(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
        settings.CLOCK = FixedClock(NOW)
        monkeypatch.setattr("tocsin.runtime.startup.start", lambda **_: None)
        return CliRunner()

    def announce(self, run: CliRunner, *more: str) -> str:
        said = [part for language, text in EFFECT.items() for part in (f"--{language}", text)]
        when = ["--start", "2020-01-29 10:00", "--end", "2020-01-29 10:30", "--service", "sts"]
        done = run.invoke(app, ["announce", *when, *said, *more])
        assert done.exit_code == 0, done.output
        return done.output

    def test_from_the_announcement_to_the_end(self, run: CliRunner, settings: Settings) -> None:
        assert self.announce(run, "--audience", "doctor").startswith("m-2020-01-29-1 announced 2020-01-29 10:00–10:30 ")
        changed = run.invoke(
            app, ["change", "m-2020-01-29-1", "--end", "2020-01-30 01:00", "--en", "Other.", "--by", "x"]
        )
        assert "changed 2020-01-29 10:00–2020-01-30 01:00" in changed.output
        assert run.invoke(app, ["list"]).output == changed.output
        settings.CLOCK = FixedClock(START)
        assert " over " in run.invoke(app, ["end", "m-2020-01-29-1"]).output
        assert list(AuditEntry.objects.order_by("seq").values_list("actor", flat=True))[1] == "x"

    def test_calling_it_off(self, run: CliRunner) -> None:
        assert " announced internal " in self.announce(run, "--internal")
        assert " cancelled internal " in run.invoke(app, ["cancel", "m-2020-01-29-1"]).output

    def test_what_is_not_there_is_said(self, run: CliRunner) -> None:
        for act in ("change", "end", "cancel"):
            failed = run.invoke(app, [act, "m-1"])
            assert isinstance(failed.exception, TocsinError)
            assert failed.exception.code == "maintenance.unknown"
