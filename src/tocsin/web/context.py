"""What stands on every screen: the clock, whether it replays, and whose word this is."""

from django.http import HttpRequest
from django.utils.translation import get_language

from tocsin.web import present, words


def standing(request: HttpRequest) -> dict[str, object]:
    """Return the template variables that every page carries."""
    del request
    now = present.now()
    return {
        "now": now,
        "now_s": now.timestamp(),
        "clock_speed": present.speed(),
        "is_replay": present.is_replay(),
        "is_demonstration": present.pack().authority is None,
        "page_language": (get_language() or "en")[:2],
        "offered_languages": words.LANGUAGES,
    }
