"""What each reader is shown, top to bottom: the worst that hits this reader first, what works in one line."""

import json
from dataclasses import replace
from datetime import date, timedelta

from bulletin_cases import (
    CONFIRMED,
    NOW,
    belgium,
    closed,
    due,
    facts,
    first,
    incident,
    procedure,
    said,
    templates,
    verdicts,
    words,
)
from tocsin.bulletins.rules.clock_words import typeset
from tocsin.catalog.rules.model import Authority, Source
from tocsin.continuity.rules.model import Duty
from tocsin.detection.rules.model import State
from tocsin.status_site.rules.document import status_document
from tocsin.status_site.rules.leaflets import leaflets
from tocsin.status_site.rules.pages import (
    Instruction,
    audience_lines,
    audience_page,
    checked_words,
    offered_languages,
    procedures_of,
)
from tocsin.status_site.rules.reader import Link

SLOW = incident(id="2020-01-28-2", functions=("exchange_messages",), state=State.DEGRADED)


def test_the_worst_comes_first() -> None:
    given = facts(incidents=(SLOW, incident()), said=(said(first(SLOW)), said(first())))
    page = audience_page("pharmacist", "en", facts=given)

    assert [block.state for block in page.troubles] == [State.DOWN, State.DEGRADED]
    assert page.state is State.DOWN


def test_a_block_carries_the_message_and_leads_to_the_procedure() -> None:
    page = audience_page("pharmacist", "fr", facts=facts(incidents=(incident(),), said=(said(first()),)))
    (block,) = page.troubles

    assert block.headline == "Impossible de récupérer les prescriptions électroniques."
    assert block.scope == "Depuis 8\u00a0h\u00a040, dans toutes les pharmacies."
    assert block.now == (Instruction("Do paper fr.", "paper", 3),)
    assert (block.paid, block.avoid, block.duties) == ("Not confirmed yet, keep a copy fr.", "", ())
    assert block.next_update == "9\u00a0h\u00a010, même sans nouveauté."
    assert (block.said_at, block.is_ended, block.more) == ("8\u00a0h\u00a042", False, ())


def test_procedures_beyond_the_first_three_are_linked() -> None:
    given = {name: procedure(name) for name in ("a", "b", "c", "d", "e")}
    bulletin = first(procedures=given)
    known = {name: one for name, one in given.items() if name != "e"}
    page = audience_page(
        "pharmacist", "en", facts=facts(incidents=(incident(),), said=(said(bulletin),), procedures=known)
    )

    assert page.troubles[0].more == (Link("d", "Title d en."),), "one that the pack no longer has is left out"


def test_an_instruction_of_a_procedure_that_the_pack_lost_stands_without_a_link() -> None:
    given = facts(incidents=(incident(),), said=(said(first()),), procedures={})
    page = audience_page("pharmacist", "en", facts=given)

    assert page.troubles[0].now == (Instruction("Do paper en.", "", 0),)


def test_an_instruction_that_is_not_a_procedures_has_no_link() -> None:
    bulletin = first(procedures={})
    page = audience_page("pharmacist", "en", facts=facts(incidents=(incident(),), said=(said(bulletin),)))

    assert page.troubles[0].now[0].procedure == ""


def test_what_works_and_what_is_not_clear_lead_to_the_paper_way() -> None:
    page = audience_page("pharmacist", "en", facts=facts(verdicts=verdicts({"dispense": State.DOWN})))

    assert page.unclear == (Link("paper", "Dispensing"),)
    assert "Dispensing" not in [link.name for link in page.working]
    assert len(page.working) == sum("pharmacist" in one.audiences for one in belgium().functions.values()) - 1
    assert {link.id for link in page.working} == {""}, "no procedure for them in this test"


def test_when_nobody_looks_everything_is_in_question_and_the_message_stays() -> None:
    given = facts(incidents=(incident(),), said=(said(first()),), checked_at=NOW - timedelta(minutes=9))
    page = audience_page("pharmacist", "en", facts=given)

    assert page.working == ()
    assert [block.state for block in page.troubles] == [State.UNKNOWN]
    assert page.troubles[0].now


def test_the_end_is_shown_with_its_duties_and_sends_nobody_to_paper() -> None:
    at = NOW + timedelta(hours=1)
    over = closed(incident(), at=at)
    (end,) = due(over, happened="closed", published=(first(),), now=at)
    page = audience_page(
        "pharmacist", "en", facts=facts(incidents=(over,), said=(said(first()), said(end)), now=at, checked_at=at)
    )
    (block,) = page.ended

    assert page.troubles == ()
    assert block.state is State.OK
    assert block.headline == "Electronic prescriptions can be retrieved again."
    assert block.now == (Instruction("Work as usual again.", "", 0),)
    assert (block.more, block.next_update) == ((), "")
    assert len(block.duties) == 1


