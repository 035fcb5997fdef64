"""`tocsin demo`: play a recorded morning, live, in a browser and in this terminal."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="Play a recorded morning, live, in a browser and in this terminal.")


@app.command()
def demo(
    scenario: Annotated[Path, typer.Option(help="The recording's folder.")] = Path("demo/2020-01-27"),
    speed: Annotated[float, typer.Option(min=1, max=600, help="How many times faster than real time.")] = 60.0,
    folder: Annotated[Path, typer.Option(help="Where the demonstration keeps its data; emptied first.")] = Path(
        "demo-data"
    ),
    port: Annotated[int, typer.Option(help="The port to serve on, on 127.0.0.1.")] = 8000,
    stay: Annotated[bool, typer.Option(help="Go on serving when the recording is over.")] = True,
) -> None:
    """Set the stage, start Tocsin on a replay clock, play the recording to it over HTTP, and tell the story."""
    from tocsin.runtime.demo.director import Wishes, perform

    wishes = Wishes(scenario=scenario, speed=speed, folder=folder, port=port, stays=stay)
    perform(wishes, say=typer.echo)
