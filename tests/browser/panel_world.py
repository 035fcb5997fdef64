"""Makes a small Tocsin with members of the panel, one of them with an open question, on the machine's own clock.

Run as a program: `python panel_world.py FOLDER`. Its configuration comes from the environment. It prints, as JSON, the
members' tokens and the question's.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path


def main(folder: Path) -> None:
    os.environ["TOCSIN_DATA_FOLDER"] = str(folder)
    from tocsin.runtime import startup

    startup.start(needs_database=False)
    startup.migrate()
    from django.conf import settings

    from tocsin.accounts.panel import invite_member, note_use
    from tocsin.kernel.reasons import Reason
    from tocsin.observations.polls import question_token, save_polls
    from tocsin.observations.rules.polling import Poll

    now = settings.CLOCK.now()
    made = [
        invite_member(
            audience="pharmacist", package=package, region=region, language="en", practice=practice, by="test", now=now
        )
        for package, region, practice in (
            ("pharmacy-a", "BE-WLG", "first street"),
            ("pharmacy-b", "BE-VAN", "second street"),
        )
    ]
    for each in made:
        note_use(each.member, now=now)
    asked = Poll(
        function="dispense",
        audience="pharmacist",
        members=(made[1].member.pseudonym,),
        reason=Reason("poll.one_eye", {"eye": "front", "state": "down"}),
        at=now,
        until=now + timedelta(minutes=10),
    )
    question = save_polls([asked], now=now)[0]
    said = {"one": made[0].token, "other": made[1].token, "question": question_token(question)}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
    main(Path(sys.argv[1]))
