"""What may stand for a person, a practice or a line in what others send: never a name, never a number in disguise."""

import re
from typing import Final

from tocsin.observations.rules.redaction import redact

_SHAPE: Final = re.compile(r"[a-z][a-z0-9]*\d[a-z0-9]*(?:-[a-z0-9]{1,20})?")
_AS_IN_RECORDINGS: Final = re.compile(r"m\d{3}-[0-9a-f]{6}")
_NUMBER: Final = re.compile(r"\d{6}")
"""As many digits in a row are somebody's number with a letter in front: of a telephone, a person, a practice."""


def is_fit(name: str, *, is_ours: bool = False) -> bool:
    """Say whether the name is a pseudonym: letters and digits, one of each, one hyphen at most, and hides no number.

    Where we made it ourselves (`is_ours`) its shape is enough, and so it is in recordings (`m040-ac92ef`).
    """
    if _SHAPE.fullmatch(name) is None:
        return False
    if is_ours or _AS_IN_RECORDINGS.fullmatch(name):
        return True
    return not _NUMBER.search(name.replace("-", "")) and not redact(name).total
