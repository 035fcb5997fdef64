"""`tocsin serve`: the whole of Tocsin in one process tree over one data folder."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(add_completion=False)


@app.command(help="Run Tocsin: console, intake, engine, mail and public pages. Ctrl-C or SIGTERM ends it in order.")
def serve(
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; put a TLS proxy before any but loopback.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    config: Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")] = None,
    clock: Annotated[
        Literal["system", "replay"] | None,
        typer.Option(help="Go by the system's clock or by a simulated one (default: as the data folder has it)."),
    ] = None,
    origin: Annotated[
        str | None, typer.Option(help="replay: the moment to start from (RFC 3339); else where it stood.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=3600, help="replay: how many times as fast it runs.")] = 60.0,
    paused: Annotated[bool, typer.Option("--paused", help="replay: stand still until it is started.")] = False,
    story: Annotated[bool, typer.Option("--story", help="Tell here what is seen, decided and told.")] = False,
) -> None:
    """Check everything, migrate, and run the process tree until told to stop."""
    from tocsin.runtime.serving import ClockChoice, Serving, run

    choice = ClockChoice(kind=clock, origin=origin, speed=speed, is_paused=paused)
    run(Serving(host=host, port=port, config=config, clock=choice, tells_story=story))
