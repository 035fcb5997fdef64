"""Pages to duty officers: through the same outbox and the same channels as everything else, to their own contacts.

E-mail always works; a text message goes as well where the operator has a number and the channel is configured.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from tocsin.accounts.approvals import approval_token
from tocsin.accounts.factors import has_factor
from tocsin.accounts.models import Operator
from tocsin.accounts.roster import officers
from tocsin.kernel.clock import SystemClock, in_brussels
from tocsin.notifications.announcing import put
from tocsin.notifications.costs import note_cost
from tocsin.notifications.models import OutboxMessage, PageRow
from tocsin.notifications.queries import WAITING, as_language, channels, labels, pack
from tocsin.notifications.rules.letter import marks, said_first
from tocsin.notifications.rules.model import JsonValue, Letter, Link, Section
from tocsin.notifications.rules.paging import Called, Officer, Page, called

log = logging.getLogger(__name__)

EMAIL: Final = "email"
SMS: Final = "sms"
STALE: Final = timedelta(hours=2)
"""What waited for longer was given up by the outbox itself."""

FORGOTTEN_AFTER: Final = timedelta(days=30)


def page(what: Page, *, now: datetime) -> Called | None:
    """Page whom it concerns, in the caller's transaction; None, doing nothing, when they were paged for it already."""
    with transaction.atomic():
        known = {each.username: each for each in officers()}
        whom = called(what, [_officer(each) for each in known.values()])
        fields: Mapping[str, object] = {
            "kind": what.kind,
            "incident": what.incident,
            "bulletin": what.bulletin,
            "version": what.version,
            "content": what.content,
            "names": list(whom.names),
            "at": now,
        }
        _, is_new = PageRow.objects.get_or_create(key=what.key, defaults=fields)
        if not is_new:
            return None
        forget_pages(now=now)
        if not whom.names:
            log.warning("nobody could be paged (%s): no operator has an e-mail address or a number", what.key)
        available = frozenset(channels())
        for name in whom.names:
            _send(what, known[name], whom, available=available, now=now)
        return whom


def is_paged(key: str) -> bool:
    """Say whether somebody was paged for this reason already."""
    return PageRow.objects.filter(key=key).exists()


def withdraw_stale(due: Collection[str], *, now: datetime) -> int:
    """Take back pages that nobody has sent yet and whose reason holds no longer; return how many messages that were.

    `due` are the keys whose reasons hold. A mail server that comes back must wake nobody for what was done meanwhile.
    """
    stale = PageRow.objects.filter(at__gt=now - STALE).exclude(key__in=due).exclude(kind="tocsin_ails")
    count = 0
    for key in stale.values_list("key", flat=True):
        waiting = OutboxMessage.objects.filter(WAITING, dedup_key__startswith=f"{key}|", leased_until=None)
        count += waiting.update(withdrawn_at=now)
    return count


def draft_as_paged(bulletin: str, version: str) -> Mapping[str, JsonValue] | None:
    """Return a draft's text as it was when somebody was paged about it; None when nobody was about that version."""
    row = PageRow.objects.filter(bulletin=bulletin, version=version).exclude(content={}).first()
    return None if row is None else row.content


def forget_pages(*, now: datetime) -> None:
    """Erase pages that have served their time; those of the last month stay, so that none goes out twice."""
    PageRow.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()


def _officer(operator: Operator) -> Officer:
    has_address = bool(operator.email or operator.phone)
    return Officer(operator.username, frozenset(operator.pages), operator.is_on_duty, has_address)


def _send(what: Page, operator: Operator, whom: Called, *, available: frozenset[str], now: datetime) -> None:
    letter = _letter(what, operator, whom)
    # A mail waits until there is a mail server to take it; a text message is sent where the channel is set up.
    if operator.email:
        put(letter, key=f"{what.key}|{operator.pk}|{EMAIL}", channel=EMAIL, recipient=operator.email, now=now)
    if operator.phone and SMS in available:
        key = f"{what.key}|{operator.pk}|{SMS}"
        put(letter, key=key, channel=SMS, recipient=operator.phone, sms=_short(what, letter), now=now)
        note_cost(key)


def _short(what: Page, letter: Letter) -> str:
    # The few words and the link: together they fit into one text message, or into two where a demonstration says so.
    with translation.override(letter.language):
        subject, _ = _words(what)
    address = letter.action.address if letter.action is not None else ""
    return said_first(letter.marks, f"{subject}: {address}")


def _letter(what: Page, operator: Operator, whom: Called) -> Letter:
    language = as_language(operator.language)
    own = labels(language)
    with translation.override(language):
        subject, sentence = _words(what)
        about = what.subject.get(language, "")
        wants = gettext("Nobody is on duty: this went to everybody.") if whom.is_for_want_of_duty else ""
        sections = [Section("", (line,)) for line in (about, wants) if line]
        return Letter(
            language=language,
            subject=f"{subject} · {about}" if about else subject,
            headline=sentence,
            sections=tuple(sections),
            marks=marks(own, is_official=pack().authority is not None, is_drill=what.is_drill),
            action=_way_in(what, operator),
            footer=gettext("You get this because you are on duty, or because nobody else could be reached."),
        )


def _words(what: Page) -> tuple[str, str]:
    at = in_brussels(what.at).strftime("%H:%M") if what.at is not None else ""
    subjects = {
        "second_needed": gettext("Your agreement is needed too"),
        "draft_waits": gettext("A message waits for you"),
        "draft_still_waits": gettext("A message still waits"),
        "first_word_late": gettext("Promise broken: no first word yet"),
        "update_due": gettext("Next update due at %(time)s") % {"time": at},
        "promise_broken": gettext("Promise broken: no update at %(time)s") % {"time": at},
        "ceiling_reached": gettext("Text messages wait for your word"),
        "tocsin_ails": gettext("Tocsin itself needs you"),
    }
    sentences = {
        "second_needed": gettext("One person has approved a message; it goes out when you agree."),
        "draft_waits": gettext("A message is drafted and waits for your approval."),
        "draft_still_waits": gettext("Since %(time)s a message waits for approval, and nobody has taken it.")
        % {"time": at},
        "first_word_late": gettext("Trouble was detected at %(time)s, and the public has not been told yet.")
        % {"time": at},
        "update_due": gettext("The public was promised an update at %(time)s.") % {"time": at},
        "promise_broken": gettext("The update promised for %(time)s did not come.") % {"time": at},
        "ceiling_reached": gettext(
            "The ceiling for text messages is reached: %(count)s wait until somebody allows more. First words and ends "
            "never wait."
        )
        % {"count": what.count},
        "tocsin_ails": gettext("Part of Tocsin has stopped. Look at it now: the public pages may be out of date."),
    }
    return subjects[what.kind], sentences[what.kind]


def _way_in(what: Page, operator: Operator) -> Link:
    base = str(settings.CONFIGURATION.base_url).rstrip("/")
    if what.bulletin and has_factor(operator):
        token = approval_token(operator, bulletin=what.bulletin, version=what.version, machine_now=SystemClock().now())
        return Link(gettext("Read it and approve it"), f"{base}{reverse('approve', args=[token])}")
    if what.kind == "ceiling_reached":
        return Link(gettext("See what waits and decide"), f"{base}{reverse('console-texts')}")
    path = reverse("console-incident", args=[what.incident]) if what.incident else reverse("console")
    return Link(gettext("Open the console"), f"{base}{path}")
