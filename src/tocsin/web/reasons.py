"""Reasons in sentences: how facts are written, and which sentence a code has.

The sentences are in `sentences`. A code that nobody gave one is shown with its facts, never hidden.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext

from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.clock import parse_moment
from tocsin.kernel.reasons import Fact, Reason
from tocsin.web import times, words
from tocsin.web.sentences import SENTENCES

_PLURALS = frozenset({"services", "packages", "regions", "functions", "audiences", "eyes"})


def sentence(reason: Reason, *, pack: Pack, procedures: Mapping[str, Procedure]) -> str:
    """Return the reason as a sentence in the reader's language."""
    names = known_names(pack, procedures)
    facts = _Facts({key: written(key, value, reason=reason, names=names) for key, value in reason.facts.items()})
    known = next((SENTENCES[key] for key in _keys(reason) if key in SENTENCES), None)
    if known is None:
        return _bare(reason.code, facts)
    return str(known) % facts


def _keys(reason: Reason) -> tuple[str, ...]:
    # The most particular sentence first: a kind of signal or an eye may need its own.
    code, kind, eye = reason.code, reason.facts.get("kind"), reason.facts.get("eye")
    return f"{code}/{kind}/{eye}", f"{code}/{kind}", f"{code}/{eye}", code


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        # A fact that a rule left out must not take the whole screen down.
        return "…"


def _bare(code: str, facts: Mapping[str, str]) -> str:
    listed = ", ".join(f"{key} = {value}" for key, value in facts.items())
    return f"{code} ({listed})" if listed else code


type Names = Mapping[str, Mapping[str, str]]


def written(key: str, value: Fact, *, reason: Reason, names: Names) -> str:
    """Write one fact as its key says: a share, milliseconds, a moment, the name of something in the pack."""
    if value is None:
        return gettext("not known")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int | float):
        return _number(_with_unit(key, reason), value)
    return _named(key, value, names)


def _with_unit(key: str, reason: Reason) -> str:
    # What a signal observed is a share or a number of calls, as its kind says; a probe's slowness is milliseconds.
    if key not in {"observed", "expected"}:
        return key
    kind = str(reason.facts.get("kind") or reason.code.partition(".")[0])
    if kind in {"volume", "retries"}:
        return key
    return f"{key}_ms" if kind == "latency" and reason.facts.get("eye") == "probes" else f"{key}_share"


def _number(key: str, value: float) -> str:
    if key.endswith("_share") or key == "confidence":
        return _share(value)
    if key.endswith("_ms"):
        return _seconds(value)
    if key.endswith("_s"):
        return times.duration_in_words(timedelta(seconds=value))
    if key.startswith("minutes"):
        return times.duration_in_words(timedelta(minutes=value))
    return _plain(value)


def _share(value: float) -> str:
    percent = value * 100
    digits = 0 if percent >= 10 or percent == 0 else 1  # noqa: PLR2004 - two digits are enough to act on
    return gettext("%(number)s%%") % {"number": _decimal(percent, digits)}


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


def _named(key: str, value: str, names: Names) -> str:
    if key.endswith("_at") or key == "since":
        return times.clock_time(parse_moment(value))
    if key in _PLURALS:
        singular = key.removesuffix("s")
        return ", ".join(_named(singular, part.strip(), names) for part in value.split(","))
    return names.get(key, {}).get(value, value)


def known_names(pack: Pack, procedures: Mapping[str, Procedure]) -> Names:
    """Return what every id of the pack and every key of the screens is called, in the reader's language."""
    language = times.language()
    services = {id_: service.name for id_, service in pack.services.items()}
    partners = {id_: partner.name for id_, partner in pack.partners.items()}
    packages = {id_: package.name for id_, package in pack.packages.items()}
    phases_and_states = words.spoken(words.PHASES) | words.spoken(words.STATES)
    return {
        "service": services,
        "need": services,
        "upstream": services,
        "partner": partners,
        "package": packages,
        "suspect": partners | packages | services,
        "other": partners | packages | services,
        "through": partners,
        "function": {id_: function.name[language] for id_, function in pack.functions.items()},
        "audience": {id_: audience.plural[language] for id_, audience in pack.audiences.items()},
        "region": {id_: region.name[language] for id_, region in pack.regions.items()},
        "procedure": {id_: procedure.title[language] for id_, procedure in procedures.items()},
        "eye": words.spoken(words.EYES),
        "language": words.LANGUAGES,
        "part": words.spoken(words.PARTS),
        "state": words.spoken(words.STATES) | words.spoken(words.NOTICES),
        "severity": words.spoken(words.SEVERITIES),
        "criticality": words.spoken(words.CRITICALITIES),
        "hour": words.spoken(words.HOURS),
        "from": phases_and_states,
        "to": phases_and_states,
        "by": {"engine": gettext("Tocsin itself"), "policy": gettext("Tocsin itself")},
    }
