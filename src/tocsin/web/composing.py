"""A bulletin's words as the composer shows them: fields beside what the check finds, and how each length will look.

Pure shaping: the view reads the form, the services keep what it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from tocsin.bulletins.queries import plain_words
from tocsin.bulletins.rules import lengths
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.never import Ground
from tocsin.bulletins.rules.plain_language import BLOCKING, Assessment, assess
from tocsin.bulletins.rules.revisions import LISTS, PARTS, Part, field_name, to_fields
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.kernel.reasons import Reason
from tocsin.web.words import Words

NAMES: Words = {
    "headline": _("Does it hit me?"),
    "scope": _("Since when, who, where"),
    "now": _("Now: what to do (a line for each)"),
    "paid": _("Reimbursed? Legal?"),
    "avoid": _("Do not"),
    "duties": _("Afterwards (a line for each)"),
    "next_update": _("Next update"),
    "subject": _("Subject of the e-mail, title of the push"),
    "sms": _("Text message"),
    "push": _("Push notification"),
}
"""What the part answers, in the order in which it is read."""

ROWS: Mapping[Part, int] = {"now": 4, "scope": 3, "sms": 4, "push": 3, "duties": 3}


@dataclass(frozen=True, slots=True)
class Field:
    """One part in one language."""

    name: str
    language: Language
    value: str
    rows: int


@dataclass(frozen=True, slots=True)
class PartFields:
    """One part in all languages."""

    part: str
    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Short:
    """How long the text message is in one language: of how many units, and whether it fits into one."""

    language: Language
    units: int
    limit: int

    @property
    def fits(self) -> bool:
        """Say whether it goes out as one message."""
        return self.units <= self.limit


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check says of one text, and how its lengths will look in one language."""

    text: AudienceText
    assessment: Assessment
    blocking: tuple[Reason, ...]
    advice: tuple[Reason, ...]
    shorts: tuple[Short, ...]
    preview: Language


def part_fields(given: Mapping[str, str]) -> tuple[PartFields, ...]:
    """Return the fields of the form, part by part, with what is typed in them."""
    return tuple(
        PartFields(
            part,
            str(NAMES[part]),
            tuple(
                Field(name, language, given.get(name, ""), ROWS.get(part, 2))
                for language in LANGUAGES
                for name in (field_name(part, language),)
            ),
        )
        for part in PARTS
    )


def typed(posted: Mapping[str, str], *, text: AudienceText) -> dict[str, str]:
    """Return the form's fields as they were sent; one that was not sent is as in the text."""
    return {name: posted.get(name, value) for name, value in to_fields(text).items()}


def checked(
    text: AudienceText, bulletin: Bulletin, *, audience: str, preview: Language, ground: Ground | None = None
) -> Checked:
    """Look at one audience's words; with the `ground` they rest on, also for what must never be shown."""
    found = assess(text, words=plain_words(), audience=audience, kind=bulletin.kind, ground=ground)
    return Checked(
        text=text,
        assessment=found,
        blocking=tuple(each for each in found.findings if each.code in BLOCKING),
        advice=tuple(each for each in found.findings if each.code not in BLOCKING),
        shorts=tuple(_short(text, language) for language in LANGUAGES),
        preview=preview,
    )


def _short(text: AudienceText, language: Language) -> Short:
    said = text.sms.get(language, "")
    return Short(language, lengths.sms_units(said), lengths.sms_limit(said))


def is_list(part: Part) -> bool:
    """Say whether a part has a line for each sentence."""
    return part in LISTS
