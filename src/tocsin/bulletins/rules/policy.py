"""May this bulletin go out without a human's click? Every no comes with its reasons, all of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tocsin.bulletins.rules.model import Bulletin, Decision, PublicationPolicy
from tocsin.detection.rules.model import Witnesses
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason

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
    is unlocked: silence after a first word does more harm. A first word must meet the policy's bounds.
    """
    is_first = not any(earlier.incident == bulletin.incident for earlier in published)
    refusals = (
        *_always(bulletin, incident, policy, now),
        *(_of_a_first(incident, policy, published, now) if is_first else ()),
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
    if bulletin.next_update_at is not None and bulletin.next_update_at <= now:
        yield Reason("policy.promise_past")


def _of_a_first(
    incident: Incident, policy: PublicationPolicy, published: Sequence[Bulletin], now: datetime
) -> Iterator[Reason]:
    if incident.is_hearsay:
        yield from _of_hearsay(incident.witnesses)
    elif len(incident.eyes) < policy.min_eyes:
        yield Reason("policy.too_few_eyes", {"eyes": len(incident.eyes), "needed": policy.min_eyes})
    if incident.confidence < policy.min_confidence and not incident.is_hearsay:
        yield Reason("policy.not_sure", {"confidence": incident.confidence, "needed": policy.min_confidence})
    # Openings that a human approved count as well: the limit guards readers against a storm, whoever lets it loose.
    openings = sum(1 for other in published if other.kind == "first" and now - other.drafted_at < timedelta(hours=1))
    if openings >= policy.max_openings_per_hour:
        yield Reason("policy.too_many_openings", {"openings": openings, "allowed": policy.max_openings_per_hour})


def _of_hearsay(witnesses: Witnesses | None) -> Iterator[Reason]:
    # "Not clear yet: professionals report …" claims nothing of what other eyes would have to confirm. It needs
    # witnesses who share neither the software nor the province: else it may be one vendor's, or one line's, trouble.
    packages, regions = (witnesses.packages, witnesses.regions) if witnesses is not None else (0, 0)
    if min(packages, regions) < SPREAD:
        yield Reason("policy.witnesses_alike", {"packages": packages, "regions": regions, "needed": SPREAD})


def _first(incident: Incident) -> Reason:
    return Reason("policy.first", {"eyes": len(incident.eyes), "confidence": incident.confidence})
