"""Who is told what: one outage is one conversation, and who heard its beginning hears its end."""

from tocsin.notifications.rules.model import Announcement, Subscription


def concerns(subscription: Subscription, announcement: Announcement) -> bool:
    """Say whether someone asked for this: their audience is spoken to, about a function they chose (or chose none)."""
    if subscription.audience not in announcement.texts:
        return False
    return not subscription.functions or not set(subscription.functions).isdisjoint(announcement.functions)


def is_told(subscription: Subscription, announcement: Announcement, *, heard_before: bool) -> bool:
    """Say whether an announcement goes to a subscriber; `heard_before` is about the same outage.

    The end goes to those who were told the start, and to nobody else. Between the two, who has heard of the outage
    goes on hearing of it even when it narrows to functions they did not choose: silence would read as "it is over".
    Nobody is sent a text that was written for another audience.
    """
    if subscription.audience not in announcement.texts:
        return False
    if heard_before:
        return True
    return announcement.kind != "end" and concerns(subscription, announcement)
