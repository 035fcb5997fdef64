"""A bulletin's text taken apart: every part with its name, in reading order; what checks and differences go through."""

from collections.abc import Iterator

from tocsin.bulletins.rules.model import AudienceText
from tocsin.kernel.language import Language, LocalizedText

SHORT_PARTS = frozenset({"subject", "sms", "push"})
"""The parts that are made for a telephone's screen, beside what the page and the e-mail say."""


def page_text(text: AudienceText, language: Language) -> str:
    """Return all that the page and the e-mail say in one language, a line for each part."""
    return "\n".join(said for part, said in parts(text, language) if part not in SHORT_PARTS)


def parts(text: AudienceText, language: Language) -> Iterator[tuple[str, str]]:
    """Yield every part of a text in one language with its name, blank and missing ones included."""
    for part, localized in localized_parts(text):
        yield part, localized.get(language, "")


def localized_parts(text: AudienceText) -> Iterator[tuple[str, LocalizedText]]:
    """Yield every part that the text has, with its name."""
    yield "headline", text.headline
    yield "scope", text.scope
    for sentence in text.now:
        yield "now", sentence
    for part, one in (("paid", text.paid), ("avoid", text.avoid), ("next_update", text.next_update)):
        if one is not None:
            yield part, one
    for duty in text.duties:
        yield "duties", duty
    yield "subject", text.subject
    for part, short in (("sms", text.sms), ("push", text.push)):
        if short:
            yield part, short
