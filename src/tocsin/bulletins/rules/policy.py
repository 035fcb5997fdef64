"""May this bulletin go out without a human's click? Every no comes with its reasons, all of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tocsin.bulletins.rules.approval import level
from tocsin.bulletins.rules.holding import claims, last_told
from tocsin.bulletins.rules.model import AudienceText, Bulletin, Decision, PublicationPolicy
from tocsin.detection.rules.model import State, Witnesses
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason

EYES_FOR_DOWN = 2
"""So many independent eyes must see that something does not work, whatever the policy allows."""

RETRACTED = timedelta(hours=1)
"""So long after "we were wrong" about a function, its next bad news needs a person: what was wrong may still be."""

SPREAD = 2
"""Panel members alone may have "not clear yet" published when they use this many packages in this many provinces."""


def decide(
    bulletin: Bulletin,
    incident: Incident,
    *,
    policy: PublicationPolicy,
    published: Sequence[Bulletin],
    now: datetime,
) -> Decision:
    """Say whether to publish now or to wait for approval.

    What follows on a bulletin that is already out (updates, promised words, the end) goes out by itself once automation
    is unlocked: silence after a first word does more harm. A first word must meet the policy's bounds; so must one that
    says for the first time that something does not work. A promised word that nobody approved in time goes out even
    while automation is locked, where the policy says so and it claims nothing that was not told already.
    """
    told = [earlier for earlier in published if earlier.incident == bulletin.incident]
    is_first = not told
    if told and _keeps_the_promise(bulletin, incident, told, policy=policy, now=now):
        return Decision(publish=True, reasons=(Reason("policy.holding"),))
    refusals = (
        *_always(bulletin, incident, policy, now),
        *_never_by_itself(bulletin, policy, published, now),
        *(_of_a_first(incident, policy, published, now) if is_first else _of_what_is_worse(bulletin, incident, told)),
        *_of_what_a_person_put_right(bulletin, told),
    )
    if refusals:
        return Decision(publish=False, reasons=refusals)
    return Decision(publish=True, reasons=(_first(incident) if is_first else Reason("policy.follow_up"),))


def _always(bulletin: Bulletin, incident: Incident, policy: PublicationPolicy, now: datetime) -> Iterator[Reason]:
    if policy.is_held:
        yield Reason("policy.held")
    if policy.automation != "automatic":
        yield Reason("policy.manual")
    if bulletin.is_drill:
        yield Reason("policy.drill")
    if bulletin.kind != "end" and not incident.is_open:
        yield Reason("policy.over")
    if _promises_the_past(bulletin, now):
        yield Reason("policy.promise_past")


def _never_by_itself(
    bulletin: Bulletin, policy: PublicationPolicy, published: Sequence[Bulletin], now: datetime
) -> Iterator[Reason]:
    approval = level(bulletin, policy=policy)
    if approval == "one_click":
        yield Reason("policy.needs_click")
    if approval == "two_people":
        yield Reason("policy.needs_two")
    if any(_takes_back(earlier, bulletin, now) for earlier in published):
        yield Reason("policy.just_retracted")


def _takes_back(earlier: Bulletin, bulletin: Bulletin, now: datetime) -> bool:
    return (
        earlier.kind == "retraction"
        and earlier.incident != bulletin.incident
        and now - earlier.drafted_at < RETRACTED
        and bool(set(earlier.functions) & set(bulletin.functions))
    )


def _of_what_a_person_put_right(bulletin: Bulletin, told: Sequence[Bulletin]) -> Iterator[Reason]:
    # Templates know nothing of what was wrong: let loose, they would tell everybody the mistake again.
    corrected = [audience for audience in bulletin.texts if _was_corrected(audience, told)]
    if bulletin.kind != "end" and any(not _is_told(each, bulletin.texts[each], told) for each in corrected):
        yield Reason("policy.corrected")


def _was_corrected(audience: str, told: Sequence[Bulletin]) -> bool:
    last = last_told(audience, told)
    return last is not None and last.kind == "correction"


def _of_what_is_worse(bulletin: Bulletin, incident: Incident, told: Sequence[Bulletin]) -> Iterator[Reason]:
    if bulletin.state is State.DOWN and told[-1].state is not State.DOWN and len(incident.eyes) < EYES_FOR_DOWN:
        yield Reason("policy.too_few_eyes", {"eyes": len(incident.eyes), "needed": EYES_FOR_DOWN})


def _keeps_the_promise(
    bulletin: Bulletin, incident: Incident, told: Sequence[Bulletin], *, policy: PublicationPolicy, now: datetime
) -> bool:
    last = told[-1]
    is_late = last.next_update_at is not None and now >= last.next_update_at
    may_go = bulletin.kind == "holding" and policy.holding == "automatic" and not policy.is_held
    is_sound = incident.is_open and not bulletin.is_drill and not _promises_the_past(bulletin, now)
    # "Recovering since …" is news that nobody has signed yet.
    return is_late and may_go and is_sound and incident.good_since is None and claims_nothing_new(bulletin, told)


def _promises_the_past(bulletin: Bulletin, now: datetime) -> bool:
    return bulletin.next_update_at is not None and bulletin.next_update_at <= now


def claims_nothing_new(bulletin: Bulletin, told: Sequence[Bulletin]) -> bool:
    """Say whether everyone a bulletin speaks to was told last just what it asks and claims; `told` oldest first."""
    last = told[-1]
    facts = (bulletin.state, bulletin.functions, bulletin.audiences, bulletin.packages, bulletin.regions)
    if facts != (last.state, last.functions, last.audiences, last.packages, last.regions):
        return False
    return all(_is_told(audience, text, told) for audience, text in bulletin.texts.items())


def _is_told(audience: str, text: AudienceText, told: Sequence[Bulletin]) -> bool:
    last = last_told(audience, told)
    return last is not None and claims(text) == claims(last.texts[audience])


def _of_a_first(
    incident: Incident, policy: PublicationPolicy, published: Sequence[Bulletin], now: datetime
) -> Iterator[Reason]:
    if incident.is_minor:
        yield Reason("policy.minor")
    if incident.is_hearsay:
        yield from _of_hearsay(incident.witnesses)
    elif len(incident.eyes) < _eyes_needed(incident, policy):
        yield Reason("policy.too_few_eyes", {"eyes": len(incident.eyes), "needed": _eyes_needed(incident, policy)})
    if incident.confidence < policy.min_confidence and not incident.is_hearsay:
        yield Reason("policy.not_sure", {"confidence": incident.confidence, "needed": policy.min_confidence})
    # Openings that a human approved count as well: the limit guards readers against a storm, whoever lets it loose.
    openings = sum(_opened_lately(other, now) for other in published)
    if openings >= policy.max_openings_per_hour:
        yield Reason("policy.too_many_openings", {"openings": openings, "allowed": policy.max_openings_per_hour})


def _eyes_needed(incident: Incident, policy: PublicationPolicy) -> int:
    return max(policy.min_eyes, EYES_FOR_DOWN) if incident.state is State.DOWN else policy.min_eyes


def _opened_lately(other: Bulletin, now: datetime) -> bool:
    return other.kind == "first" and not other.is_drill and now - other.drafted_at < timedelta(hours=1)


def _of_hearsay(witnesses: Witnesses | None) -> Iterator[Reason]:
    # "Not clear yet: professionals report …" claims nothing of what other eyes would have to confirm. It needs
    # witnesses who share neither the software nor the province: else it may be one vendor's, or one line's, trouble.
    packages, regions = (witnesses.packages, witnesses.regions) if witnesses is not None else (0, 0)
    if min(packages, regions) < SPREAD:
        yield Reason("policy.witnesses_alike", {"packages": packages, "regions": regions, "needed": SPREAD})


def _first(incident: Incident) -> Reason:
    return Reason("policy.first", {"eyes": len(incident.eyes), "confidence": incident.confidence})
