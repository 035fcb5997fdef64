"""Who is told what: one outage is one conversation, and who heard its beginning hears its end."""

from typing import Final

from tocsin.notifications.rules.model import Announcement, Subscription, Told

INTERRUPTS: Final = frozenset({"sms", "webpush"})
"""Channels that make a noise in a pocket: they carry what changes something for the reader, and keep quiet hours."""

CONTINUES: Final = frozenset({"end", "retraction", "correction"})
"""Kinds that nobody is told who was not told what they end, take back or mend."""

ENDS: Final = frozenset({"end", "retraction"})

_NO_NEWS: Final = frozenset({"holding"})


def told_of(announcement: Announcement) -> Told:
    """Return what the rules here ask of an announcement."""
    return Told(
        kind=announcement.kind,
        state=str(announcement.state),
        functions=tuple(announcement.functions),
        audiences=tuple(announcement.texts),
        packages=None if announcement.packages is None else tuple(announcement.packages),
        regions=None if announcement.regions is None else tuple(announcement.regions),
        is_drill=announcement.is_drill,
        corrects=getattr(announcement, "corrects", None) or "",
    )


def carries(channel: str, kind: str) -> bool:
    """Say whether a kind of bulletin goes through a channel: "nothing new yet" interrupts nobody."""
    return channel not in INTERRUPTS or kind not in _NO_NEWS


def concerns(subscription: Subscription, told: Told) -> bool:
    """Say whether someone asked for this.

    Their audience is spoken to; it is about a function they chose, if they chose any; where and with what they work is
    hit, or is not known on either side; it is as bad as they want to hear of; and it is no exercise, unless they want
    those as well.
    """
    return (
        subscription.audience in told.audiences
        and (not subscription.functions or not set(subscription.functions).isdisjoint(told.functions))
        and _may_be_hit(subscription.region, told.regions)
        and _may_be_hit(subscription.package, told.packages)
        and (subscription.least == "degraded" or told.state == "down")
        and (subscription.with_drills or not told.is_drill)
    )


def is_told(subscription: Subscription, told: Told, *, channel: str = "email", heard_before: bool) -> bool:
    """Say whether an announcement goes to a subscriber; `heard_before` is about the same outage.

    For a correction it is about what is corrected. The end goes to those who were told the start, and to nobody else;
    a correction to those who got what it mends. Between the two, who has heard of the outage goes on hearing of it
    even when it narrows to functions they did not choose, or gets better than what they wanted to hear of: silence
    would read as "it is over". Nobody is sent a text that was written for another audience.
    """
    if subscription.audience not in told.audiences or not carries(channel, told.kind):
        return False
    if heard_before:
        return True
    return told.kind not in CONTINUES and concerns(subscription, told)


def priority(kind: str) -> int:
    """Return a message's place in the queue: first words, gathered ones too, and ends (0), news (1), the rest (2).

    First words that were gathered must not be overtaken by the end of what they speak of.
    """
    if kind in {"first", "digest", *CONTINUES}:
        return 0
    return 1 if kind == "update" else 2


def _may_be_hit(own: str, hit: tuple[str, ...] | None) -> bool:
    return not own or hit is None or own in hit
