"""A replay told in sentences, for a terminal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import in_brussels, parse_moment
from tocsin.plugins.sources.recording import Recording

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
    "bulletin_published": "TOLD",
    "incident_closed": "CLOSED",
}


def opening(recording: Recording) -> str:
    """Return the words before the first line."""
    return (
        f"{recording.title} ({_clock(recording.start)} to {_clock(recording.end)}, Brussels time).\n"
        "A scripted reconstruction made by a simulator, not a recording of the real platform.\n"
    )


def sentence(line: Mapping[str, Any], pack: Pack) -> str:
    """Return one line of a replay in words."""
    at = _clock(parse_moment(line["at"]))
    if line["incident"] is None:
        verb = "does not see any more" if line["event"] == "blind" else "sees again"
        return f"{at}  EYE     {EYES[line['eye']]}: {verb}"
    head = f"{at}  {HAPPENED[line['event']]:7} {line['incident']}"
    if line["event"] == "incident_closed":
        return f"{head}: good for two intervals, nothing says otherwise."
    if line["event"] == "bulletin_published":
        procedures = ", ".join(line["procedures"]) or "none"
        return f"{head}: a message is out in every language. Procedures: {procedures}."
    return f"{head}: {_what(line, pack)}\n{' ' * 20}{_who(line, pack)}\n{' ' * 20}{_why(line)}"


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


def _why(line: Mapping[str, Any]) -> str:
    suspects = ", ".join(f"{each['id']} {each['score']:.2f}" for each in line["suspects"][:3])
    change = f"; change {line['change']}" if line["change"] else ""
    return f"suspects: {suspects or 'none yet'}{change}"


def _clock(moment: datetime) -> str:
    return in_brussels(moment).strftime("%H:%M:%S")
