"""Scores replays of the fault suite against the truth. Nothing here is seen by what is scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.fault_runs import Line, Run
from bench.fault_truth import Truth

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import parse_moment

EARLY = timedelta(seconds=10)
"""An alarm on the tick before the truth's start is not early: ticks and truths are rounded."""
BLIND_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Score:
    """How one true outage was dealt with; seconds count from its start, None where it did not happen."""

    scenario: str
    mode: str
    outage: str
    kind: str
    share: str
    peak: float | None
    opened_s: float | None
    opened_since_reached_s: float | None
    told_s: float | None
    closed_s: float | None
    is_cleared_early: bool
    wrongly_green_min: float | None
    rank_at_opening: int | None
    rank_at_end: int | None
    slice_f1: float | None
    f1_by_dimension: dict[str, float]
    incidents: int
    change_named: bool | None
    shortfalls: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Alarms:
    """What was said of a scenario that belongs to no outage: incidents that were opened, and told to the public."""

    scenario: str
    mode: str
    false_incidents: int
    false_public: int
    hours: float
    is_quiet: bool
    eyes_missed: int
    times_real_time: float
    ticks_ms: float
    peak_rss_mb: float


def scored(run: Run, truths: Sequence[Truth], *, pack: Pack, is_counted: bool) -> tuple[list[Score], Alarms]:
    """Return a score for each outage, and what was said beyond them."""
    real = [truth for truth in truths if not truth.is_eye]
    claimed = _claimed(run, real)
    mine = {name for names in claimed.values() for name in names}
    scores = [_score(run, truth, claimed[truth.id], pack=pack, is_counted=is_counted) for truth in real]
    others = [name for name in run.incidents if name not in mine]
    told = [name for name in others if any(line["event"] == "bulletin_published" for line in run.of(name))]
    eyes = [truth for truth in truths if truth.is_eye]
    missed = sum(not _was_noticed(run, truth) for truth in eyes) if run.mode == "all" else 0
    hours = (run.end - run.start).total_seconds() / 3600.0
    return scores, Alarms(
        run.scenario,
        run.mode,
        len(others),
        len(told),
        hours,
        not real,
        missed,
        run.times_real_time,
        run.ticks_ms,
        run.peak_rss_mb,
    )


def _was_noticed(run: Run, truth: Truth) -> bool:
    return any(
        line["event"] == "blind" and truth.start <= parse_moment(line["at"]) <= truth.start + BLIND_WITHIN
        for line in run.lines
    )


def _claimed(run: Run, truths: Sequence[Truth]) -> dict[str, list[str]]:
    """Return, for each outage, the incidents that speak of it: its own first, then those that only repeat it."""
    found: dict[str, list[str]] = {truth.id: [] for truth in truths}
    for name in run.incidents:
        fitting = [truth for truth in truths if _fits(run.of(name), truth)]
        if fitting:
            best = max(fitting, key=lambda truth: (_likeness(run.of(name), truth), -_lag(run.of(name), truth)))
            found[best.id].append(name)
    for truth in truths:
        found[truth.id].sort(key=lambda name: (-_likeness(run.of(name), truth), run.incidents.index(name)))
    return found


def _fits(mine: Sequence[Line], truth: Truth) -> bool:
    at = parse_moment(mine[0]["at"])
    spoken = {function for line in mine for function in line["functions"]}
    return truth.start - EARLY <= at <= truth.end + timedelta(minutes=3) and bool(spoken & set(truth.functions))


def _lag(mine: Sequence[Line], truth: Truth) -> float:
    return (parse_moment(mine[0]["at"]) - truth.start).total_seconds()


def _likeness(mine: Sequence[Line], truth: Truth) -> float:
    """Return how much the incident's story is that of the outage: the cause it names, then the functions it lists."""
    ranks = [rank for line in mine if (rank := _rank(truth.cause, line)) is not None]
    spoken = {function for line in mine for function in line["functions"]}
    overlap = len(spoken & set(truth.functions)) / max(len(spoken | set(truth.functions)), 1)
    return (1.0 / min(ranks) if ranks else 0.0) + overlap


def _score(run: Run, truth: Truth, names: Sequence[str], *, pack: Pack, is_counted: bool) -> Score:
    mine = run.of(names[0]) if names else []
    opened = next((line for line in mine if line["event"] == "incident_opened"), None)
    told = next((line for line in mine if line["event"] == "bulletin_published"), None)
    closed = [line for line in mine if line["event"] == "incident_closed"]
    during = [line for line in mine if line["event"] != "incident_closed" and parse_moment(line["at"]) <= truth.end]
    last = during[-1] if during else opened
    dimensions = _dimensions(last, truth, pack) if last else {}
    score = Score(
        scenario=run.scenario,
        mode=run.mode,
        outage=truth.id,
        kind=truth.kind,
        share=truth.share,
        peak=truth.peak,
        opened_s=_after(opened, truth.start),
        opened_since_reached_s=None if opened is None else max(_after(opened, truth.reached_at) or 0.0, 0.0),
        told_s=_after(told, truth.start),
        closed_s=_after(closed[-1], truth.end) if closed else None,
        is_cleared_early=bool(closed) and parse_moment(closed[0]["at"]) < truth.end,
        wrongly_green_min=_wrongly_green(run, truth) if is_counted and truth.share == "≥ 10 %" else None,
        rank_at_opening=_rank(truth.cause, opened) if opened else None,
        rank_at_end=_rank(truth.cause, last) if last else None,
        slice_f1=_slice_f1(last, truth, pack) if last else None,
        f1_by_dimension=dimensions,
        incidents=len(names),
        change_named=None if truth.change is None else any(line["change"] == truth.change for line in mine),
    )
    score.shortfalls.extend(_shortfalls(score))
    return score


