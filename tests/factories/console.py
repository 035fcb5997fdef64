"""Rows for the console, built from the domains' own types through their own services."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.accounts.models import Operator
from tocsin.bulletins import services as bulletins
from tocsin.bulletins.rules.model import AudienceText, Bulletin, BulletinKind
from tocsin.catalog.rules.model import Pack
from tocsin.changes.models import ChangeRow
from tocsin.continuity import services as continuity
from tocsin.continuity.rules.model import Activation, ActivationState
from tocsin.detection.models import SeriesPoint
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.detection.services import save_judgement
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents import services as incidents
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.kernel.language import LocalizedText
from tocsin.kernel.reasons import Reason
from tocsin.observations.models import EyeSign, IntakeCount, ReportRow
from tocsin.observations.rules.model import Eye

NOW = datetime(2020, 1, 27, 8, 22, 10, tzinfo=UTC)
"""9.22 in Brussels on the morning of 27 January."""

BEGAN = NOW - timedelta(minutes=52)


def operator(name: str = "ann", *, language: str = "en", password: str | None = None) -> Operator:
    """A duty officer; without a password (hashing one takes its time) only `force_login` lets them in."""
    return Operator.objects.create_user(name, password=password, language=language)


def four(words: str) -> LocalizedText:
    """The same words marked with each language."""
    return {"fr": f"{words} (fr)", "nl": f"{words} (nl)", "de": f"{words} (de)", "en": f"{words} (en)"}


def verdict(subject: Subject, *, state: State, now: datetime) -> Verdict:
    """A verdict that two eyes agree on."""
    reasons = (Reason("rejected.above_usual", {"service": "sts", "eye": "client", "observed": 0.62, "expected": 0.03}),)
    return Verdict(
        subject=subject,
        state=state,
        confidence=0.97,
        since=BEGAN if state is not State.OK else now - timedelta(hours=3),
        eyes=frozenset({Eye.FRONT, Eye.CLIENT}),
        reasons=reasons if state is not State.OK else (),
    )


def judgement(pack: Pack, *, now: datetime = NOW, down: Iterable[str] = (), blind: Iterable[Eye] = ()) -> Judgement:
    """Everything works but the functions in `down`, and the eyes in `blind` do not see."""
    hit = set(down)
    subjects = [
        Subject(function.id, audience) for function in pack.functions.values() for audience in function.audiences
    ]
    return Judgement(
        at=now,
        verdicts={
            subject: verdict(subject, state=State.DOWN if subject.function in hit else State.OK, now=now)
            for subject in subjects
        },
        signals=(),
        blind=dict.fromkeys(blind, now - timedelta(minutes=4)),
    )


def store_judgement(found: Judgement) -> None:
    """Save what a tick judged, and a sign of life of every eye but the partners'."""
    save_judgement(found, explanations=[])
    for eye in (Eye.FRONT, Eye.CLIENT, Eye.PROBES, Eye.PANEL):
        EyeSign.objects.update_or_create(eye=eye.value, defaults={"last_seen": found.at})


def incident(
    *, id_: str = "2020-01-27-1", functions: tuple[str, ...] = ("open_session",), now: datetime = NOW
) -> Incident:
    """An incident of the shared access layer, twelve minutes before its promised update."""
    return Incident(
        id=id_,
        opened_at=BEGAN + timedelta(minutes=2),
        hit_since=BEGAN,
        phase=Phase.IDENTIFIED,
        phase_since=BEGAN + timedelta(minutes=5),
        state=State.DOWN,
        confidence=0.97,
        eyes=frozenset({Eye.FRONT, Eye.CLIENT}),
        functions=functions,
        audiences=None,
        packages=None,
        regions=None,
        suspects=(
            Suspect(
                "access",
                0.91,
                (
                    Reason("suspect.explains", {"services": 9, "of_services": 10}),
                    Reason(
                        "drift.running_not_approved",
                        {"service": "access", "change": "CHG-2041", "minutes_before": 655},
                    ),
                ),
                change="CHG-2041",
                partner="ehealth",
            ),
            Suspect(
                "sts", 0.4, (Reason("suspect.need_fails", {"service": "sts", "need": "access"}),), partner="ehealth"
            ),
            Suspect("pharmacy-a", 0.05, (Reason("suspect.only_package", {"package": "pharmacy-a", "services": 1}),)),
        ),
        change="CHG-2041",
        reasons=(
            Reason("rejected.above_usual", {"service": "sts", "eye": "client", "observed": 0.62, "expected": 0.03}),
            Reason("latency.above_usual", {"service": "esb", "eye": "front", "observed": 0.61, "expected": 0.04}),
        ),
        next_update_at=now + timedelta(minutes=12),
    )


