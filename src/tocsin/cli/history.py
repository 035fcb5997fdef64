"""`tocsin history`: load past telemetry, so that detection knows what is usual."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Load past telemetry, so that detection knows what is usual."
)


@app.callback()
def history() -> None:
    """Load past telemetry, so that detection knows what is usual."""


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="A folder with history/*.parquet in it.")],
    config: Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")] = None,
) -> None:
    """Load five-minute sums of past weeks. Tocsin must not be running on the data folder. Safe to repeat."""
    from tocsin.runtime import startup

    startup.start(config=config)
    from tocsin.runtime.history import load_history

    loaded = load_history(folder)
    if loaded.is_new:
        typer.echo(f"{loaded.rows} five-minute sums are loaded; what is usual is learned from them at the next start.")
    else:
        typer.echo("This history was loaded before; nothing has changed.")
