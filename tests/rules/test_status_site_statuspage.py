"""Our states in Statuspage's vocabulary: what is not known never reads operational, and a drill hits nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bulletin_cases import NOW, belgium, closed, facts, first, incident, said
from exported_site import DOWN, SLOW, SUNDAY, maintenance, mixed
from tocsin.bulletins.rules.model import Bulletin
from tocsin.detection.rules.model import State
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.statuspage import WORSE, board, component_status, impact, worst_of
from tocsin.status_site.rules.statuspage_documents import Wording, documents


def wording(given: Facts) -> Wording:
    pack = given.pack
    ids = [one.bulletin.id for one in given.said]
    return Wording(
        page="Page",
        url="https://status.example.org/en/index.html",
        description="Words",
        links={"2020-01-28-1": "https://status.example.org/en/incidents/2020-01-28-1.html"},
        titles={each: f"Title {each}" for each in ids},
        bodies={each: f"Body {each}" for each in ids},
        planned={each.id: (f"Name {each.id}", "Text") for each in given.maintenance},
        component={
            (function.id, audience): f"{audience}: {function.id}"
            for function in pack.functions.values()
            for audience in function.audiences
        },
        group={audience: audience for audience in pack.audiences},
    )


def shown(given: Facts) -> dict[str, Any]:
    return dict(documents(board(given), wording(given)))


def status_of(document: Any, component: str) -> str:
    return str(next(one["status"] for one in document["components"] if one["id"] == component))


@pytest.mark.parametrize(
    ("state", "is_limited", "is_maintained", "expected"),
    [
        (State.OK, False, False, "operational"),
        (State.OK, False, True, "under_maintenance"),
        (State.UNKNOWN, False, False, "degraded_performance"),
        (State.UNKNOWN, True, True, "under_maintenance"),
        (State.DEGRADED, False, True, "degraded_performance"),
        (State.DOWN, True, False, "partial_outage"),
        (State.DOWN, False, True, "major_outage"),
    ],
)
def test_a_state_becomes_a_status(state: State, is_limited: bool, is_maintained: bool, expected: str) -> None:  # noqa: FBT001  a table of cases
    assert component_status(state, is_limited=is_limited, is_maintained=is_maintained) == expected


def test_of_nothing_it_cannot_be_said_that_it_works() -> None:
    assert worst_of([]) == "degraded_performance"
    assert worst_of(WORSE) == "major_outage"


def bulletin(**changes: Any) -> Bulletin:
    return replace(first(DOWN), **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "critical"),
        ({"regions": ("BE-WLG",)}, "major"),
        ({"packages": ("pharmacy-a",)}, "major"),
        ({"state": State.DEGRADED}, "minor"),
        ({"state": State.UNKNOWN}, "minor"),
        ({"is_drill": True}, "none"),
        ({"kind": "end"}, "none"),
        ({"kind": "retraction"}, "none"),
    ],
    ids=["everywhere", "province", "package", "slow", "unclear", "drill", "end", "retraction"],
)
def test_a_bulletin_weighs(changes: dict[str, Any], expected: str) -> None:
    assert impact(bulletin(**changes)) == expected


def test_a_quiet_morning_is_operational_everywhere() -> None:
    site = shown(facts())

    assert site["status"]["status"] == {"indicator": "none", "description": "Words"}
    assert {one["status"] for one in site["components"]["components"]} == {"operational"}
    assert site["incidents"]["incidents"] == []


def test_what_nobody_looked_at_is_never_operational() -> None:
    for given in (facts(checked_at=None), facts(now=NOW + timedelta(minutes=6)), facts(verdicts={})):
        site = shown(given)
        assert "operational" not in {one["status"] for one in site["components"]["components"]}
        assert site["status"]["status"]["indicator"] == "minor"


def test_every_function_of_every_profession_is_a_component_in_its_group() -> None:
    components = shown(mixed())["components"]["components"]
    groups = [one for one in components if one["group"]]
    names = [one["name"] for one in components]

    assert [one["id"] for one in groups] == list(belgium().audiences)
    for group in groups:
        assert group["components"] == [one["id"] for one in components if one["group_id"] == group["id"]]
    assert len(names) == len(set(names))
    assert len({one["id"] for one in components}) == len(components)


def test_a_trouble_everywhere_is_a_major_outage_and_one_in_a_province_a_partial_one() -> None:
    part = replace(SLOW, state=State.DOWN)
    site = shown(mixed(incidents=(DOWN, part), said=(said(first(DOWN)), said(first(part)))))

    assert status_of(site["summary"], "pharmacist.dispense") == "major_outage"
    assert status_of(site["summary"], "doctor.exchange_messages") == "partial_outage"
    assert status_of(site["summary"], "pharmacist") == "major_outage"
    assert site["status"]["status"]["indicator"] == "critical"


def test_what_is_told_everywhere_is_not_made_smaller_by_what_is_told_of_a_province() -> None:
    part = incident(id="2020-01-28-9", functions=("dispense",), regions=("BE-WLG",))
    site = shown(mixed(incidents=(DOWN, part), said=(said(first(DOWN)), said(first(part)))))

    assert status_of(site["summary"], "pharmacist.dispense") == "major_outage"


def test_an_incident_that_nobody_announced_is_no_incident_but_not_green_either() -> None:
    site = shown(mixed(said=()))

    assert site["incidents"]["incidents"] == []
    assert status_of(site["summary"], "pharmacist.dispense") == "degraded_performance"


def test_incidents_are_listed_with_their_updates_newest_first() -> None:
    site = shown(mixed())
    by_id = {one["id"]: one for one in site["incidents"]["incidents"]}

    assert list(by_id) == ["2020-01-28-2", "2020-01-28-1", "2020-01-28-0"]
    assert [one["id"] for one in site["incidents/unresolved"]["incidents"]] == ["2020-01-28-2", "2020-01-28-1"]
    assert [one["id"] for one in site["summary"]["incidents"]] == ["2020-01-28-2", "2020-01-28-1"]
    over = by_id["2020-01-28-0"]
    assert over["status"] == "resolved"
    assert over["resolved_at"] == "2020-01-28T07:37:00Z"
    assert over["impact"] == "critical"
    assert over["name"] == "Title 2020-01-28-0-b1"
    assert [(each["id"], each["status"]) for each in over["incident_updates"]] == [
        ("2020-01-28-0-b2", "resolved"),
        ("2020-01-28-0-b1", "investigating"),
    ]
    assert {each["new_status"] for each in over["incident_updates"][0]["affected_components"]} == {"operational"}
    down = by_id["2020-01-28-1"]
    assert [each["id"] for each in down["components"]] == ["pharmacist.dispense"]
    assert down["shortlink"] == "https://status.example.org/en/incidents/2020-01-28-1.html"
    assert over["shortlink"] == "https://status.example.org/en/index.html"
    assert [each["new_status"] for each in down["incident_updates"][0]["affected_components"]] == ["major_outage"]


def test_a_false_alarm_ends_without_having_weighed() -> None:
    wrong = first(DOWN)
    at = NOW + timedelta(minutes=4)
    withdrawn = replace(wrong, id="2020-01-28-1-b2", number=2, kind="retraction", state=State.OK, drafted_at=at)
    site = shown(mixed(incidents=(closed(DOWN, at=at),), said=(said(wrong), said(withdrawn)), now=at, checked_at=at))
    (one,) = site["incidents"]["incidents"]

    assert (one["status"], one["impact"], one["resolved_at"]) == ("resolved", "none", "2020-01-28T07:46:00Z")
    assert one["name"] == "Title 2020-01-28-1-b1"


@pytest.mark.parametrize(
    ("incidents", "resolved_at"),
    [
        ((closed(DOWN, at=NOW + timedelta(minutes=3)),), "2020-01-28T07:45:00Z"),
        ((), "2020-01-28T07:42:00Z"),
    ],
    ids=["closed", "forgotten"],
)
def test_an_incident_that_is_over_does_not_stay_open_because_its_end_waits_to_be_told(
    incidents: tuple[Any, ...], resolved_at: str
) -> None:
    (one,) = shown(mixed(incidents=incidents, said=(said(first(DOWN)),)))["incidents"]["incidents"]
    assert (one["status"], one["resolved_at"]) == ("resolved", resolved_at)


def test_an_update_that_says_it_works_is_being_watched() -> None:
    better = bulletin(kind="update", state=State.OK)
    (one,) = shown(mixed(incidents=(DOWN,), said=(said(better),)))["incidents"]["incidents"]
    assert one["status"] == "monitoring"


def test_a_drill_touches_no_component_and_says_what_it_is() -> None:
    drill = replace(DOWN, is_drill=True)
    site = shown(facts(incidents=(drill,), said=(said(first(drill)),)))
    (one,) = site["incidents"]["incidents"]

    assert site["status"]["status"]["indicator"] == "none"
    assert {each["status"] for each in site["components"]["components"]} == {"operational"}
    assert (one["is_drill"], one["impact"]) == (True, "none")
    assert {each["new_status"] for each in one["incident_updates"][0]["affected_components"]} == {"operational"}


def test_a_silent_update_asks_for_no_notification() -> None:
    quiet = bulletin(is_silent=True)
    (one,) = shown(mixed(incidents=(DOWN,), said=(said(quiet),)))["incidents"]["incidents"]
    assert one["incident_updates"][0]["deliver_notifications"] is False


class TestMaintenance:
    """Planned work: upcoming, active, over; a cancelled one is completed, for there is no other word."""

    def lists(self, **fields: Any) -> tuple[list[str], list[str], list[str], list[str]]:
        site = shown(facts(maintenance=(maintenance(**fields),)))
        names = ("scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active")
        kinds = [[one["status"] for one in site[name]["scheduled_maintenances"]] for name in names]
        return kinds[0], kinds[1], kinds[2], [one["status"] for one in site["summary"]["scheduled_maintenances"]]

    @pytest.mark.parametrize("state", ["announced", "changed"])
    def test_upcoming(self, state: str) -> None:
        assert self.lists(state=state) == (["scheduled"], ["scheduled"], [], ["scheduled"])

    @pytest.mark.parametrize("state", ["running", "overrun"])
    def test_active(self, state: str) -> None:
        assert self.lists(state=state) == (["in_progress"], [], ["in_progress"], ["in_progress"])

    @pytest.mark.parametrize("state", ["over", "cancelled"])
    def test_completed(self, state: str) -> None:
        assert self.lists(state=state, ended_at=SUNDAY) == (["completed"], [], [], [])

    def test_what_is_not_public_is_not_shown(self) -> None:
        assert self.lists(is_public=False) == ([], [], [], [])

    def test_its_components_are_under_maintenance_while_it_goes_on(self) -> None:
        site = shown(facts(maintenance=(maintenance(state="running", audiences=("doctor",)),)))

        assert status_of(site["summary"], "doctor.prescribe") == "under_maintenance"
        assert status_of(site["summary"], "dentist.prescribe") == "operational"
        assert site["status"]["status"]["indicator"] == "maintenance"
        (one,) = site["scheduled-maintenances"]["scheduled_maintenances"]
        assert [each["id"] for each in one["components"]] == ["doctor.prescribe"]

    def test_a_page_that_nobody_checks_does_not_know_of_it_either(self) -> None:
        running = facts(maintenance=(maintenance(state="running"),), now=NOW + timedelta(minutes=6))
        assert status_of(shown(running)["summary"], "doctor.prescribe") == "degraded_performance"

    def test_times(self) -> None:
        site = shown(facts(maintenance=(maintenance(announced_at=None, state="over"),)))
        (one,) = site["scheduled-maintenances"]["scheduled_maintenances"]
        assert one["scheduled_for"] == one["created_at"] == "2020-02-02T09:00:00Z"
        assert one["scheduled_until"] == one["resolved_at"] == "2020-02-02T09:30:00Z"
