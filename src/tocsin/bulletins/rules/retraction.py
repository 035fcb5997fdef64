"""The end of a false alarm: "we were wrong", to everybody who was told, with what to do with papers already used."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.bulletins.rules.brief import brief_retraction, function_name
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.reach import Reach
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.texts import at_stake, duties_of, listed
from tocsin.bulletins.rules.writing import Writing, title
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.language import LocalizedText


def retraction(
    incident: Incident,
    said: Sequence[Bulletin],
    *,
    procedures: Mapping[str, Procedure],
    templates: Templates,
    pack: Pack,
    now: datetime,
    number: int | None = None,
    published_at: Mapping[str, datetime] | None = None,
) -> Bulletin:
    """Return the bulletin that takes an alarm back, for everybody who was told the start and not yet an end.

    `said` is what went out about the incident, oldest first, at least one; `published_at` maps their ids to when (else
    when they were drafted). It promises nothing more. Nobody who was told is left out, and nobody else is told; where
    everybody has heard an end already its `texts` are empty.
    """
    number = said[-1].number + 1 if number is None else number
    writing = Writing("retraction", incident, State.OK, (), procedures, templates, pack, now, None)
    return Bulletin(
        id=f"{incident.id}-b{number}",
        incident=incident.id,
        kind="retraction",
        number=number,
        drafted_at=now,
        state=State.OK,
        functions=incident.functions,
        audiences=incident.audiences,
        packages=incident.packages,
        regions=incident.regions,
        texts=_texts(said, writing, published_at or {}),
        next_update_at=None,
        is_drill=incident.is_drill,
    )


def _texts(said: Sequence[Bulletin], writing: Writing, published_at: Mapping[str, datetime]) -> dict[str, AudienceText]:
    texts = {}
    for audience in writing.pack.audiences:
        told = [bulletin for bulletin in said if audience in bulletin.texts]
        if told and told[-1].texts[audience].next_update is not None:
            told_at = published_at.get(told[-1].id, told[-1].drafted_at)
            texts[audience] = _text(audience, told, writing, told_at)
    return texts


# A person takes the alarm back. That it was false is their word; that everything works is nobody's, unless a page says
# so with the minute at which it was checked.
def _text(audience: str, told: Sequence[Bulletin], writing: Writing, told_at: datetime) -> AudienceText:
    fill, reach = writing.templates.fill, _reach(audience, told, writing)
    used = _used(audience, told, writing)
    duties = duties_of([procedure.id for procedure in used], writing, writing.now)
    headline = _headline(reach, writing)
    at = {"at": writing.time(writing.now), "what": _names(reach, writing) or title(headline)}
    short = brief_retraction(_short(reach, writing), fill("sms.papers") if used else None, duties, writing)
    return AudienceText(
        headline=writing.marked(headline),
        scope=fill(
            "scope.retracted",
            {
                "told": writing.time(told_at),
                "said": told[-1].texts[audience].headline,
            },
        ),
        now=(fill("now.retracted"), *((fill("now.retracted_papers"),) if used else ())),
        procedures=tuple(procedure.id for procedure in used),
        paid=_paid(used, writing),
        avoid=None,
        next_update=None,
        duties=duties,
        subject=writing.marked(fill("subject.retraction", at)),
        sms=short.sms,
        push=short.push,
    )


def _reach(audience: str, told: Sequence[Bulletin], writing: Writing) -> Reach:
    functions = {function for bulletin in told for function in bulletin.functions}
    own = (f.id for f in writing.pack.functions.values() if f.id in functions and audience in f.audiences)
    return Reach(audience, tuple(own), None, None)


def _used(audience: str, told: Sequence[Bulletin], writing: Writing) -> list[Procedure]:
    ids = dict.fromkeys(procedure for bulletin in told for procedure in bulletin.texts[audience].procedures)
    return [writing.procedures[id_] for id_ in ids if id_ in writing.procedures]


def _headline(reach: Reach, writing: Writing) -> LocalizedText:
    names = _names(reach, writing)
    if names is None:
        return writing.templates.fill("headline.retracted_unclear")
    return writing.templates.fill("headline.retracted", {"functions": names})


def _names(reach: Reach, writing: Writing) -> LocalizedText | None:
    names = [writing.pack.functions[function].name for function in reach.functions]
    return listed(names, writing) if names else None


def _short(reach: Reach, writing: Writing) -> LocalizedText:
    name = function_name(reach, writing)
    if name is None:
        return writing.templates.fill("sms.retracted_many")
    return writing.templates.fill("sms.retracted", {"function": name})


def _paid(used: Sequence[Procedure], writing: Writing) -> LocalizedText | None:
    # Never a yes: what holds in force majeure was not meant for an outage that never was.
    stakes = at_stake(used, writing.pack)
    return stakes[0].legal.unconfirmed if stakes else None
