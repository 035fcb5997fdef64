"""An edited wording meets what must never be shown before it goes out, partners' and members' own words included."""

from dataclasses import replace
from datetime import timedelta

import pytest

from announcements import at, audience_text, bulletin, incident, words
from tocsin.bulletins import services
from tocsin.bulletins.errors import BlockedTextError
from tocsin.bulletins.grounding import ground_of, never_found
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.rules.model import AudienceText
from tocsin.incidents.queries import timeline
from tocsin.incidents.rules.model import IncidentEvent, Phase
from tocsin.incidents.services import apply
from tocsin.observations.queries import words_of_others
from tocsin.observations.rules.model import Notice
from tocsin.observations.services import accept_notices

pytestmark = pytest.mark.django_db
PLAIN = replace(audience_text(), now=(words("Ask for the paper proof."),))
FIRST = bulletin(1, texts={"pharmacist": PLAIN})
NOTICE = Notice(
    at(0),
    "recipe",
    ("recipe_executor",),
    "down",
    "A worn cable on level two gave way",
    until=at(0) + timedelta(hours=2),
)


@pytest.fixture(autouse=True)
def _a_draft_that_waits(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("db")
    going_on = replace(incident(closed_at=None), phase=Phase.CONFIRMED)
    apply([IncidentEvent("opened", at(0), going_on)], actor="engine", now=at(0))
    services.save_draft(FIRST, now=at(1))


def write(said: str) -> AudienceText:
    text = replace(PLAIN, scope={**PLAIN.scope, "en": said})
    services.edit_draft(FIRST.id, {"pharmacist": text}, by="ann", now=at(2))
    return text


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("We hear: a worn cable on level two.", "never.copied"),
        ("They count on 11:00.", "never.foreign_time"),
        ("Paper is allowed.", "never.legal_yes"),
        ("Do not restart your software.", "never.dont"),
        ("Everything works.", "never.green"),
    ],
)
def test_what_must_never_be_shown_stops_an_edited_wording(said: str, code: str) -> None:
    accept_notices([NOTICE], source="test", now=at(1))
    write(said)

    with pytest.raises(BlockedTextError) as caught:
        services.publish_draft(FIRST.id, by="ann", now=at(3))

    assert [finding["code"] for finding in caught.value.facts["findings"]] == [code]
    assert BulletinRow.objects.get(pk=FIRST.id).status == "draft"


def test_an_operator_who_overrides_it_does_so_on_the_record() -> None:
    write("Everything works.")
    services.publish_draft(FIRST.id, by="ann", now=at(3), override="Tried it in three pharmacies.")

    codes = [reason["code"] for reason in timeline(FIRST.incident).last().reasons]  # type: ignore[union-attr]  # there is one
    assert codes == ["operator.override", "never.green"]


def test_what_is_fine_goes_out_as_it_was_written() -> None:
    accept_notices([NOTICE], source="test", now=at(1))
    text = write("Since 9:00, in nearly all pharmacies.")

    assert services.publish_draft(FIRST.id, by="ann", now=at(3)).texts == {"pharmacist": text}


def test_each_finding_is_told_once_whatever_the_number_of_audiences() -> None:
    both = replace(
        FIRST,
        texts=dict.fromkeys(("pharmacist", "doctor"), replace(PLAIN, scope={**PLAIN.scope, "en": "Everything works."})),
    )

    found = never_found(both, now=at(3))
    assert [(finding.code, finding.facts["language"]) for finding in found] == [("never.green", "en")]


def test_a_bulletin_of_no_known_incident_rests_on_nothing() -> None:
    stray = replace(FIRST, incident="2026-03-02-9")

    assert ground_of(stray, now=at(3)) is None
    assert never_found(stray, now=at(3)) == ()


def test_others_words_are_those_of_late_and_the_times_they_hope_for() -> None:
    accept_notices([NOTICE, replace(NOTICE, text="", until=None)], source="test", now=at(1))

    assert words_of_others(at(2)) == (NOTICE.text, "11:00")
    assert words_of_others(at(0) - timedelta(minutes=1)) == ()
    assert words_of_others(at(0) + timedelta(hours=13)) == ()
