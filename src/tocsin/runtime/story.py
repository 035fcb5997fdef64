"""What the system sees, decides and tells whom, in sentences for a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tocsin.bulletins.rules.model import Bulletin
from tocsin.catalog.rules.model import Pack
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import in_brussels, parse_moment
from tocsin.kernel.reasons import Reason
from tocsin.plugins.sources.recording.model import Recording
from tocsin.runtime.replay import Step
from tocsin.runtime.replay_lines import lines

INDENT = " " * 18
REASONS_SHOWN = 3
WORTH_NAMING = 0.05
KINDS = {"first": "first message", "update": "update", "holding": "as promised, nothing new", "end": "the end"}

EYES = {
    "front": "the platform's own front",
    "client": "the care professionals' software",
    "probes": "the probes",
    "panel": "the panel",
    "partner": "the partners' notices",
}

HAPPENED = {
    "incident_opened": "OPENED",
    "incident_updated": "UPDATE",
    "incident_closed": "CLOSED",
}


def opening(recording: Recording) -> str:
    """Return the words before the first line."""
    return (
        f"{recording.title} ({_clock(recording.start)} to {_clock(recording.end)}, Brussels time).\n"
        "A scripted reconstruction made by a simulator, not a recording of the real platform.\n"
    )


def sentences(step: Step, pack: Pack, *, why: Callable[[Reason], str] | None = None) -> Iterator[str]:
    """Yield what happened in one tick, in words; `why` puts a reason into words (default: its code and place)."""
    out: dict[str, list[Bulletin]] = {}
    for bulletin in step.outcome.published:
        out.setdefault(bulletin.incident, []).append(bulletin)
    incidents = {incident.id: incident for incident in step.incidents}
    for line in lines(step):
        at = _clock(parse_moment(line["at"]))
        if line["incident"] is None:
            verb = "nothing comes in any more" if line["event"] == "blind" else "sees again"
            yield f"{at}  EYE     {EYES[line['eye']]}: {verb}"
        elif line["event"] == "bulletin_published":
            yield _told(at, out[line["incident"]].pop(0), pack)
        else:
            words = [(why or code_and_place)(reason) for reason in incidents[line["incident"]].reasons[:REASONS_SHOWN]]
            yield _happened(at, line, incidents[line["incident"]], pack=pack, words=words)


def _happened(at: str, line: Mapping[str, Any], incident: Incident, *, pack: Pack, words: Sequence[str]) -> str:
    head = f"{at}  {HAPPENED[line['event']]:7} {incident.id}"
    if line["event"] == "incident_closed":
        return f"{head}: good for two intervals, nothing says otherwise."
    rows = [f"{head}: {_what(line, pack)}", _who(line, pack), *(f"why: {each}" for each in words)]
    return f"\n{INDENT}".join([*rows, _suspects(incident, pack)])


def _told(at: str, bulletin: Bulletin, pack: Pack) -> str:
    audiences = [pack.audiences[each].plural["en"].lower() for each in bulletin.texts if each in pack.audiences]
    head = f"{at}  TOLD    {', '.join(audiences)}: in French, Dutch, German and English ({KINDS[bulletin.kind]})"
    first = next(iter(bulletin.texts.values()), None)
    if first is None:
        return head
    words = [f"“{first.headline['en']}”", *(f"now: {each['en']}" for each in first.now[:1])]
    return f"\n{INDENT}".join([head, *words])


def code_and_place(reason: Reason) -> str:
    """Return a reason's code, and what and whose eye it speaks of: a code alone would often stand there twice."""
    about = [str(reason.facts[name]) for name in ("service", "package", "eye") if reason.facts.get(name)]
    return f"{reason.code} ({', '.join(about)})" if about else reason.code


def ending(summary: Mapping[str, Any]) -> str:
    """Return the words after the last line."""
    speed = summary["simulated_s"] / max(summary["wall_s"], 1e-9)
    return (
        f"\n{summary['simulated_s'] / 3600:.1f} hours, {summary['transactions']} transactions in "
        f"{summary['wall_s']:.1f} s ({speed:.0f} x real time), {summary['peak_rss_mb']:.0f} MB at most; "
        f"{summary['rejected_inputs']} inputs could not be used."
    )


def _what(line: Mapping[str, Any], pack: Pack) -> str:
    names = [pack.functions[function].name["en"] for function in line["functions"] if function in pack.functions]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")  # noqa: PLR2004 a line's width
    return f"{shown} (confidence {line['confidence']:.2f})"


def _who(line: Mapping[str, Any], pack: Pack) -> str:
    audiences = line["audiences"]
    people = (
        "all who use it" if audiences is None else ", ".join(pack.audiences[each].plural["en"] for each in audiences)
    )
    software = "" if line["packages"] is None else f"; software: {', '.join(line['packages'])}"
    places = "; everywhere" if line["regions"] is None else f"; in {', '.join(line['regions'])}"
    return f"who: {people}{software}{places}"


def _suspects(incident: Incident, pack: Pack) -> str:
    likely = [suspect for suspect in incident.suspects if suspect.score >= WORTH_NAMING][:3]
    named = ", ".join(f"{_name(suspect.id, pack)} ({suspect.score:.2f})" for suspect in likely)
    change = f"; after change {incident.change}" if incident.change else ""
    return f"suspected: {named or 'nobody yet'}{change}"


def _name(suspect: str, pack: Pack) -> str:
    known = pack.services.get(suspect) or pack.partners.get(suspect) or pack.packages.get(suspect)
    return known.name if known is not None else suspect


def _clock(moment: datetime) -> str:
    return in_brussels(moment).strftime("%H:%M:%S")
