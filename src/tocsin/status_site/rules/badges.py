"""The badge: who, a shape, a word and when it was checked, as one small picture for other people's pages.

The width follows the text by an estimate on the wide side, for a picture cannot measure what it writes. Colours are
those of the pages, light and dark; the state is never told by colour alone.
"""

from dataclasses import dataclass
from unicodedata import east_asian_width

from tocsin.status_site.rules.syndication import escaped

SHAPES = {"ok": "●", "degraded": "▲", "down": "■", "maintenance": "◆", "unknown": "?"}
"""The shape of every state that a badge can show."""

_LIGHT = {"ok": "#1b7a3d", "degraded": "#8a5a00", "down": "#b3261e", "maintenance": "#1f5fa8", "unknown": "#5b5f66"}
_DARK = {"ok": "#6fcf8f", "degraded": "#f0b657", "down": "#ff9089", "maintenance": "#8fbdf5", "unknown": "#b4bac2"}
_MARGIN_PX = 10
_GAP_PX = 14
_NARROW = frozenset("fijlrtI.,:;'’!|·()[] ")
_WIDE = frozenset("mwMW–—…@%")


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says: `who` reads it, the `word` for the `state`, `when` it was checked, and all of it in full."""

    language: str
    who: str
    state: str
    word: str
    when: str
    full: str


BOLDER = 1.15
"""How much wider bold letters are."""


def width_px(badge: Badge) -> int:
    """Return about how wide the badge's text is in a sans-serif of any make, rather too much than too little."""
    gaps = 2 * _GAP_PX if badge.when else _GAP_PX
    return round(_advance(badge.who) + BOLDER * _advance(_state_words(badge)) + _advance(badge.when)) + gaps


def _advance(text: str) -> float:
    return sum(_letter(character) for character in text)


def _letter(character: str) -> float:
    if character in _NARROW:
        return 4.6
    if character in _WIDE or character.isupper() or east_asian_width(character) in {"W", "F"}:
        return 11.2
    return 7.9


def _state_words(badge: Badge) -> str:
    return f"{SHAPES[badge.state]} {badge.word}"


def svg(badge: Badge) -> bytes:
    """Return the picture."""
    whole = width_px(badge) + 2 * _MARGIN_PX
    when = f'<tspan dx="{_GAP_PX}">{escaped(badge.when)}</tspan>' if badge.when else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="28" viewBox="0 0 {whole} 28" role="img" '
        f'xml:lang="{badge.language}" lang="{badge.language}" aria-labelledby="t d">'
        f'<title id="t">{escaped(badge.who)}: {escaped(badge.word)}</title><desc id="d">{escaped(badge.full)}</desc>'
        # Where a policy forbids styles the attributes hold, and the badge is light.
        "<style>@media(prefers-color-scheme:dark){"
        f"rect{{fill:#15171a;stroke:#b4bac2}}text{{fill:#eceef0}}.s{{fill:{_DARK[badge.state]}}}"
        "}</style>"
        f'<rect x=".5" y=".5" width="{whole - 1}" height="27" rx="5" fill="#fff" stroke="#5b5f66"/>'
        f'<text x="{_MARGIN_PX}" y="18.5" font-family="system-ui,sans-serif" font-size="13" fill="#1a1c1f">'
        f'<tspan>{escaped(badge.who)}</tspan><tspan dx="{_GAP_PX}" class="s" font-weight="700" '
        f'fill="{_LIGHT[badge.state]}">{escaped(_state_words(badge))}</tspan>{when}</text></svg>\n'
    ).encode()
