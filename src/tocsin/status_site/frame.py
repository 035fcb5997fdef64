"""What stands around every page, and the engine that lays pages out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from django.template import Context as Variables
from django.template import Engine
from django.utils.translation import gettext

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import Language
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.pages import offered_languages
from tocsin.status_site.rules.reader import Reader

LABELS = ("now", "paid", "avoid", "next", "duties")

type Context = dict[str, object]


@dataclass(frozen=True, slots=True)
class Own:
    """How Tocsin itself is doing, in words; "" where there is nothing to say."""

    looked_at: str
    published_at: str
    sent_at: str


def standing_frame(language: Language, facts: Facts, templates: Templates) -> Context:
    """Return what pages that do not speak of this minute are framed with (the language must be active)."""
    return {
        "language": language,
        "languages": offered_languages(),
        "title": gettext("e-health services"),
        "colon": "\u00a0:" if language == "fr" else ":",
        "checked_at": None,
        "is_demonstration": facts.is_demonstration,
        "is_replay": facts.is_replay,
        "labels": {name: templates.label(name, language) for name in LABELS},
    }


def own_words(language: Language, facts: Facts) -> Own | None:
    """Return how Tocsin itself is doing, as its readers write times; None where nobody asked."""
    if facts.own is None:
        return None
    reader = Reader("", language, facts)
    moments = (facts.own.looked_at, facts.own.published_at, facts.own.sent_at)
    looked_at, published_at, sent_at = ("" if each is None else reader.time(each) for each in moments)
    return Own(looked_at, published_at, sent_at)


def page(name: str, context: Mapping[str, object], *, here: str = "") -> bytes:
    """Lay out a page; `here` is its address below its language, from which the way up to the site's root follows."""
    root = "../" * (here.count("/") + 1)
    return rendered(name, {"here": here, "root": root, **context}).encode()


def rendered(name: str, context: Mapping[str, object]) -> str:
    """Lay out a part of a page."""
    return _engine().get_template(f"status_site/{name}.html").render(Variables(dict(context)))


@cache
def _engine() -> Engine:
    # An engine of its own: nothing that breaks in the console's templates can silence the public pages.
    folder = str(files("tocsin.status_site") / "templates")
    loaders = [("django.template.loaders.cached.Loader", [("django.template.loaders.filesystem.Loader", [folder])])]
    return Engine(loaders=loaders, libraries={"i18n": "django.templatetags.i18n"})


@lru_cache(maxsize=32)
def asset(name: str) -> bytes:
    """Return a file that pages are laid out with, as it was shipped."""
    return (files("tocsin.status_site") / "assets" / name).read_bytes()
