"""What `tocsin hold`, `release` and `automation` share: who does it, why, and saying what holds now."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

By = Annotated[
    str, typer.Option("--by", help="Who decides this (default: the system user); it stands in the audit log.")
]
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
Config = Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")]


def change(name: str, *, by: str, reason: str, config: Path | None) -> None:
    """Do what `bulletins.governing` calls `name`, and print the policy that is in force after it."""
    from tocsin.runtime.startup import start

    start(config=config)
    from django.conf import settings

    from tocsin.bulletins import governing
    from tocsin.bulletins.queries import policy

    act: Callable[..., None] = getattr(governing, name)
    act(by=by or getpass.getuser(), reason=reason, now=settings.CLOCK.now())
    now = policy()
    held = "held: nothing automatic goes out" if now.is_held else "not held"
    typer.echo(f"Automation is {'unlocked' if now.automation == 'automatic' else 'locked'} and {held}.")
