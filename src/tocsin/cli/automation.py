"""`tocsin automation`: whether bulletins may go out without a click."""

from typing import Annotated

import typer

from tocsin.cli.policy import By, Config, Why, change

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Unlock or lock automatic publication.")


Demonstration = Annotated[
    bool, typer.Option("--demonstration", help="Unlock an unofficial demonstration or a replay without the four weeks.")
]


@app.command(
    help="Let the policy publish by itself: two independent eyes, sure enough, at most three openings an hour. "
    "Refused until four weeks of its shadow were reviewed."
)
def unlock(by: By = "", reason: Why = "", demonstration: Demonstration = False, config: Config = None) -> None:
    """Unlock, and print what is in force."""
    change("unlock_automation", by=by, reason=reason, config=config, demonstration=demonstration)


@app.command(help="Let nothing out without a click.")
def lock(by: By = "", reason: Why = "", config: Config = None) -> None:
    """Lock, and print what is in force."""
    change("lock_automation", by=by, reason=reason, config=config)
