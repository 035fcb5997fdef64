"""A message as a text message: its words, what they cost, and their bytes on the wire."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tocsin.kernel import gsm7
from tocsin.notifications.rules.model import Message

PART_SEPTETS: Final = 153
"""What each part holds of a text that needs several: seven septets tell the telephone how they belong together."""

PART_CHARACTERS: Final = 67
MOST_PARTS: Final = 6
"""No bulletin needs as many; whatever is longer is cut, because each part costs money."""

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_CODES: Final = {character: bytes([code]) for code, character in enumerate(_BASIC) if character != "\x1b"} | {
    character: bytes([0x1B, code]) for character, code in _EXTENDED.items()
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """The parts of a text: `is_gsm7` says in which alphabet."""

    parts: tuple[bytes, ...]
    is_gsm7: bool


def words_of(message: Message) -> str:
    """Return what a telephone shows: the drafted text, or the letter's headline and link where none was drafted.

    What a message must say of itself (unofficial, exercise, replay) stands first, unless the text says it already.
    """
    letter = message.letter
    text = message.sms or " ".join(
        [letter.headline, *([] if letter.action is None else [f"{letter.action.label}: {letter.action.address}"])]
    )
    missing = [] if message.sms else [mark.short for mark in letter.marks if mark.short not in text]
    return gsm7.respelled("".join(f"[{mark}] " for mark in missing) + " ".join(text.split()))


def encoded(text: str) -> Encoded:
    """Return the text's parts; in GSM-7 where that can spell it, else in UCS-2. At most `MOST_PARTS`."""
    is_gsm7 = gsm7.is_spelled(text)
    pieces = [_CODES[each] for each in text] if is_gsm7 else [each.encode("utf-16-be") for each in text]
    whole, part = (gsm7.SEPTETS, PART_SEPTETS) if is_gsm7 else (gsm7.CHARACTERS * 2, PART_CHARACTERS * 2)
    if sum(map(len, pieces)) <= whole:
        return Encoded((b"".join(pieces),), is_gsm7)
    return Encoded(tuple(_filled(pieces, size=part))[:MOST_PARTS], is_gsm7)


def _filled(pieces: list[bytes], *, size: int) -> Iterator[bytes]:
    # A character that takes two units is never torn apart.
    part = b""
    for piece in pieces:
        if len(part) + len(piece) > size:
            yield part
            part = b""
        part += piece
    yield part
