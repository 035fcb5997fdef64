"""`tocsin key`: the API keys of machines that send observations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.policy import Config

if TYPE_CHECKING:
    from tocsin.kernel.clock import Clock

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Create and revoke the API keys of machines that send observations.",
)

_BY = "operator:cli"


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is.")],
    scope: Annotated[
        list[str],
        typer.Option(help="What it is good for: telemetry, reports, probes, notices, changes or read; repeat it."),
    ],
    config: Config = None,
) -> None:
    """Make a key and print it, alone on standard output; it is shown this once."""
    clock = _start(config)
    from tocsin.accounts.services import create_key

    made = create_key(name=name, scopes=scope, by=_BY, now=clock.now())
    typer.echo(
        f"Key {made.key.prefix} for {made.key.name} ({', '.join(made.key.scopes)}); keep it, it is not kept here:",
        err=True,
    )
    typer.echo(made.secret)


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The part of the key that `tocsin key list` shows.")],
    config: Config = None,
) -> None:
    """Make a key useless from now on."""
    clock = _start(config)
    from tocsin.accounts.services import revoke_key

    revoke_key(prefix, by=_BY, now=clock.now())
    typer.echo(f"Key {prefix} is revoked.")


@app.command("list")
def show(config: Config = None) -> None:
    """List the keys, without their secrets."""
    _start(config)
    from tocsin.accounts.queries import keys
    from tocsin.kernel.clock import format_moment

    for key in keys():
        end = f" revoked {format_moment(key.revoked_at)}" if key.revoked_at else ""
        typer.echo(f"{key.prefix} {key.name} {','.join(key.scopes)}{end}")


def _start(config: Path | None) -> "Clock":
    from tocsin.runtime.startup import start

    start(config=config)
    from tocsin.runtime.clock import current

    return current()
