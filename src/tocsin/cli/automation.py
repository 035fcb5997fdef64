"""`tocsin automation`: whether bulletins may go out without a click."""

import typer

from tocsin.cli.policy import By, Config, Why, change

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Unlock or lock automatic publication.")


@app.command(
    help="Let the policy publish by itself: two independent eyes, sure enough, at most three openings an hour."
)
def unlock(by: By = "", reason: Why = "", config: Config = None) -> None:
    """Unlock, and print what is in force."""
    change("unlock_automation", by=by, reason=reason, config=config)


@app.command(help="Let nothing out without a click.")
def lock(by: By = "", reason: Why = "", config: Config = None) -> None:
    """Lock, and print what is in force."""
    change("lock_automation", by=by, reason=reason, config=config)
