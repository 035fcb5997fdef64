"""How numbers and addresses that identify a person look in free text: the patterns that redaction removes.

Each is tried in turn; the group `it` is what goes. An earlier one wins, so the order runs from what a cue or check
digits make certain to what only looks the part.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

type Kind = Literal["national_number", "prescription_id", "telephone", "email", "name"]

_GAP: Final = r"[\s.\-/_,‐‑‒–—−·]"
_NUMBER_CUES: Final = (
    r"NN|NISS|INSZ|RRN|RR|RN|SSIN|ENSS|BIS|rijksregister(?:nummer|nr)?|registre\s+national|num[ée]ro\s+national|"
    r"n°\s*national|national(?:register)?(?:nummer|nr)|national\s+(?:register\s+)?number|nationaal\s+nummer"
)
_TELEPHONE_CUES: Final = (
    r"t[ée]l(?:[ée]phone)?|telefoon(?:nummer)?|telefon(?:nummer)?|gsm|mobile|mobiel|handy|portable|phone|fax|whatsapp|"
    r"bel\s+(?:me|mij|ons|terug)(?:\s+op)?|r?appele[zr](?:-(?:moi|nous))?(?:\s+au)?|joignable\s+au|"
    r"bereikbaar\s+op|call\s+(?:me|us)(?:\s+(?:at|on))?|rufen\s+sie|erreichbar\s+unter"
)
_LINK: Final = (
    r"[\s:=#.,()\-]*(?:(?:n°|nr\.?|no\.?|num[ée]ro|nummer|number|is|est|ist|du\s+patient|"
    r"of\s+the\s+patient\s+is|v(?:an|/d)?)[\s:=#.]*)?"
)
_TELEPHONE_GAP: Final = r"[\s./\-()–]"
_POINT: Final = r"\s*(?:\.|[(\[{<]\s*(?:dot|point|punt|punkt)\s*[)\]}>]|\s(?:dot|point|punt|punkt)\s)\s*"

_LAST_MONTH: Final = 12
_BIS_MONTHS: Final = 60
_LAST_DAY: Final = 31
_NEAR_LENGTHS: Final = range(9, 14)


@dataclass(frozen=True, slots=True)
class Identifier:
    """One way in which an identifier is written; `is_meant` refuses look-alikes."""

    kind: Kind
    pattern: re.Pattern[str]
    is_meant: Callable[[str], bool]


def is_national_number(digits: str) -> bool:
    """Say whether eleven digits carry the check digits of a Belgian national number (born before 2000 or after)."""
    number, check = int(digits[:9]), int(digits[9:])
    return check in {97 - number % 97, 97 - (2_000_000_000 + number) % 97}


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())


def _has_check_digits(text: str) -> bool:
    return is_national_number(_digits(text))


def _begins_with_a_birth_date(text: str) -> bool:
    # Months are raised by 20 or 40 in BIS numbers; month and day may be 0 where the date of birth is unknown.
    digits = _digits(text)
    month, day = int(digits[2:4]), int(digits[4:6])
    return month % 20 <= _LAST_MONTH and month < _BIS_MONTHS and day <= _LAST_DAY


def _is_of_near_length(text: str) -> bool:
    return len(_digits(text)) in _NEAR_LENGTHS


def _is_no_date(text: str) -> bool:
    return re.match(r"\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d\d(?!\d)", text) is None


def _as(kind: Kind, pattern: str, is_meant: Callable[[str], bool] = bool) -> Identifier:
    return Identifier(kind=kind, pattern=re.compile(pattern, re.IGNORECASE), is_meant=is_meant)


IDENTIFIERS: Final[tuple[Identifier, ...]] = (
    _as("email", r"(?P<it>[\w.+%'’\-]+\s?@\s?[\w\-]+(?:\.[\w\-]+)*)"),
    _as(
        "email",
        rf"(?P<it>[\w.+%\-]+\s*[(\[{{<]\s*(?:at|arobase?|apenstaartje|ät)\s*[)\]}}>]\s*[\w\-]+(?:{_POINT}[\w\-]+)*)",
    ),
    _as("email", rf"(?P<it>[\w.+%\-]+\s+(?:at|arobase|apenstaartje)\s+[\w\-]+{_POINT}[a-z]{{2,}})"),
    _as("prescription_id", rf"(?<!\w)(?P<it>BEP[0OP](?:{_GAP}?[0-9A-Z]){{8}})(?!\w)"),
    # One or more characters lost or doubled in typing; and types of prescription that may yet come.
    _as("prescription_id", rf"(?<!\w)(?P<it>BEP[0OP]{_GAP}?[0-9A-Z]{{5,12}})(?!\w)"),
    _as("prescription_id", r"(?<!\w)(?P<it>BEP[0-9A-Z](?=[A-Z]*[0-9])[0-9A-Z]{8})(?!\w)"),
    _as("national_number", rf"(?<!\w)(?:{_NUMBER_CUES})(?!\w){_LINK}(?P<it>\d(?:{_GAP}{{0,3}}\d){{5,13}})(?!\d)"),
    _as("national_number", rf"(?<!\w)(?:NN|NISS|INSZ|RRN|SSIN)(?P<it>\d(?:{_GAP}{{0,3}}\d){{5,13}})(?!\d)"),
    _as("national_number", rf"(?<![\d+])(?P<it>\d(?:{_GAP}{{0,3}}\d){{10}})(?!\d)", _has_check_digits),
    _as(
        "telephone",
        rf"(?<![\w+])(?P<it>(?:\+|00){_GAP}?[1-9]\d{{0,2}}(?:{_TELEPHONE_GAP}{{0,3}}\d){{6,12}})(?!\d)",
    ),
    _as(
        "national_number",
        rf"(?<!\d)(?P<it>\d\d{_GAP}{{0,3}}\d\d{_GAP}{{0,3}}\d\d{_GAP}{{0,3}}\d{{3}}{_GAP}{{0,3}}\d\d)(?!\d)",
        _begins_with_a_birth_date,
    ),
    # The number's own shape with a digit too few or too many: 85.07.30-33.28, 850730-0332.
    _as(
        "national_number",
        r"(?<!\d)(?!(?:19|20)\d\d[./\-])"
        r"(?P<it>\d\d[.\-/ ]?[0-5]\d[.\-/ ]?[0-3]\d\s?[\-–—]\s?\d{2,4}(?:[.\-/ ]\d{1,3})?)(?![\d:])",
        _is_of_near_length,
    ),
    _as(
        "telephone",
        rf"(?<!\w)(?:{_TELEPHONE_CUES})(?!\w){_LINK}(?P<it>\d(?:{_TELEPHONE_GAP}{{0,2}}\d){{5,12}})(?!\d)",
    ),
    _as(
        "telephone",
        rf"(?<![\w.])(?P<it>\(?0\)?[\s./\-–]{{0,2}}[1-9](?:{_TELEPHONE_GAP}{{0,2}}\d){{7,8}})(?!\d)",
        _is_no_date,
    ),
    _as("telephone", r"(?<![\w.])(?P<it>4[5-9]\d[\s./\-–]?\d{2,3}[\s./\-–]?\d\d[\s./\-–]?\d\d)(?!\d)"),
)
"""Every way in which an identifier is written, in the order in which they are tried."""
