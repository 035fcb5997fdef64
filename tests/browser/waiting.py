"""Leaves a draft waiting that two people must approve, and lets a second operator in.

Run as a program over a played morning: `python waiting.py FOLDER`; prints, as JSON, the draft and who is in.
"""

import json
import os
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from tocsin.runtime import startup


def main(folder: Path) -> None:
    os.environ["TOCSIN_DATA_FOLDER"] = str(folder)
    startup.start()
    from django.conf import settings

    from tocsin.accounts.services import create_operator
    from tocsin.bulletins import governing, services
    from tocsin.bulletins.models import BulletinRow
    from tocsin.bulletins.queries import of_incident, read_bulletin

    now = settings.CLOCK.now()
    governing.hold(by="test", now=now)
    levels = {"grave": "two_people", "serious": "two_people", "limited": "two_people"}
    governing.set_approvals(levels, by="test", now=now)
    password = secrets.token_urlsafe(12)
    create_operator(name="second", password=password, by="test", now=now)
    incident = BulletinRow.objects.values_list("incident", flat=True).first()
    assert incident is not None
    last = read_bulletin(of_incident(incident)[-1])
    number = last.number + 1
    draft = replace(last, id=f"{incident}-b{number}", number=number, kind="update", drafted_at=now)
    services.save_draft(draft, now=now)
    found = {"incident": incident, "draft": draft.id, "out": last.id, "operator": "second", "password": password}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
