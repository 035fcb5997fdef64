"""What would tell the first two suspects apart, and who must be called.

A good question has an answer that one suspect foretells and the other denies: a service or a function that one
would take down and the other would leave alone. What is seen already needs no asking, so only what nobody watches at
present is worth a check or a question to the panel. Where all is seen and two suspects still foretell the same (a
service and the one network behind it), only those who run them can know.
"""

from collections.abc import Iterator, Mapping, Sequence

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Function, Pack
from tocsin.detection.rules.model import State, Subject, Verdict
from tocsin.diagnosis.rules.candidates import Candidate
from tocsin.diagnosis.rules.case import Case
from tocsin.diagnosis.rules.model import Call, Question, Suspect
from tocsin.kernel.reasons import Fact, Reason

MOST_QUESTIONS = 3
"""A duty officer asks one or two things; a third in case nobody answers."""

WORTH_ASKING = 0.05
"""A second suspect with less belief than this needs no telling apart."""

WORTH_A_CALL = 0.15
"""Who runs the first suspect is called in any case, others from this much belief on."""

CLEAR = 0.9
"""From this confidence on a verdict is an answer, and asking people would only tire them."""


def questions(
    suspects: Sequence[Suspect],
    *,
    case: Case,
    everyone: Mapping[str, Candidate],
    verdicts: Mapping[Subject, Verdict],
) -> tuple[Question, ...]:
    """Return what would tell the first two suspects apart, the most telling first; nothing where there are not two."""
    pair = [everyone[suspect.id] for suspect in suspects[:2] if suspect.id in everyone]
    if len(pair) < 2 or suspects[1].score < WORTH_ASKING:  # noqa: PLR2004  two suspects are what there is to tell apart
        return ()
    first, second = pair
    asked = [
        *_checks(first, second, case),
        *_checks(second, first, case),
        *_panel(first, second, case, verdicts),
        *_panel(second, first, case, verdicts),
        *_outright(suspects[0], first, second, case.pack),
        *_outright(suspects[1], second, first, case.pack),
    ]
    # The best of each kind first: three checks that say the same are one.
    best = [each for index, each in enumerate(asked) if each.kind not in {one.kind for one in asked[:index]}]
    return (*best, *(each for each in asked if each not in best))[:MOST_QUESTIONS]


def calls(suspects: Sequence[Suspect], *, pack: Pack) -> tuple[Call, ...]:
    """Return who must be called, those with the most belief first; each partner once."""
    wanted = [each for index, each in enumerate(suspects) if index == 0 or each.score >= WORTH_A_CALL]
    grouped: dict[str, list[Suspect]] = {}
    for suspect in wanted:
        grouped.setdefault(_first_line(suspect, pack) or suspect.id, []).append(suspect)
    found = [
        Call(
            partner=_first_line(group[0], pack),
            belief=round(sum(each.score for each in group), 3),
            reasons=tuple(_why(each, pack) for each in group),
        )
        for group in grouped.values()
    ]
    return tuple(sorted(found, key=lambda call: -call.belief))


def taken_down(candidate: Candidate) -> frozenset[str]:
    """Return the services that fail with it; what only a package would break is no service's fault."""
    return frozenset() if candidate.kind == "package" else candidate.reach | candidate.direct


def _checks(suspect: Candidate, other: Candidate, case: Case) -> Iterator[Question]:
    # A service that only the suspect takes down, and that nobody calls or checks just now.
    telling = taken_down(suspect) - taken_down(other) - case.troubles.keys() - case.healthy
    checkable = [case.pack.services[name] for name in case.graph.in_order(telling) if name in case.pack.services]
    for service in sorted(checkable, key=lambda each: not each.probed_by_default):
        if service.kind == "service":
            facts = {"service": service.id, "suspect": suspect.id, "other": other.id}
            yield Question("probe", suspect.id, other.id, Reason("ask.probe", facts), service=service.id)


def _panel(suspect: Candidate, other: Candidate, case: Case, verdicts: Mapping[Subject, Verdict]) -> Iterator[Question]:
    if other.kind == "package" and suspect.kind != "package":
        yield from _with_other_software(suspect, other, case)
        return
    for function in case.pack.functions.values():
        if _stops(function, suspect, case.graph) and not _stops(function, other, case.graph):
            audience = _unanswered(function, verdicts)
            if audience is not None:
                yield _asked(function, audience, suspect=suspect, other=other)


def _with_other_software(suspect: Candidate, maker: Candidate, case: Case) -> Iterator[Question]:
    # If it is that software alone, members of the same profession with another one are served.
    audience = case.pack.packages[maker.id].audience
    package = next(
        (each.id for each in case.pack.packages.values() if each.audience == audience and each.id != maker.id), None
    )
    function = next(
        (
            each
            for each in case.pack.functions.values()
            if audience in each.audiences and _stops(each, suspect, case.graph)
        ),
        None,
    )
    if package is not None and function is not None:
        yield _asked(function, audience, suspect=suspect, other=maker, package=package)


def _asked(
    function: Function, audience: str, *, suspect: Candidate, other: Candidate, package: str | None = None
) -> Question:
    facts: dict[str, Fact] = {
        "function": function.id,
        "audience": audience,
        "suspect": suspect.id,
        "other": other.id,
    }
    reason = Reason("ask.panel", facts)
    if package is not None:
        reason = Reason("ask.panel_with", facts | {"package": package})
    return Question("panel", suspect.id, other.id, reason, function=function.id, audience=audience, package=package)


def _stops(function: Function, candidate: Candidate, graph: Graph) -> bool:
    return bool(taken_down(candidate) & graph.services_of(function.id)) or candidate.id in graph.services_of(
        function.id
    )


def _unanswered(function: Function, verdicts: Mapping[Subject, Verdict]) -> str | None:
    # The profession that uses it and of which least is known; none where every answer is clear already.
    def unclear(audience: str) -> float:
        verdict = verdicts.get(Subject(function.id, audience))
        return 0.0 if verdict is None or verdict.state is State.UNKNOWN else verdict.confidence

    least = min(function.audiences, key=unclear, default=None)
    return least if least is not None and unclear(least) < CLEAR else None


def _outright(suspect: Suspect, candidate: Candidate, other: Candidate, pack: Pack) -> Iterator[Question]:
    if candidate.kind == "package":
        facts: dict[str, Fact] = {"package": candidate.id, "suspect": candidate.id, "other": other.id}
        yield Question("maker", candidate.id, other.id, Reason("ask.maker", facts), package=candidate.id)
        return
    partner = _first_line(suspect, pack)
    if partner is None:
        return
    facts = {"partner": partner, "suspect": candidate.id, "other": other.id}
    reason = Reason("ask.partner", facts)
    if suspect.change is not None:
        reason = Reason("ask.partner_change", facts | {"change": suspect.change})
    yield Question("partner", candidate.id, other.id, reason, partner=partner)


def _first_line(suspect: Suspect, pack: Pack) -> str | None:
    partner = pack.partners.get(suspect.partner) if suspect.partner is not None else None
    if partner is None:
        return None
    return partner.subcontractor_of or partner.id


def _why(suspect: Suspect, pack: Pack) -> Reason:
    facts: dict[str, Fact] = {"suspect": suspect.id, "belief_share": suspect.score}
    if suspect.partner is None:
        return Reason("call.maker", facts)
    through = _first_line(suspect, pack)
    if through != suspect.partner:
        return Reason("call.subcontractor", facts | {"partner": suspect.partner, "through": through})
    return Reason("call.partner", facts | {"partner": suspect.partner})
