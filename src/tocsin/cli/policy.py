"""`tocsin policy`: who must agree before a bulletin goes out, what holding messages and quiet hours do.

Also what `tocsin hold`, `release` and `automation` share: who does it, why, and saying what holds now.
"""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from datetime import datetime

By = Annotated[
    str, typer.Option("--by", help="Who decides this (default: the system user); it stands in the audit log.")
]
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
Config = Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Show and change who must agree, holding messages and quiet hours."
)


@app.command(help="Print the policy in force, and what automation still lacks.")
def show(config: Config = None) -> None:
    """Print the policy."""
    now = _start(config)
    _print(now)


@app.command(help="Say who must agree to messages of a severity: automatic, one_click or two_people.")
def approval(
    severity: Annotated[str, typer.Argument(help="grave, serious, limited or unsure.")],
    level: Annotated[str, typer.Argument(help="automatic, one_click or two_people.")],
    by: By = "",
    reason: Why = "",
    config: Config = None,
) -> None:
    """Set one level, and print what is in force."""
    _change("set_approvals", {severity: level}, by=by, reason=reason, config=config)


@app.command(help="Say what becomes of a promised update that nobody approved in time: automatic or ask.")
def holding(
    way: Annotated[str, typer.Argument(help="automatic or ask.")],
    by: By = "",
    reason: Why = "",
    config: Config = None,
) -> None:
    """Set it, and print what is in force."""
    _change("set_holding", way, by=by, reason=reason, config=config)


@app.command("second-factor", help="Say whether a second factor is asked for before words go out: on or off.")
def second_factor(
    needed: Annotated[str, typer.Argument(help="on or off.")],
    by: By = "",
    reason: Why = "",
    config: Config = None,
) -> None:
    """Set it, and print what is in force."""
    _change("set_second_factor", needed, by=by, reason=reason, config=config)


@app.command(help="Say when messages may wait until the morning, and for whom; never for who is on duty.")
def quiet(
    start: Annotated[str, typer.Option("--from", help="When the night begins, in Brussels: 22:00.")] = "22:00",
    end: Annotated[str, typer.Option("--until", help="When it ends: 07:00.")] = "07:00",
    audience: Annotated[
        list[str] | None, typer.Option(help="Who may be left in peace (default: as before); give it several times.")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Leave nobody in peace from now on.")] = False,
    by: By = "",
    reason: Why = "",
    config: Config = None,
) -> None:
    """Set them, and print what is in force."""
    from tocsin.notifications.rules import quiet as hours

    _start(config)
    from tocsin.bulletins.queries import quiet_hours

    # Who is left in peace stays as it is unless somebody says otherwise: leaving an option out empties no list.
    known = () if nobody else hours.read(quiet_hours()).audiences
    asked = hours.asked_for(start=start, end=end, audiences=known if audience is None else audience)
    _change("set_quiet_hours", hours.stored(asked), by=by, reason=reason, config=config)


def change(name: str, *, by: str, reason: str, config: Path | None, **further: Any) -> None:
    """Do what `bulletins.governing` calls `name`, and print the policy that is in force after it."""
    now = _start(config)
    from tocsin.bulletins import governing
    from tocsin.bulletins.queries import policy

    act: Callable[..., None] = getattr(governing, name)
    act(by=by or getpass.getuser(), reason=reason, now=now, **further)
    in_force = policy()
    held = "held: nothing automatic goes out" if in_force.is_held else "not held"
    typer.echo(f"Automation is {'unlocked' if in_force.automation == 'automatic' else 'locked'} and {held}.")


def _change(name: str, value: object, *, by: str, reason: str, config: Path | None) -> None:
    now = _start(config)
    from tocsin.bulletins import governing

    act: Callable[..., None] = getattr(governing, name)
    act(value, by=by or getpass.getuser(), reason=reason, now=now)
    _print(now)


def _start(config: Path | None) -> "datetime":
    from tocsin.runtime.startup import start

    start(config=config)
    from django.conf import settings

    now: datetime = settings.CLOCK.now()
    return now


def _print(now: "datetime") -> None:
    from tocsin.bulletins.queries import approvals_need_second_factor, policy, quiet_hours, shadow_record
    from tocsin.bulletins.rules.approval import SEVERITIES, SHIPPED
    from tocsin.bulletins.rules.shadow import missing
    from tocsin.kernel.clock import in_brussels
    from tocsin.notifications.rules.quiet import read

    in_force, hours = policy(), read(quiet_hours())
    lacking = missing(shadow_record(), today=in_brussels(now).date())
    state = "unlocked" if in_force.automation == "automatic" else "locked"
    facts = ", ".join(" ".join((reason.code, *(f"{k}={v}" for k, v in reason.facts.items()))) for reason in lacking)
    lines = [
        f"automation  {state}{', held' if in_force.is_held else ''}{f'; still missing: {facts}' if lacking else ''}",
        *(f"approval    {each:8} {in_force.approvals.get(each, SHIPPED[each])}" for each in SEVERITIES),
        f"factor      {'on' if approvals_need_second_factor() else 'off'}",
        f"holding     {in_force.holding}",
        f"quiet       {hours.start:%H:%M}-{hours.end:%H:%M} {' '.join(hours.audiences) or '(nobody)'}",
    ]
    typer.echo("\n".join(lines))
