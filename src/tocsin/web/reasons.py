"""Reasons in sentences: every code of `docs/reference/reasons.md` has one here, in four languages.

A sentence names the facts it uses. A code that nobody gave a sentence is shown with its facts, never hidden.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.utils.functional import _StrPromise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import parse_moment
from tocsin.kernel.reasons import Fact, Reason
from tocsin.web import times, words

SENTENCES: Mapping[str, _StrPromise] = {
    "drift.running_not_approved": _(
        "%(service)s has been running a configuration that nobody signed off, since %(minutes_before)s minutes"
        " before the trouble began."
    ),
    "drift.persisted_not_running": _(
        "%(service)s would load another configuration at its next restart than the one it runs."
    ),
    "change.running": _("Intervention %(change)s on %(service)s was under way when the trouble began."),
    "change.finished": _(
        "Intervention %(change)s on %(service)s had ended %(minutes_before)s minutes before the trouble began."
    ),
    "change.restarted": _("%(service)s was restarted %(minutes_before)s minutes before the trouble began."),
}


def sentence(reason: Reason, *, pack: Pack) -> str:
    """Return the reason as a sentence in the reader's language."""
    facts = _Facts({key: written(key, value, pack=pack) for key, value in reason.facts.items()})
    known = SENTENCES.get(reason.code)
    if known is None:
        return _bare(reason.code, facts)
    return str(known) % facts


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        # A fact that a rule left out must not take the whole screen down.
        return "…"


def _bare(code: str, facts: Mapping[str, str]) -> str:
    listed = ", ".join(f"{key} = {value}" for key, value in facts.items())
    return f"{code} ({listed})" if listed else code


def written(key: str, value: Fact, *, pack: Pack) -> str:
    """Write one fact as its key says: a share, milliseconds, a moment, the name of something in the pack."""
    if value is None:
        return gettext("not known")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int | float):
        return _number(key, value)
    return _named(key, value, pack)


def _number(key: str, value: float) -> str:
    if key.endswith("_share"):
        return _share(value)
    if key.endswith("_ms"):
        return _seconds(value)
    if key.endswith("_s"):
        return times.duration_in_words(timedelta(seconds=value))
    return _plain(value)


def _share(value: float) -> str:
    percent = value * 100
    digits = 0 if percent >= 10 or percent == 0 else 1  # noqa: PLR2004 - two digits are enough to act on
    return gettext("%(number)s %%") % {"number": _decimal(percent, digits)}


def _seconds(latency_ms: float) -> str:
    if latency_ms < 1000:  # noqa: PLR2004 - milliseconds in a second
        return gettext("%(number)s ms") % {"number": _decimal(latency_ms, 0)}
    return gettext("%(number)s s") % {"number": _decimal(latency_ms / 1000, 1)}


def _plain(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return _decimal(value, 0 if abs(value) >= 10 else 1)  # noqa: PLR2004 - two digits are enough to act on


def _decimal(value: float, digits: int) -> str:
    point = "." if times.language() == "en" else ","
    return f"{value:.{digits}f}".replace(".", point)


def _named(key: str, value: str, pack: Pack) -> str:
    if key.endswith("_at") or key == "since":
        return times.clock_time(parse_moment(value))
    if key in {"services", "packages", "regions", "functions", "audiences", "eyes"}:
        singular = key.removesuffix("s")
        return ", ".join(_named(singular, part.strip(), pack) for part in value.split(","))
    return _names(pack).get(key, {}).get(value, value)


def _names(pack: Pack) -> dict[str, dict[str, str]]:
    language = times.language()
    services = {id_: service.name for id_, service in pack.services.items()}
    return {
        "service": services,
        "upstream": services,
        "partner": {id_: partner.name for id_, partner in pack.partners.items()},
        "package": {id_: package.name for id_, package in pack.packages.items()},
        "function": {id_: function.name[language] for id_, function in pack.functions.items()},
        "audience": {id_: audience.plural[language] for id_, audience in pack.audiences.items()},
        "region": {id_: region.name[language] for id_, region in pack.regions.items()},
        "eye": {key: str(name) for key, name in words.EYES.items()},
    }
