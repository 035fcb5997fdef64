"""Whom to believe, learned from the database: what was confirmed, what was said, and what checks brought."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from announcements import at, incident
from situations import belgium
from tocsin.accounts.models import PanelMember
from tocsin.detection.rules.credence import UNKNOWN_MEMBER, UNKNOWN_PARTNER, UNKNOWN_PROBE
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents import services as incidents
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.observations.models import NoticeRow, ProbeRow, ReportRow
from tocsin.runtime.credence import credence_at

pytestmark = pytest.mark.django_db

NOW = at(0) + timedelta(days=30)
BEGAN, ENDED = at(0), at(40)


def over(**changes: Any) -> Incident:
    plain: dict[str, Any] = {
        "phase": Phase.RESOLVED,
        "hit_since": BEGAN,
        "good_since": ENDED,
        "closed_at": at(55),
        "functions": ("open_session",),
        "services": (),
        "audiences": None,
        "packages": ("gp-a",),
        "regions": None,
        "suspects": (Suspect("sts", 0.9, ()),),
    }
    return replace(incident(), **plain | changes)


def store(one: Incident) -> None:
    incidents.apply([IncidentEvent("closed", at(55), one)], actor="engine", now=at(55))


def member(name: str) -> None:
    PanelMember.objects.create(
        pseudonym=name,
        audience="doctor",
        package="gp-a",
        region="BE-BRU",
        link_hash=name,
        invited_at=at(-200),
        joined_at=at(-100),
    )


def complained(name: str, minute: float) -> None:
    ReportRow.objects.create(
        at=at(minute),
        received_at=at(minute),
        member=name,
        audience="doctor",
        package="gp-a",
        region="BE-BRU",
        function="open_session",
        works=False,
    )


def test_members_partners_and_probes_are_measured_by_what_was_confirmed() -> None:
    store(over())
    member("m1")
    member("m2")
    complained("m1", 7)
    NoticeRow.objects.create(at=at(12), partner="ehealth", services=["sts"], state="investigating")
    learned = credence_at(NOW, pack=belgium())
    assert learned.of_member("m1").speaks == UNKNOWN_MEMBER.speaks.seen(1, 0)
    assert learned.of_member("m2").speaks == UNKNOWN_MEMBER.speaks.seen(0, 1)
    assert learned.of_partner("ehealth").speaks == UNKNOWN_PARTNER.speaks.seen(1, 0)
    assert learned.members_by_stratum == {("doctor", "gp-a", "BE-BRU"): 2}
    assert set(learned.joined) == {"m1", "m2"}


@pytest.mark.parametrize("mark", [{"retracted_at": at(60)}, {"is_drill": True}], ids=["taken back", "exercise"])
def test_false_alarms_and_exercises_confirm_nobody(mark: dict[str, Any]) -> None:
    store(over(**mark))
    member("m1")
    complained("m1", 7)
    record = credence_at(NOW, pack=belgium()).of_member("m1")
    assert record.speaks == UNKNOWN_MEMBER.speaks
    assert record.cries.yes == UNKNOWN_MEMBER.cries.yes + 1


def test_checks_of_the_last_two_weeks_count() -> None:
    for number in range(60):
        ProbeRow.objects.create(
            at=NOW - timedelta(minutes=number), probe="p-sts", service="sts", is_ok=number % 30 != 0, duration_ms=90.0
        )
    ProbeRow.objects.create(at=NOW - timedelta(days=20), probe="p-old", service="sts", is_ok=False, duration_ms=90.0)
    learned = credence_at(NOW, pack=belgium())
    assert set(learned.probes) == {"p-sts"}
    assert learned.of_probe("p-sts").calm == UNKNOWN_PROBE.calm.seen(2, 57)
    assert learned.of_probe("p-sts").again == UNKNOWN_PROBE.again.seen(0, 1)


def test_days_before_anything_was_written_down_are_not_calm_but_unknown() -> None:
    empty = credence_at(NOW, pack=belgium())
    assert empty.strays["open_session", "doctor"] == (0.0, 0.0)
    complained("m1", 0)
    assert credence_at(NOW, pack=belgium()).strays["open_session", "doctor"] == (1.0, 30.0)