def _after(line: Line | None, moment: datetime) -> float | None:
    return None if line is None else (parse_moment(line["at"]) - moment).total_seconds()


def _rank(cause: str, line: Line) -> int | None:
    ids = [suspect["id"] for suspect in line["suspects"]]
    return ids.index(cause) + 1 if cause in ids else None


def _wrongly_green(run: Run, truth: Truth) -> float:
    """Return the minutes in which a page said "no problem" of a subject of which a tenth of the users was hit."""
    wrong = {
        at
        for subject, moments in run.green.items()
        if subject.split("/", maxsplit=1)[0] in truth.functions
        for at in moments
        if truth.start <= at <= truth.end
    }
    return round(len(wrong) / 6.0, 1)


def _members(line: Line, pack: Pack) -> dict[str, set[str]]:
    functions = set(line["functions"])
    audiences = {
        audience for name in functions if name in pack.functions for audience in pack.functions[name].audiences
    }
    staffed = {package.audience for package in pack.packages.values()}
    meant = line["audiences"] or (audiences & staffed)
    return _expanded(functions, meant, packages=line["packages"], regions=line["regions"], pack=pack)


def _expanded(
    functions: Iterable[str],
    audiences: Iterable[str],
    *,
    packages: Iterable[str] | None,
    regions: Iterable[str] | None,
    pack: Pack,
) -> dict[str, set[str]]:
    meant = set(audiences)
    of_them = {name for name, package in pack.packages.items() if package.audience in meant}
    return {
        "functions": set(functions),
        "audiences": meant,
        "packages": of_them & set(packages) if packages is not None else of_them,
        "regions": set(pack.regions) if regions is None else set(regions),
    }


def _true_members(truth: Truth, pack: Pack) -> dict[str, set[str]]:
    return _expanded(truth.functions, truth.audiences, packages=truth.packages, regions=truth.regions, pack=pack)


def _f1(claimed: set[object] | set[str], true: set[object] | set[str]) -> float:
    return 2.0 * len(claimed & true) / max(len(claimed) + len(true), 1)


def _dimensions(line: Line, truth: Truth, pack: Pack) -> dict[str, float]:
    claimed, true = _members(line, pack), _true_members(truth, pack)
    return {name: round(_f1(claimed[name], true[name]), 3) for name in true}


def _slice_f1(line: Line, truth: Truth, pack: Pack) -> float:
    """Return the F1 over all function × package × region: who was said to be hit against who was."""
    claimed, true = (_cells(each, pack) for each in (_members(line, pack), _true_members(truth, pack)))
    return round(_f1(claimed, true), 3)


def _cells(members: dict[str, set[str]], pack: Pack) -> set[object]:
    return {
        (function, package, region)
        for function in members["functions"]
        for package in members["packages"]
        if pack.packages[package].audience in pack.functions[function].audiences
        for region in members["regions"]
    }


def _shortfalls(score: Score) -> list[str]:
    """Return what the handling of the outage falls short of, by the targets of its class."""
    if score.opened_s is None:
        return ["never opened"]
    late_s = 180.0 if score.share == "≥ 10 %" else 600.0
    since_s = score.opened_since_reached_s or 0.0
    checks = {
        f"opened {since_s:.0f} s after so many were hit": since_s > late_s,
        "never told": score.told_s is None and score.share == "≥ 10 %",
        f"green for {score.wrongly_green_min} min": (score.wrongly_green_min or 0.0) > 3.0,  # noqa: PLR2004  # target
        "cleared before the end": score.is_cleared_early,
        "not cleared": score.closed_s is None,
        f"cleared {(score.closed_s or 0) / 60:.0f} min after the end": (score.closed_s or 0.0) > 900.0,  # noqa: PLR2004  # target
        f"cause ranked {score.rank_at_opening} at opening": (score.rank_at_opening or 99) > 3,  # noqa: PLR2004  # target
        f"cause ranked {score.rank_at_end} at the end": score.rank_at_end != 1,
        f"slice F1 {score.slice_f1}": (score.slice_f1 or 0.0) < 0.9,  # noqa: PLR2004  # target
        f"{score.incidents} incidents": score.incidents != 1,
        "change not named": score.change_named is False,
    }
    return [text for text, is_short in checks.items() if is_short]
