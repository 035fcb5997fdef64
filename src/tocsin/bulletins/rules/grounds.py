"""What a text may rest on today, gathered from the incident, the pack's procedures and what others wrote."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from tocsin.bulletins.rules.model import OVER, Bulletin
from tocsin.bulletins.rules.money import legal_words
from tocsin.bulletins.rules.never import Ground, all_runs
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.legal import confirmed, may_show_avoid
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText


def ground(
    bulletin: Bulletin,
    incident: Incident,
    *,
    procedures: Mapping[str, Procedure],
    activations: Sequence[Activation],
    templates: Templates,
    pack: Pack,
    now: datetime,
    sources: Sequence[str] = (),
) -> Ground:
    """Return what the texts of a bulletin about this incident may say at `now`; `sources` is what others wrote."""
    may, must_not = _avoids(incident, procedures, activations, pack)
    legal_may, legal_must_not = _legal(procedures, templates, now)
    return Ground(
        is_over=bulletin.kind in OVER or bulletin.state is State.OK,
        is_drill=bulletin.is_drill,
        functions=bulletin.functions,
        pack=pack,
        templates=templates,
        may_say=(*_instructions(procedures), *legal_may, *may),
        must_not_say=(*legal_must_not, *must_not),
        own_times=_own_times(bulletin, incident, now),
        own_words=_own_words(tuple(procedures.values()), templates, pack),
        sources=tuple(sources),
    )


def _instructions(procedures: Mapping[str, Procedure]) -> list[LocalizedText]:
    # What a procedure says was checked when the pack was; only its legal text waits for a validator.
    return [
        text
        for procedure in procedures.values()
        for text in (procedure.instruction, *(duty.text for duty in procedure.duties), procedure.legal.unconfirmed)
    ]


def _legal(
    procedures: Mapping[str, Procedure], templates: Templates, now: datetime
) -> tuple[list[LocalizedText], list[LocalizedText]]:
    today = in_brussels(now).date()
    bases = [procedure.legal for procedure in procedures.values()]
    stand = [legal for legal in bases if confirmed(legal, today=today) is not None]
    return (
        [legal_words(legal, today=today, templates=templates) for legal in stand],
        [legal.text for legal in bases],
    )


def _avoids(
    incident: Incident, procedures: Mapping[str, Procedure], activations: Sequence[Activation], pack: Pack
) -> tuple[list[LocalizedText], list[LocalizedText]]:
    is_login_fault = any(pack.functions[function].is_login for function in incident.functions)
    is_switching = any(
        activation.state == "active"
        and activation.procedure in procedures
        and procedures[activation.procedure].kind == "electronic"
        for activation in activations
    )
    may: list[LocalizedText] = []
    must_not: list[LocalizedText] = []
    for procedure in procedures.values():
        if procedure.avoid is not None:
            is_fine = may_show_avoid(
                procedure,
                is_confirmed_login_fault=is_login_fault and incident.phase is not Phase.SUSPECTED,
                is_endpoint_switch_active=is_switching,
            )
            (may if is_fine else must_not).append(procedure.avoid)
    return may, must_not


def _own_times(bulletin: Bulletin, incident: Incident, now: datetime) -> frozenset[tuple[int, int]]:
    moments = (
        now,
        bulletin.drafted_at,
        bulletin.next_update_at,
        incident.hit_since,
        incident.opened_at,
        incident.good_since,
        incident.closed_at,
        incident.next_update_at,
    )
    local = (in_brussels(moment) for moment in moments if moment is not None)
    return frozenset((moment.hour, moment.minute) for moment in local)


@lru_cache(maxsize=4)
def _said_by_us(texts: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return all_runs(texts)


def _own_words(
    procedures: Iterable[Procedure], templates: Templates, pack: Pack
) -> dict[Language, frozenset[tuple[str, ...]]]:
    said: list[LocalizedText] = list(templates.messages.values())
    for procedure in procedures:
        said += [procedure.instruction, procedure.legal.unconfirmed, procedure.legal.text, procedure.title]
        said += [duty.text for duty in procedure.duties] + list(procedure.steps)
    for function in pack.functions.values():
        said += [function.name, function.fails, function.slow, function.back]
    return {language: _said_by_us(tuple(text[language] for text in said)) for language in LANGUAGES}
