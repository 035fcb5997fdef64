"""What would tell the first two suspects apart, and who must be called."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from situations import belgium, judgement, signal
from tocsin.catalog.rules.graph import graph_of
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import State, Subject, Verdict
from tocsin.diagnosis.rules.candidates import Candidate, candidates
from tocsin.diagnosis.rules.case import Case
from tocsin.diagnosis.rules.model import Question, Suspect
from tocsin.diagnosis.rules.telling_apart import MOST_QUESTIONS, calls, questions
from tocsin.diagnosis.rules.troubles import troubles


def case(*troubled: str, healthy: Sequence[str] = (), pack: Pack | None = None) -> Case:
    federation = pack or belgium()
    found = troubles([signal(service) for service in troubled], pack=federation)
    return Case(found, frozenset(healthy), (), (), graph_of(federation), federation)


def everyone(pack: Pack | None = None) -> dict[str, Candidate]:
    federation = pack or belgium()
    return {each.id: each for each in reversed(candidates(federation, graph_of(federation)))}


def suspect(identity: str, score: float = 0.4, *, change: str | None = None) -> Suspect:
    return Suspect(identity, score, (), change, everyone()[identity].partner)


def asked(*suspects: Suspect, about: Case, verdicts: Mapping[Subject, Verdict] | None = None) -> tuple[Question, ...]:
    known = judgement([]).verdicts if verdicts is None else verdicts
    return questions(suspects, case=about, everyone=everyone(about.pack), verdicts=known)


WATCHED = tuple(each.id for each in belgium().services.values() if each.kind == "service")


def test_one_suspect_needs_no_telling_apart() -> None:
    assert asked(suspect("sts"), about=case("sts")) == ()
    assert asked(about=case("sts")) == ()


def test_a_second_suspect_hardly_believed_needs_no_telling_apart() -> None:
    assert asked(suspect("net_belnet", 0.97), suspect("sts", 0.02), about=case("sts")) == ()


def test_a_service_that_only_one_takes_down_and_nobody_watches_is_checked() -> None:
    watched = [name for name in WATCHED if name != "tsa"]
    (first, *_) = asked(suspect("net_belnet"), suspect("sts"), about=case("sts", healthy=watched))
    assert (first.kind, first.service) == ("probe", "tsa")
    assert (first.suspect, first.other) == ("net_belnet", "sts")
    assert first.reason.code == "ask.probe"


def test_what_is_watched_and_works_needs_no_check() -> None:
    found = asked(suspect("net_belnet"), suspect("sts"), about=case("sts", healthy=WATCHED))
    assert {each.kind for each in found} == {"partner"}
    assert [each.partner for each in found] == ["belnet", "ehealth"]


def test_the_panel_is_asked_about_a_function_of_which_little_is_known() -> None:
    verdicts = dict(judgement([]).verdicts)
    subject = Subject("check_vaccination", "doctor")
    verdicts[subject] = replace(verdicts[subject], state=State.UNKNOWN, confidence=0.0)
    found = asked(suspect("vaccinnet"), suspect("ehbox"), about=case("ehbox", healthy=WATCHED), verdicts=verdicts)
    panel = next(each for each in found if each.kind == "panel")
    assert (panel.function, panel.audience, panel.package) == ("check_vaccination", "doctor", None)
    assert panel.reason.code == "ask.panel"
    assert (panel.suspect, panel.other) == ("vaccinnet", "ehbox")


def test_nobody_is_asked_what_every_eye_has_answered() -> None:
    found = asked(suspect("vaccinnet"), suspect("ehbox"), about=case("ehbox", healthy=WATCHED))
    assert "panel" not in {each.kind for each in found}


def test_a_package_or_a_service_users_of_other_software_can_say() -> None:
    found = asked(suspect("gp-b"), suspect("ehbox"), about=case("ehbox", healthy=WATCHED))
    panel = next(each for each in found if each.kind == "panel")
    assert panel.package not in {None, "gp-b"}
    assert belgium().packages[panel.package or ""].audience == "doctor"
    assert (panel.suspect, panel.other) == ("ehbox", "gp-b")
    assert panel.reason.code == "ask.panel_with"
    assert {each.kind for each in found} == {"panel", "maker", "partner"}


def test_a_package_without_a_rival_leaves_the_makers() -> None:
    pack = belgium()
    alone = replace(pack, packages={"gp-b": pack.packages["gp-b"]})
    found = asked(suspect("gp-b"), suspect("ehbox"), about=case("ehbox", healthy=WATCHED, pack=alone))
    assert {each.kind for each in found} == {"maker", "partner"}


def test_a_change_is_part_of_the_question() -> None:
    found = asked(suspect("net_belnet", change="CHG-1"), suspect("sts"), about=case("sts", healthy=WATCHED))
    assert found[0].reason.code == "ask.partner_change"
    assert found[0].reason.facts["change"] == "CHG-1"


def test_few_questions_the_best_of_each_kind_first() -> None:
    found = asked(suspect("net_belnet"), suspect("ehbox"), about=case("ehbox"))
    assert len(found) <= MOST_QUESTIONS
    assert [each.kind for each in found[:2]] == ["probe", "partner"]


def test_an_unknown_suspect_is_told_apart_from_nobody() -> None:
    assert asked(Suspect("gone", 0.5, ()), suspect("sts"), about=case("sts")) == ()


def test_who_runs_the_first_suspect_is_called_whatever_its_score() -> None:
    (call,) = calls([suspect("ehbox", 0.1), suspect("vaccinnet", 0.05)], pack=belgium())
    assert (call.partner, call.belief) == ("ehealth", 0.1)
    assert [reason.code for reason in call.reasons] == ["call.partner"]


def test_a_subcontractor_is_called_through_its_partner() -> None:
    found = calls([suspect("net_proximus", 0.5), suspect("recipe_executor", 0.3)], pack=belgium())
    assert [(call.partner, call.belief) for call in found] == [("recipe", 0.8)]
    assert [reason.code for reason in found[0].reasons] == ["call.subcontractor", "call.partner"]
    assert found[0].reasons[0].facts["partner"] == "proximus"
    assert found[0].reasons[0].facts["through"] == "recipe"


def test_the_maker_of_a_package_has_no_line_in_the_pack() -> None:
    found = calls([suspect("gp-b", 0.3), suspect("ehbox", 0.5)], pack=belgium())
    assert [(call.partner, call.belief) for call in found] == [("ehealth", 0.5), (None, 0.3)]
    assert found[1].reasons[0].code == "call.maker"


def test_nobody_is_suspected_nobody_is_called() -> None:
    assert calls([], pack=belgium()) == ()
