"""The alphabet of text messages: what a text costs in one, and how a text is respelled so that it costs less.

A text message carries 160 septets of GSM-7 (3GPP TS 23.038: the default alphabet; a character of the extension table
costs two), or 70 characters of UCS-2 as soon as a single character is in neither. One "ê" would cost a French reader
more than half of the message, so the few letters that the alphabet lacks lose their accent and typographers' marks
become plain ones (`respelled`). Which, and why no meaning hangs on them: docs/explanation/words.md.
"""

import unicodedata

SEPTETS = 160
"""What one text message holds when GSM-7 spells it."""

CHARACTERS = 70
"""What it holds otherwise, in units of UTF-16."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_ALPHABET = _BASIC | _EXTENDED
_PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "‑": "-",
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "×": "x",
        "•": "-",
        "\t": " ",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u200b": "",
        "\u00ad": "",
    }
)


def is_spelled(text: str) -> bool:
    """Say whether GSM-7 can spell the text."""
    return set(text) <= _ALPHABET


def units(text: str) -> int:
    """Return what the text costs: septets where GSM-7 spells it, else units of UTF-16."""
    if is_spelled(text):
        return len(text) + sum(text.count(character) for character in _EXTENDED & set(text))
    return len(text.encode("utf-16-be")) // 2


def fits(text: str) -> bool:
    """Say whether the text goes into one text message."""
    return units(text) <= (SEPTETS if is_spelled(text) else CHARACTERS)


def respelled(text: str) -> str:
    """Return the text with what GSM-7 lacks spelled otherwise where that harms nothing; the rest stays as it is.

    Quotation marks keep no space on their inside: « oui » becomes "oui".
    """
    if is_spelled(text):
        return text
    quoted = text.replace("«\u00a0", "«").replace("« ", "«").replace("\u00a0»", "»").replace(" »", "»")
    composed = unicodedata.normalize("NFC", quoted).translate(_PLAIN)
    if is_spelled(composed):
        return composed
    return "".join(character if character in _ALPHABET else _bare(character) for character in composed)


def _bare(character: str) -> str:
    bare = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return bare if bare and is_spelled(bare) else character


def with_address(text: str, address: str) -> str:
    """Return the text with an address for more after it, where there is room; else the text alone."""
    longer = f"{text} {address}"
    return longer if address and fits(longer) else text
