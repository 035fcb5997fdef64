"""Text that people typed, made safe to set among our own words: nothing in it may disguise what stands around it.

A right-to-left override turns the words after it around, a zero-width character hides a difference, a control
character breaks a line where none should break. None of them is needed to write in the languages of the federation.
"""

import unicodedata
from functools import lru_cache

_HIDDEN = frozenset({"Cf", "Co", "Cs", "Cn"})
_SPACES = frozenset({"Cc", "Zl", "Zp"})


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Return the text without what disguises: direction overrides, hidden characters, line breaks, doubled spaces.

    Spaces that must not break are kept. The same few texts stand on hundreds of pages a minute, so they are remembered.
    """
    shown = "".join(_shown(character) for character in text)
    return " ".join(part for part in shown.split(" ") if part)


def _shown(character: str) -> str:
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    return "" if category in _HIDDEN else character