def store_incident(found: Incident, *, kind: str = "opened", now: datetime = NOW) -> None:
    """Save an incident as the engine does."""
    event = IncidentEvent(kind="opened", at=found.opened_at, incident=found, reasons=found.reasons)
    if kind == "promise_broken":
        event = replace(event, kind="promise_broken", at=now, reasons=(Reason("incident.promise_broken"),))
    incidents.apply([event], actor="engine", now=now)


def text(pack: Pack, function: str) -> AudienceText:
    """What an audience reads."""
    return AudienceText(
        headline=pack.functions[function].fails,
        scope=four("Since 8:30, everywhere."),
        now=(four("Work on paper."),),
        procedures=(),
        paid=four("Not confirmed yet."),
        avoid=None,
        next_update=four("Next update: 9:30, even if nothing has changed."),
        duties=(),
        subject=four("You cannot log in"),
    )


def bulletin(
    pack: Pack,
    *,
    incident_id: str = "2020-01-27-1",
    number: int = 1,
    kind: BulletinKind = "first",
    at: datetime = BEGAN + timedelta(minutes=3),
    function: str = "open_session",
) -> Bulletin:
    """A message to everyone who uses the function."""
    return Bulletin(
        id=f"{incident_id}-b{number}",
        incident=incident_id,
        kind=kind,
        number=number,
        drafted_at=at,
        state=State.DOWN,
        functions=(function,),
        audiences=None,
        packages=None,
        regions=None,
        texts={audience: text(pack, function) for audience in pack.functions[function].audiences},
        next_update_at=at + timedelta(minutes=30),
    )


def publish(found: Bulletin) -> None:
    """Publish a message as the policy does."""
    bulletins.publish(found, reasons=[Reason("policy.first", {"eyes": 2, "confidence": 0.97})], now=found.drafted_at)


def draft(found: Bulletin) -> None:
    """Leave a message waiting for a click."""
    bulletins.save_draft(found, reasons=[Reason("policy.manual")], now=found.drafted_at)


def activate(procedure: str, *, incident_id: str = "2020-01-27-1", state: ActivationState = "active") -> None:
    """Propose a procedure or put it in force."""
    found = Activation(
        procedure=procedure,
        procedure_version="1",
        incident=incident_id,
        state=state,
        start=BEGAN + timedelta(minutes=3),
        until=None,
        by="policy",
        audiences=None,
        packages=None,
        regions=None,
    )
    continuity.sync([found], now=found.start)


def surroundings(*, now: datetime = NOW, function: str = "open_session") -> None:
    """An intervention, some refusals, reports, and two hours of points."""
    ChangeRow.objects.create(
        at=now - timedelta(hours=11),
        kind="restarted",
        change="CHG-2041",
        services=["access"],
        summary="restart after patching",
    )
    ChangeRow.objects.create(
        at=now - timedelta(minutes=60), kind="started", change="CHG-2050", services=["sts"], summary="log level"
    )
    IntakeCount.objects.create(
        day=now.date(),
        source="panel-form",
        code="redacted.name",
        count=3,
        last_at=now,
    )
    IntakeCount.objects.create(day=now.date(), source="otlp", code="accepted", count=41_000, last_at=now)
    for minutes in (44, 40, 12):
        ReportRow.objects.create(
            at=now - timedelta(minutes=minutes),
            received_at=now - timedelta(minutes=minutes),
            member=f"m{minutes}",
            audience="doctor",
            package="gp-a",
            region="BE-VAN",
            function=function,
            works=minutes == 12,
            text="lukt niet",
        )
    SeriesPoint.objects.bulk_create(
        SeriesPoint(
            function=function,
            at=now - timedelta(minutes=minute),
            failing_share=0.62 - minute * 0.002 if minute < 52 else 0.03,
            expected_low=0.01,
            expected_high=0.06,
        )
        for minute in range(120)
    )


def morning(pack: Pack, *, now: datetime = NOW) -> None:
    """The console of a bad morning: an incident, messages, a draft, procedures in force and proposed."""
    functions = tuple(pack.functions)
    store_judgement(judgement(pack, now=now, down=functions[:4], blind=[Eye.PROBES]))
    store_incident(incident(functions=functions[:4], now=now), now=now)
    publish(bulletin(pack))
    publish(bulletin(pack, number=2, kind="update", at=BEGAN + timedelta(minutes=22)))
    draft(bulletin(pack, number=3, kind="update", at=now - timedelta(minutes=2)))
    activate("work-without-log-in")
    activate("log-in-with-certificate", state="proposed")
    surroundings(now=now)
