"""Letters to members of the panel: the invitation, a question with two answers, and that what they reported is over.

They go through the outbox like everything else, to the member's own contacts. A link never votes by itself: it leads to
a page with the two answers, since mail programs open links to look whether they are safe.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import contacts_of, known_token
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import Language
from tocsin.notifications.announcing import put
from tocsin.notifications.costs import note_cost
from tocsin.notifications.queries import as_language, channels, labels, pack
from tocsin.notifications.rules.letter import marks, said_first
from tocsin.notifications.rules.model import Letter, Link, Mark, Section
from tocsin.observations.models import PollQuestion
from tocsin.observations.polls import question_token

EMAIL: Final = "email"
SMS: Final = "sms"
ANSWERS: Final = ("yes", "no")


def ask(questions: Sequence[PollQuestion], *, now: datetime) -> int:
    """Put a question to each member into the outbox, in the caller's transaction; return how many letters that were."""
    members = PanelMember.objects.in_bulk([question.member for question in questions])
    contacts = contacts_of(members)
    sent = 0
    for question in questions:
        if question.member in contacts:
            letter = question_letter(members[question.member], question)
            key = f"panel-question|{question.pk}"
            sent += _send(letter, contacts[question.member], key=key, now=now)
    return sent


def tell_end(incident: Incident, members: Iterable[PanelMember], *, now: datetime) -> int:
    """Tell members that what they reported is over, once each; return how many letters that were."""
    chosen = {member.pseudonym: member for member in members}
    contacts = contacts_of(chosen)
    sent = 0
    for pseudonym, addresses in contacts.items():
        member = chosen[pseudonym]
        functions = [function for function in incident.functions if member.audience in _audiences(function)]
        if functions:
            key = f"panel-end|{incident.id}|{pseudonym}"
            sent += _send(end_letter(member, incident, functions[0]), addresses, key=key, now=now)
    return sent


def invite(member: PanelMember, token: str, *, channel: str, address: str, now: datetime) -> None:
    """Send a member their personal link; the address is one that the channel has checked."""
    letter = invitation_letter(member, token)
    _send(letter, {channel: address}, key=f"panel-invitation|{member.pseudonym}|{member.link_serial}", now=now)


def question_letter(member: PanelMember, question: PollQuestion) -> Letter:
    """Return the question, with a link for each answer."""
    language = as_language(member.language)
    address = _address("panel-asked", question_token(question))
    with translation.override(language):
        name = pack().functions[question.poll.function].name[language]
        until = in_brussels(question.poll.until).strftime("%H:%M")
        works, fails = gettext("Yes, it works for me"), gettext("No, it does not work")
        return Letter(
            language=language,
            subject=gettext("%(function)s: does it work for you now?") % {"function": name},
            headline=gettext("%(function)s: does it work for you now?") % {"function": name},
            sections=(
                Section("", (gettext("Both answers help us equally. It takes one tap, and no login."),)),
                Section("", (gettext("We can use your answer best before %(time)s.") % {"time": until},)),
            ),
            marks=_marks(language),
            choices=tuple(
                Link(label, f"{address}?say={answer}") for label, answer in zip((works, fails), ANSWERS, strict=True)
            ),
            footer=gettext("You get this because you are on the panel. We ask at most three times a day."),
            manage=_own_page(member),
        )


def end_letter(member: PanelMember, incident: Incident, function: str) -> Letter:
    """Return the word that what a member reported is over."""
    language = as_language(member.language)
    known = pack().functions[function]
    with translation.override(language):
        ended = in_brussels(incident.closed_at or incident.phase_since).strftime("%H:%M")
        thanks = gettext("Thank you for telling us. Your word was part of how we knew.")
        return Letter(
            language=language,
            subject=known.back[language],
            headline=known.back[language],
            sections=(Section("", (gettext("Over since %(time)s.") % {"time": ended},)), Section("", (thanks,))),
            marks=_marks(language),
            footer=gettext("You get this because you asked to hear how it ended."),
            manage=_own_page(member),
        )


def invitation_letter(member: PanelMember, token: str) -> Letter:
    """Return the invitation with the personal link."""
    language = as_language(member.language)
    inviter = member.association.name if member.association is not None else "Tocsin"
    with translation.override(language):
        return Letter(
            language=language,
            subject=gettext("Will you tell us when it does not work?"),
            headline=gettext("Will you tell us when it does not work?"),
            sections=(
                Section("", (gettext("%(association)s invites you to the panel.") % {"association": inviter},)),
                Section(
                    "",
                    (
                        gettext("One tap says whether a function works for you. No login, no name, no patient data."),
                        gettext("The link is yours alone and good for 14 days; with your first tap you are in."),
                        gettext("On a telephone, put the page on your home screen: it works without a network too."),
                        gettext("We may also ask you something here now and then. You choose that on your page."),
                    ),
                ),
            ),
            marks=_marks(language),
            action=Link(gettext("Open my page"), _address("panel", token)),
            footer=gettext("You do not want this? Then do nothing: the link ends by itself."),
        )


def _send(letter: Letter, contacts: Mapping[str, str], *, key: str, now: datetime) -> int:
    available = frozenset(channels())
    sent = 0
    for channel, address in contacts.items():
        # A mail waits until there is a mail server to take it; the others are sent where the channel is set up.
        if channel != EMAIL and channel not in available:
            continue
        own = f"{key}|{channel}"
        put(_for_channel(letter, channel), key=own, channel=channel, recipient=address, sms=_short(letter), now=now)
        if channel == SMS:
            note_cost(own)
        sent += 1
    return sent


def _for_channel(letter: Letter, channel: str) -> Letter:
    """Return the letter as it is; with the page itself to click where a channel has room for one link only."""
    if channel == EMAIL or not letter.choices:
        return letter
    return Letter(
        language=letter.language,
        subject=letter.subject,
        headline=letter.sections[0].lines[0],
        sections=letter.sections,
        marks=letter.marks,
        action=Link(letter.subject, _page_of(letter)),
    )


def _short(letter: Letter) -> str:
    address = _page_of(letter)
    return said_first(letter.marks, f"{letter.headline} {address}".strip())


def _page_of(letter: Letter) -> str:
    """Return where one answers, or what there is to click; empty where nothing is."""
    if letter.choices:
        return letter.choices[0].address.partition("?")[0]
    return "" if letter.action is None else letter.action.address


def _own_page(member: PanelMember) -> Link | None:
    token = known_token(member)
    return None if token is None else Link(gettext("My page: change or stop this"), _address("panel", token))


def _address(name: str, token: str) -> str:
    base = str(settings.CONFIGURATION.base_url).rstrip("/")
    return f"{base}{reverse(name, args=[token])}"


def _marks(language: Language) -> tuple[Mark, ...]:
    return marks(labels(language), is_official=pack().authority is not None, is_drill=False)


def _audiences(function: str) -> tuple[str, ...]:
    known = pack().functions.get(function)
    return () if known is None else known.audiences
