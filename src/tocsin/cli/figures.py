"""`tocsin figures`: how fast users were told what to do, and how wrong the pages were."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.policy import Config

if TYPE_CHECKING:
    from rich.table import Table

    from tocsin.catalog.rules.model import Pack
    from tocsin.review.rules.model import Distribution, Estimate, IncidentFigures, Review

app = typer.Typer(add_completion=False)

_WHOLE = frozenset({"incident", "low", "high", "checked"})
"""Columns that are never broken, however narrow the terminal."""


@app.command()
def figures(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
    since: Annotated[str | None, typer.Option(help="Only incidents opened since then, e.g. 2026-01-01.")] = None,
    config: Config = None,
) -> None:
    """Print the figures of past incidents: counts, median, 90th and 95th percentile and maximum, never a mean."""
    from tocsin.runtime.startup import start

    start(config=config)
    from django.conf import settings

    from tocsin.catalog.queries import load_pack, pack_folder
    from tocsin.review.queries import past, review_to_json
    from tocsin.review.rules.figures import review

    pack = load_pack(pack_folder(settings.CONFIGURATION.pack))
    found = review(past(now=settings.CLOCK.now(), since=_moment(since, timezone=pack.timezone)), pack=pack)
    if as_json:
        typer.echo(json.dumps(review_to_json(found), ensure_ascii=False, indent=2))
    else:
        show(found, pack=pack)


def show(found: "Review", *, pack: "Pack") -> None:
    """Print a review as tables, with what one must know to read them."""
    from rich.console import Console

    from tocsin.review.rules.percentiles import DEFINITION

    console = Console()
    if not found.incidents:
        console.print("No incident yet: there is nothing to measure.")
        return
    console.print(_incidents(found, timezone=pack.timezone))
    console.print(_distributions(found))
    console.print(
        "All from the first user hit: until it was seen; until the first instruction could be read; until it was over. "
        "“Wrongly fine”: how long a page said no problem to a profession that was hit; “wrongly bad”: the opposite."
    )
    console.print(
        f"Percentiles: {DEFINITION}; with few incidents the 95th is the worst one seen. “never” counts as longer than "
        "any. All times run from the first user hit, which is itself an estimate."
    )
    told = found.to_instruction.count
    console.print(f"Promise (an instruction within 5 minutes): kept for {found.instructed_within_promise} of {told}.")
    console.print(f"Promised updates: {found.promises - found.promises_broken} of {found.promises} kept.")
    if found.false_alarms:
        alarms = f"{len(found.false_alarms)} ({', '.join(found.false_alarms)})"
        console.print(
            f"False alarms, in no figure above: {alarms}; taken back after {minutes(found.misled.maximum)} at most."
        )
    if found.drills:
        console.print(f"Exercises, in no figure above: {found.drills}.")
    for each in found.incidents:
        console.print(_hit(each, pack=pack))
    console.print(
        "Estimates from the pack's national denominators, always as a range; the formula and its assumptions stand in "
        "docs/reference/figures.md. People for some professions, organisations for others: never add them up."
    )


def minutes(duration: timedelta | None, *, missing: str = "never") -> str:
    """Return a duration in words short enough for a table: `4 min 30 s`, `3 h 25 min`."""
    if duration is None:
        return missing
    seconds = round(duration.total_seconds())
    hours, rest = divmod(seconds, 3600)
    whole, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {whole:02d} min"
    if whole and left:
        return f"{whole} min {left:02d} s"
    return f"{whole} min" if whole else f"{left} s"


def _moment(text: str | None, *, timezone: str) -> datetime | None:
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("write a date such as 2026-01-31, or a time in RFC 3339") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))


def _table(title: str, *columns: str) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    return table


def _incidents(found: "Review", *, timezone: str) -> "Table":
    from zoneinfo import ZoneInfo

    columns = ("first hit", "seen in", "told in", "over in", "wrongly fine", "wrongly bad")
    table = _table("Incidents", "incident", *columns)
    for each in found.incidents:
        table.add_row(
            each.incident,
            each.hit_since.astimezone(ZoneInfo(timezone)).strftime("%H:%M:%S"),
            minutes(each.to_detection),
            minutes(each.to_instruction, missing="not yet" if each.is_running else "never"),
            minutes(each.to_end, missing="still running"),
            _worst(each.falsely_fine),
            _worst(each.falsely_bad),
        )
    return table


def _distributions(found: "Review") -> "Table":
    table = _table("Distributions", "", "n", "never", "open", "median", "90th %", "95th %", "maximum")
    rows: tuple[tuple[str, Distribution], ...] = (
        ("seen in", found.to_detection),
        ("told in", found.to_instruction),
        ("over in", found.to_end),
        ("wrongly fine", found.falsely_fine),
        ("wrongly bad", found.falsely_bad),
    )
    for name, given in rows:
        missing = "never" if given.count else "–"
        values = (given.median, given.p90, given.p95, given.maximum)
        shown = [minutes(value, missing=missing) for value in values]
        table.add_row(name, str(given.count), str(given.never), str(given.pending), *shown)
    return table


def _hit(figures: "IncidentFigures", *, pack: "Pack") -> "Table":
    table = _table(f"Hit in {figures.incident} (estimated)", "what", "low", "high", "source", "checked")
    for audience, estimate in figures.hit.items():
        table.add_row(pack.audiences[audience].plural["en"], *_range(estimate))
    for function, estimate in figures.transactions.items():
        table.add_row(f"transactions: {pack.functions[function].name['en']}", *_range(estimate))
    if figures.uncounted:
        names = [pack.functions[each].name["en"] for each in figures.uncounted if each in pack.functions]
        table.caption = f"No national load is published for: {', '.join(names)}."
        table.caption_justify = "left"
    return table


def _range(given: "Estimate") -> tuple[str, str, str, str]:
    sources = ", ".join(f"{source.address} ({source.trust})" for source in given.sources)
    checked = ", ".join(source.checked_on.isoformat() for source in given.sources)
    return f"{given.low:,}".replace(",", " "), f"{given.high:,}".replace(",", " "), sources, checked


def _worst(by_audience: Mapping[str, timedelta]) -> str:
    if not by_audience:
        return "not recorded"
    audience = max(by_audience, key=lambda name: by_audience[name])
    return f"{minutes(by_audience[audience])} ({audience})" if by_audience[audience] else "none"
