"""`tocsin release`: lifts `tocsin hold`."""

import typer

from tocsin.cli.policy import By, Config, Why, change

app = typer.Typer(add_completion=False)


@app.command(help="Let automatic publication and activation go on, as far as automation is unlocked.")
def release(by: By = "", reason: Why = "", config: Config = None) -> None:
    """Release, and print what is in force."""
    change("release", by=by, reason=reason, config=config)
