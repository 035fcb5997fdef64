"""`tocsin migrate`: bring the database to this version."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command(help="Bring the database to this version. `tocsin serve` does it by itself.")
def migrate(
    config: Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")] = None,
) -> None:
    """Run the missing migrations and say which."""
    from tocsin.runtime import startup

    startup.start(config=config, needs_database=False)
    done = startup.migrate()
    for name in done:
        typer.echo(f"migrated {name}")
    typer.echo(f"{len(done)} migrations run." if done else "The database is at this version already.")
