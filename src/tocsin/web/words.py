"""The words and shapes of the screens: one word for one thing, the same everywhere.

A state is always shape, word and colour together; the colours are in `static/web/tocsin.css`.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tocsin.detection.rules.model import State

if TYPE_CHECKING:
    # The type of a lazy translation exists for the type checker only.
    from django.utils.functional import _StrPromise

type Words = Mapping[str, _StrPromise]

SHAPES: Mapping[str, str] = {
    State.OK: "●",
    State.DEGRADED: "▲",
    State.DOWN: "■",
    "planned": "◆",
    State.UNKNOWN: "?",
}

STATES: Words = {
    State.OK: _("Works"),
    State.DEGRADED: _("Disrupted"),
    State.DOWN: _("Does not work"),
    "planned": _("Planned maintenance"),
    State.UNKNOWN: _("Not clear yet"),
}

PHASES: Words = {
    "suspected": _("Suspected"),
    "confirmed": _("Confirmed"),
    "identified": _("Likely cause found"),
    "mitigated": _("Mitigated"),
    "monitoring": _("Recovering, being watched"),
    "resolved": _("Over"),
}

EYES: Words = {
    "front": _("Front of the services"),
    "client": _("Professionals’ software"),
    "probes": _("Our own checks"),
    "panel": _("Panel of professionals"),
    "partner": _("Partners’ notices"),
}

BULLETINS: Words = {
    "first": _("First message"),
    "update": _("Update"),
    "holding": _("Holding message"),
    "correction": _("Correction"),
    "retraction": _("False alarm taken back"),
    "end": _("End of the outage"),
}

PAGES: Words = {
    "approval": _("a message waits for approval"),
    "promise": _("a promise to the public is nearly due, or broken"),
    "watch": _("Tocsin itself is not well"),
}

PROCEDURES: Words = {"electronic": _("Electronic way round"), "non_ict": _("Without a computer")}

ACTIVATIONS: Words = {"proposed": _("Proposed"), "active": _("In force"), "ended": _("Ended")}

TIMELINE: Words = {
    "opened": _("Opened"),
    "updated": _("Changed"),
    "watched": _("Watched"),
    "closed": _("Closed"),
    "promise_due": _("Next update nearly due"),
    "promise_broken": _("Promised update missed"),
    "bulletin_drafted": _("Message drafted"),
    "bulletin_published": _("Message published"),
    "bulletin_discarded": _("Draft set aside"),
    "bulletin_superseded": _("Draft replaced by a newer one"),
    "bulletin_approved": _("Message approved by one person"),
    "bulletin_approvals_void": _("Approvals void: the words changed"),
    "bulletin_edited": _("Words of the message edited"),
    "bulletin_moved": _("Facts moved under edited words"),
    "bulletin_carried_over": _("Edited words carried over to newer facts"),
    "bulletin_edit_dropped": _("Edited words dropped"),
    "retracted": _("Taken back as a false alarm"),
    "activation_proposed": _("Procedure proposed"),
    "activation_active": _("Procedure put in force"),
    "activation_confirmed": _("Procedure put in force"),
    "activation_extended": _("Procedure extended"),
    "activation_ended": _("Procedure ended"),
    "taken": _("Taken"),
    "paged": _("Duty officers paged"),
    "first_word_late": _("First message late"),
    "note": _("Note"),
    "confirmed": _("Confirmed by an operator"),
    "mitigated": _("Marked as mitigated"),
}

CHANGES: Words = {
    "planned": _("Planned"),
    "started": _("Started"),
    "finished": _("Finished"),
    "restarted": _("Restarted"),
    "fingerprint": _("Configuration read"),
}

NOTICES: Words = {
    "investigating": _("Being investigated"),
    "disrupted": _("Disrupted"),
    "down": _("Does not work"),
    "maintenance": _("Planned maintenance"),
    "resolved": _("Solved"),
}

INTAKE: Words = {
    "redacted.name": _("A name was blotted out in a report."),
    "redacted.national_number": _("A national number was blotted out in a report."),
    "redacted.prescription_id": _("A prescription’s number was blotted out in a report."),
    "redacted.telephone": _("A telephone number was blotted out in a report."),
    "redacted.email": _("An e-mail address was blotted out in a report."),
    "refused.unreadable": _("Lines that could not be read were left out."),
}

FACTS: Words = {
    "phase": _("phase"),
    "state": _("state"),
    "functions": _("functions"),
    "confidence": _("how sure"),
    "suspects": _("suspects"),
    "reasons": _("reasons"),
    "reason": _("because"),
    "bulletin": _("message"),
    "kind": _("kind"),
    "audiences": _("for"),
    "audience": _("profession"),
    "incident": _("incident"),
    "procedure": _("procedure"),
    "until": _("until"),
    "at": _("when"),
    "services": _("services"),
    "name": _("name"),
    "scopes": _("may do"),
    "characters": _("characters"),
    "factor": _("second factor"),
    "factors": _("second factors"),
    "purpose": _("for"),
    "codes": _("recovery codes"),
    "codes_left": _("recovery codes left"),
    "error": _("why not"),
    "has_email": _("e-mail"),
    "has_phone": _("mobile number"),
    "pages": _("paged for"),
    "names": _("paged"),
}

PARTS: Words = {
    "headline": _("first line"),
    "scope": _("since when, who, where"),
    "now": _("what to do"),
    "paid": _("reimbursement"),
    "avoid": _("what not to do"),
    "next_update": _("next update"),
    "duties": _("afterwards"),
    "subject": _("subject"),
    "sms": _("text message"),
    "push": _("notification"),
}

SEVERITIES: Words = {
    "grave": _("Something crucial does not work, everywhere"),
    "serious": _("Something does not work, for some"),
    "limited": _("Disrupted, or not clear yet"),
    "unsure": _("Too little evidence"),
}

LEVELS: Words = {
    "critical": _("Severity: critical"),
    "high": _("Severity: high"),
    "moderate": _("Severity: moderate"),
    "low": _("Severity: low"),
}
"""How much an incident weighs now, as a whole phrase, so that none is put together from parts."""

CRITICALITIES: Words = {
    "vital": _("vital"),
    "important": _("important"),
    "ordinary": _("can wait"),
}

HOURS: Words = {
    "working": _("working hours, or nearly"),
    "edge": _("the edge of the day, or Saturday morning"),
    "quiet": _("a quiet hour"),
}

APPROVALS: Words = {
    "automatic": _("nobody, once automation is unlocked"),
    "one_click": _("one person"),
    "two_people": _("two people"),
}

HOLDING: Words = {
    "automatic": _("it goes out by itself if it claims nothing new"),
    "ask": _("it waits for a person"),
}

FATES: Words = {
    "published": _("A person published it"),
    "edited": _("A person changed its words and published it"),
    "discarded": _("A person set it aside"),
    "superseded": _("It was replaced by a newer one"),
    "waits": _("It still waits"),
}

LANGUAGES: Mapping[str, str] = {"fr": "Français", "nl": "Nederlands", "de": "Deutsch", "en": "English"}


_JOINTS = re.compile(
    r"(?<=\w{4})(?=schränkt|tioniert|rinnen\b|pfleg|beziehung|austausch|bezogen|barkeit|techni|geneeskund|apothe[ck])"
)
_LONG = re.compile(r"\w{11,}")


def breakable(words: str) -> str:
    """Return the words with soft hyphens where a narrow cell may break them: browsers rarely know how to themselves."""
    return _LONG.sub(lambda found: _JOINTS.sub("\u00ad", found.group()), words)


def word(words: Words, key: str) -> str:
    """Return the word for a key; an unknown key is shown as it is, never hidden."""
    return str(words[key]) if key in words else key


def spoken(words: Words) -> dict[str, str]:
    """Return the words in the reader's language."""
    return {key: str(said) for key, said in words.items()}
