"""Errors of the domains below, said to a duty officer in their language."""

from django.utils.translation import gettext_lazy as _

from tocsin.kernel.errors import TocsinError
from tocsin.web.words import Words

SENTENCES: Words = {
    "maintenance.order": _("It ends before it begins."),
    "maintenance.in_past": _("It begins in the past."),
    "maintenance.too_long": _("It lasts more than seven days."),
    "maintenance.time": _("That is no time, or the clocks change just then. Write it like 2026-11-29 10:00."),
    "maintenance.language": _("Say what users will notice, in all four languages."),
    "maintenance.length": _("What users will notice is too long: 300 characters at most."),
    "maintenance.nobody": _("Nobody’s work would be touched by it: name services or functions."),
    "maintenance.closed": _("It is over, or was called off."),
    "incident.phase": _("The incident has moved on since you opened this page. What you see now is up to date."),
    "incident.note_length": _("A note needs some text, and no more than 2,000 characters."),
    "incident.reason_missing": _("Say in a few words why it can be closed, for those who read it later."),
    "bulletin.status": _(
        "This message waits no longer: somebody, or news, was quicker. What you see now is up to date."
    ),
    "bulletin.same_approver": _("You agreed to it already. The second yes must be another person’s."),
    "bulletin.second_approval": _("Your approval is noted. It goes out once somebody else agrees too."),
    "bulletin.blocked": _("It must not go out like this. Mend what is named, or write down why it must all the same."),
    "bulletin.facts_moved": _("The facts have moved since these words were written. Compare, then choose."),
    "bulletin.newer": _("Its readers were told something newer meanwhile. Correct that message."),
    "bulletin.unchanged": _("You have changed nothing yet, so there is nothing to send."),
    "bulletin.text": _("The message no longer speaks to this profession."),
    "bulletin.unsafe_text": _("Something in the text cannot go out: hidden characters, < or >, or far too long."),
    "policy.not_earned": _("Automation stays locked until four weeks of its shadow are reviewed."),
    "policy.value": _("That is not one of the choices."),
    "policy.quiet_hours": _("Write times like 22:00; they begin and end at different times."),
    "budget.not-asked": _("Nothing waits for this any more: somebody was quicker, or it was overtaken."),
    "operator.bad_email": _("This is not an e-mail address. It looks like name@example.org."),
    "operator.bad_phone": _("This is not a telephone number. Write it with its country’s code: +32470123456."),
}


def sentence(error: TocsinError) -> str:
    """Return the error in the reader's language where we have it, else in its own words; the code always."""
    known = SENTENCES.get(error.code)
    return f"{known} [{error.code}]" if known is not None else str(error)
