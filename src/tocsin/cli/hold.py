"""`tocsin hold`: the one switch that stops everything automatic."""

import typer

from tocsin.cli.policy import By, Config, Why, change

app = typer.Typer(add_completion=False)


@app.command(help="Stop every automatic publication and activation at once, even of a tick that is under way.")
def hold(by: By = "", reason: Why = "", config: Config = None) -> None:
    """Hold, and print what is in force."""
    change("hold", by=by, reason=reason, config=config)
