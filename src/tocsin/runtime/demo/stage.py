"""Sets the demonstration's stage: a data folder of its own with an operator, a key, a panel, subscribers and history.

Nothing here is special to the demonstration but its content: every step calls the service that an operator's command
calls, and is audited like it.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tocsin.kernel.errors import ConfigurationError
from tocsin.plugins.sources.recording.model import Recording
from tocsin.runtime.configuration import FOLDER_MODE
from tocsin.runtime.locks import only_one

MARKER = ".tocsin-demonstration"
WHO = "demonstration"
SUBSCRIBERS = (
    ("dr.claes@practice.example", "nl", "doctor"),
    ("pharmacie.dubois@pharmacy.example", "fr", "pharmacist"),
    ("zahnarzt.maraite@practice.example", "de", "dentist"),
    ("duty.desk@hospital.example", "en", "hospital"),
)
"""Made-up people, one a language."""

DUTY_OFFICER = "duty.officer@platform.example"
"""Whoever is called before a promise breaks."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the audience and the sender need to know."""

    operator: str
    password: str
    api_secret: str
    panel_token: str


def clear(folder: Path) -> None:
    """Empty the demonstration's folder; refuses with `ConfigurationError` one that holds anything else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise ConfigurationError(
            "demo.folder",
            "This folder was not made by the demonstration, so it is left alone.",
            where=str(folder),
            hint="Give another one with --folder.",
        )
    lock = folder / "serve.lock"
    if lock.exists():
        with only_one(lock, what="A demonstration"):
            pass  # nobody plays here: it may be emptied
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=FOLDER_MODE, parents=True)
    (folder / MARKER).touch()


def configure(folder: Path, *, port: int, smtp_url: str) -> None:
    """Point this process, and those it starts, at the demonstration's folder. Call before Django is set up."""
    os.environ.pop("TOCSIN_CONFIG", None)
    os.environ.update(
        {
            "TOCSIN_DATA_FOLDER": str(folder.resolve()),
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
            "TOCSIN_SITE_URL": f"http://127.0.0.1:{port}/site",
            "TOCSIN_SMTP_URL": smtp_url,
            "TOCSIN_MAIL_FROM": "Tocsin <tocsin@platform.example>",
        }
    )


def people(recording: Recording, *, now: datetime) -> Stage:
    """Let in an operator, a key, a panel member and subscribers; unlock automation, so that it plays alone."""
    from tocsin.accounts.panel import invite_member
    from tocsin.accounts.roster import set_contacts, set_duty
    from tocsin.accounts.rules import PAGE_KINDS, SCOPES
    from tocsin.accounts.services import create_key, create_operator
    from tocsin.bulletins.governing import unlock_automation

    password = secrets.token_urlsafe(9)
    create_operator(name="duty", password=password, by=WHO, now=now)
    set_contacts("duty", email=DUTY_OFFICER, phone="", pages=PAGE_KINDS, by=WHO, now=now)
    set_duty("duty", is_on_duty=True, by=WHO, now=now)
    key = create_key(name="the recording", scopes=SCOPES, by=WHO, now=now)
    first = recording.reports[0] if recording.reports else None
    invitation = invite_member(
        audience=first.audience if first else "doctor",
        package=first.package if first else "gp-a",
        region=first.region if first else "BE-BRU",
        language="nl",
        by=WHO,
        now=now,
    )
    _subscribe(now)
    unlock_automation(by=WHO, reason="a demonstration plays alone", now=now, demonstration=True)
    return Stage(operator="duty", password=password, api_secret=key.secret, panel_token=invitation.token)


def _subscribe(now: datetime) -> None:
    from tocsin.notifications.rules.model import Subscription
    from tocsin.notifications.services import add_subscriber

    for address, language, audience in SUBSCRIBERS:
        wish = Subscription(audience=audience, functions=())
        add_subscriber(address=address, language=language, wish=wish, by=WHO, now=now)
