"""`tocsin replay`: run the live rules over a recorded scenario, as fast as this machine can."""

import json
import sys
import time
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


class EyeName(StrEnum):
    """The eyes that can be left out."""

    FRONT = "front"
    CLIENT = "client"
    PROBES = "probes"
    PANEL = "panel"
    PARTNER = "partner"


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="The recorded scenario.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    without: Annotated[list[EyeName] | None, typer.Option(help="Leave this eye out; may be given again.")] = None,
    pack: Annotated[str, typer.Option(help="The content pack: a folder, or a shipped one's name.")] = "belgium",
    since: Annotated[str, typer.Option("--from", help="Begin here (RFC 3339) instead of at the start.")] = "",
    until: Annotated[str, typer.Option(help="Stop here (RFC 3339) instead of at the end.")] = "",
) -> None:
    """Run the live rules over a recorded scenario and print what they would have seen, decided and told.

    Nothing is used that a live system would not have known at that moment. Automation counts as unlocked.
    """
    from tocsin.observations.rules.model import Eye
    from tocsin.runtime.replay import federation_for, play, read_recording
    from tocsin.runtime.replay_lines import lines, summary
    from tocsin.runtime.story import ending, opening, sentences

    began_s = time.perf_counter()
    recording = read_recording(folder, without=[Eye(eye.value) for eye in without or ()])
    federation = federation_for(recording, pack=pack)
    start = _moment(since) or recording.start
    end = _moment(until) or recording.end
    if not as_json:
        _print(opening(recording))
    for step in play(recording, federation, start=start, end=end):
        told = (json.dumps(line, ensure_ascii=False) for line in lines(step))
        for line in told if as_json else sentences(step, federation.pack):
            _print(line)
    last = summary(recording, simulated=end - start, wall_s=time.perf_counter() - began_s)
    _print(json.dumps(last) if as_json else ending(last))


def _moment(text: str) -> datetime | None:
    from tocsin.kernel.clock import parse_moment
    from tocsin.kernel.errors import InputError

    try:
        return parse_moment(text) if text else None
    except ValueError as error:
        raise InputError("replay.moment", str(error), hint="Write it as 2020-01-27T07:00:00Z.") from error


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