def test_the_help_desk_is_the_packs_or_the_authoritys() -> None:
    given = facts()
    authority = Authority(name=words("Authority"), help_desk=words("Call 1234"))
    desk = belgium().help_desk

    assert desk is not None
    assert audience_page("doctor", "nl", facts=given).help_desk == typeset(desk["nl"], "nl")
    official = replace(given, pack=replace(given.pack, authority=authority))
    assert audience_page("doctor", "nl", facts=official).help_desk == "Call 1234 nl."
    assert not official.is_demonstration
    bare = replace(given, pack=replace(given.pack, help_desk=None))
    assert audience_page("doctor", "nl", facts=bare).help_desk == ""


def test_the_way_in_says_the_worst_for_each_profession() -> None:
    given = facts(incidents=(SLOW, incident()), said=(said(first(SLOW)), said(first())))
    lines = {line.audience.id: line for line in audience_lines("en", facts=given)}

    assert list(lines) == list(belgium().audiences)
    assert lines["pharmacist"].state is State.DOWN
    assert lines["pharmacist"].headline == "Electronic prescriptions cannot be retrieved."
    assert lines["doctor"].state is State.DEGRADED
    assert (lines["midwife"].state, lines["midwife"].headline) == (State.OK, "")


def test_when_and_until_when() -> None:
    assert checked_words("nl", facts=facts()) == ("8.42\u00a0uur", "8.47\u00a0uur")
    assert checked_words("nl", facts=facts(checked_at=None)) == ("", "")


def test_procedures_are_listed_in_the_order_of_the_functions() -> None:
    given = {
        "t": procedure("t", function="tarify"),
        "d": procedure("d"),
        "x": procedure("x", audiences=("doctor",)),
    }

    assert [link.id for link in procedures_of("pharmacist", "en", facts=facts(procedures=given))] == ["d", "t"]


def test_languages_by_their_own_names() -> None:
    assert [link.name for link in offered_languages()] == ["Français", "Nederlands", "Deutsch", "English"]


def test_a_leaflet_holds_all_that_is_needed_on_paper() -> None:
    source = Source("https://example.org/a", date(2020, 1, 2), "official")
    given = facts(procedures={"paper": procedure(sources=(source,), avoid=words("Do not restart"))})
    (leaflet,) = leaflets("en", facts=given, templates=templates())

    assert leaflet.steps == ("First en.", "Second en.", "Third en.")
    assert leaflet.audiences == "Pharmacists"
    assert leaflet.duties == ("Send the proofs en. Time allowed: 2 days.",)
    assert leaflet.legal == "Not confirmed yet, keep a copy en."
    assert leaflet.to_be_validated_by == "INAMI/RIZIV"
    assert leaflet.sources[0].checked_on == "2 January 2020"
    assert (leaflet.checked_on, leaflet.review_on) == ("1 January 2020", "1 July 2020")
    assert "restart" not in repr(leaflet), "when a do-not holds is decided on the day"


def test_a_duty_of_the_same_day_says_so_on_paper() -> None:
    given = facts(procedures={"paper": procedure(duties=(Duty(words("Recheck"), timedelta(0)),))})
    (leaflet,) = leaflets("fr", facts=given, templates=templates())

    assert leaflet.duties == ("Recheck fr. Délai\N{NO-BREAK SPACE}: le jour même.",)


def test_a_leaflets_yes_ends_with_its_expiry() -> None:
    duties = (Duty(words("Recheck"), None),)
    bare = procedure(legal=CONFIRMED, duties=duties, time_cost=None, to_be_validated_by=None)
    given = facts(procedures={"paper": bare})
    (on_the_day,) = leaflets("en", facts=given, templates=templates())
    (afterwards,) = leaflets("en", facts=replace(given, now=NOW + timedelta(days=60)), templates=templates())

    assert on_the_day.legal.endswith("Confirmed by INAMI/RIZIV on 27 January 2020, valid until 27 February 2020.")
    assert afterwards.legal == CONFIRMED.unconfirmed["en"]
    assert on_the_day.duties == ("Recheck en.",)
    assert (on_the_day.time_cost, on_the_day.to_be_validated_by) == ("", "")


def test_the_document_for_machines_says_what_the_pages_say() -> None:
    given = facts(incidents=(incident(),), said=(said(first()),), is_replay=True)
    document = json.loads(json.dumps(status_document(given)))

    assert document["format"] == "tocsin-status/1"
    assert (document["is_demonstration"], document["is_replay"]) == (True, True)
    assert (document["checked_at"], document["valid_until"]) == ("2020-01-28T07:42:00Z", "2020-01-28T07:47:00Z")
    states = {function["id"]: function["states"] for function in document["functions"]}
    assert states["dispense"] == {"pharmacist": "down"}
    (message,) = document["messages"]
    assert message["id"] == "2020-01-28-1-b1"
    assert message["next_update_at"] == "2020-01-28T08:10:00Z"
    assert message["texts"]["pharmacist"]["headline"]["de"].startswith("Elektronische Verschreibungen")
    assert message["texts"]["pharmacist"]["avoid"] is None


def test_the_document_admits_that_nobody_looked() -> None:
    document = json.loads(json.dumps(status_document(facts(checked_at=None))))

    assert document["checked_at"] is None
    assert document["valid_until"] == document["published_at"]
    assert {state for each in document["functions"] for state in each["states"].values()} == {"unknown"}
