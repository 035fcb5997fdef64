"""Makes a small Tocsin with a draft that waits, for the tests that prove who somebody is in a real browser.

Run as a program: `python desk_world.py FOLDER`. Its configuration comes from the environment. It prints, as JSON, an
operator's name and password and the link of a page about the draft.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

PASSWORD = "a long enough secret"


def main(folder: Path) -> None:
    os.environ["TOCSIN_DATA_FOLDER"] = str(folder)
    from tocsin.runtime import clock, startup

    startup.start(needs_database=False)
    startup.migrate()
    from django.conf import settings

    from factories import console as make
    from tocsin.accounts.approvals import approval_token
    from tocsin.accounts.services import create_operator
    from tocsin.bulletins.queries import version
    from tocsin.kernel.clock import SystemClock
    from tocsin.web import present

    clock.stand_at(folder, origin=make.NOW, speed=60)
    settings.CLOCK.now()
    operator = create_operator(name="ann", password=PASSWORD, by="test", now=make.NOW)
    make.store_incident(make.incident())
    draft = make.bulletin(present.pack(), at=make.NOW - timedelta(minutes=1))
    make.draft(draft)
    token = approval_token(operator, bulletin=draft.id, version=version(draft), machine_now=SystemClock().now())
    sys.stdout.write(json.dumps({"operator": "ann", "password": PASSWORD, "link": f"approve/{token}/"}) + "\n")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
    main(Path(sys.argv[1]))
