"""The languages of the federation and texts that exist in all of them."""

from collections.abc import Mapping
from typing import Literal, cast

type Language = Literal["fr", "nl", "de", "en"]
type LocalizedText = Mapping[Language, str]

LANGUAGES: tuple[Language, ...] = ("fr", "nl", "de", "en")
"""Every language a public text must exist in, in the order in which they are offered."""


def missing_languages(text: Mapping[str, str]) -> list[Language]:
    """Return the required languages in which the text is absent or blank."""
    return [language for language in LANGUAGES if not text.get(language, "").strip()]


def localized(text: Mapping[str, str]) -> LocalizedText:
    """Return the text as a language map; raises `ValueError` naming the languages that are missing."""
    missing = missing_languages(text)
    if missing:
        message = f"text is missing in {', '.join(missing)}"
        raise ValueError(message)
    return cast("LocalizedText", {language: text[language].strip() for language in LANGUAGES})
