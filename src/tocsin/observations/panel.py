"""A panel member's tap on its way to intake: once, however often it is sent, and at the time at which it was true.

It counts as an answer where the member was asked just that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.crypto import salted_hmac

from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import note_use
from tocsin.accounts.rules import lettered
from tocsin.kernel.clock import in_brussels
from tocsin.observations.crowd import line_of
from tocsin.observations.models import PollQuestion
from tocsin.observations.rules.model import Report
from tocsin.observations.rules.polling import OPEN_FOR
from tocsin.observations.rules.tapping import OFFLINE_FOR
from tocsin.observations.services import Receipt, accept_reports

SOURCE: Final = "panel-form"

ANSWERS_WITHIN: Final = timedelta(hours=2)
"""A late answer still counts as one for whom it is known that they answer."""


@dataclass(frozen=True, slots=True)
class Tap:
    """What a member said with one tap, and when by our clock; `key` is the same when it is sent again ("" for none).

    `sender` is a pseudonym of the line it came over (see `line_pseudonym`).
    """

    function: str
    works: bool
    at: datetime
    text: str = ""
    key: str = ""
    sender: str = ""


@transaction.atomic
def take_tap(member: PanelMember, tap: Tap, *, now: datetime) -> Receipt:
    """Hand a member's word to intake; the same key counts once. Raises what `accept_reports` raises."""
    said = Report(
        at=tap.at,
        member=member.pseudonym,
        audience=member.audience,
        package=member.package,
        region=member.region,
        function=tap.function,
        works=tap.works,
        text=tap.text,
        received_at=now,
        practice=member.practice,
        sender=tap.sender,
    )
    receipt = accept_reports(
        [said],
        source=SOURCE,
        now=now,
        batch_key=f"{member.pseudonym}:{tap.key}" if tap.key else None,
        late=OFFLINE_FOR,
        # The time is worked out anew whenever a telephone sends: what was said is the same all the same.
        content=[(member.pseudonym, tap.function, tap.works, tap.text)],
        is_ours=True,
    )
    note_use(member, now=now)
    if receipt.accepted:
        _note_answer(member, tap, now=now)
    return receipt


def line_pseudonym(address: str, *, now: datetime) -> str:
    """Return what is kept of the network address that a tap came from: a keyed hash, another one each day.

    Members behind one line are one witness. An address that is not of the public internet says nothing of a line (a
    proxy, a test): empty then.
    """
    line = line_of(address)
    if not line:
        return ""
    day = in_brussels(now).date().isoformat()
    return f"l0{lettered(salted_hmac(f'observations.line|{day}', line, algorithm='sha256').hexdigest())[:20]}"


def _note_answer(member: PanelMember, tap: Tap, *, now: datetime) -> None:
    asked = PollQuestion.objects.filter(
        member=member.pseudonym,
        poll__function=tap.function,
        answered_at=None,
        asked_at__lte=tap.at + OPEN_FOR,
        asked_at__gt=now - ANSWERS_WITHIN,
    )
    asked.update(answered_at=now, works=tap.works)
