"""Taking over a list from an association: whoever is on it, on what proof of consent, and a first message to each.

A list is CSV with a header. Each line says its own proof: what people agreed to, when, and where that is kept. A line
that cannot be used is named with its number and what to mend, and never loses a good one; an import can be tried first.
Who is taken over gets one message that says who gave their address, with a link that ends it.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from tocsin.audit.services import record
from tocsin.kernel.errors import InputError
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.notifications.announcing import put
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import Subscriber
from tocsin.notifications.queries import as_language, labels, link, pack
from tocsin.notifications.rules.choices import digest_of_address
from tocsin.notifications.rules.letter import marks
from tocsin.notifications.rules.model import Letter, Link, Section, Subscription
from tocsin.notifications.services import add_subscriber, check_wish, checked_address

REQUIRED = ("address", "audience", "language", "consent_text", "consent_date", "consent_source")
OPTIONAL = ("channel", "functions", "region", "package", "least", "with_drills")
LONGEST_LINE = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One usable line: whom to take over, and on what proof."""

    channel: str
    address: str
    language: Language
    wish: Subscription
    consent: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be used, by its number in the file."""

    number: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: how many are new, how many were there already, what was refused."""

    added: int
    known: int
    refused: tuple[Refused, ...]


def import_list(lines: Iterable[str], *, by: str, now: datetime, is_trial: bool) -> Imported:
    """Take over a list; with `is_trial`, only say what would be done.

    Each good line is a transaction of its own: an import that is cut off is simply done again. Somebody who is
    subscribed, or who once left, is left as they are. Raises `SubscriptionError` when the header lacks a column.
    """
    added, known, refused, seen = 0, 0, [], set[tuple[str, str, str]]()
    for number, found in _read(lines, today=now.date()):
        if isinstance(found, Refused):
            refused.append(found)
            continue
        name = (found.channel, found.address, found.wish.audience)
        if name in seen or _is_known(found):
            known += 1
            continue
        seen.add(name)
        added += 1
        if not is_trial:
            _take_over(found, number=number, by=by, now=now)
    if not is_trial:
        facts = {"added": added, "known": known, "refused": len(refused)}
        record(at=now, actor=by, action="subscriptions.imported", subject="list", facts=facts)
    return Imported(added, known, tuple(refused))


def _read(lines: Iterable[str], *, today: date) -> Iterator[tuple[int, Line | Refused]]:
    reader = csv.DictReader(_bounded(lines), strict=False)
    missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise SubscriptionError(
            "subscription.list",
            f"The list has no column {missing[0]!r}.",
            hint=f"Its header names {', '.join(REQUIRED)}; it may name {', '.join(OPTIONAL)}.",
        )
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, Refused(reader.line_num, "subscription.list", f"This is not CSV: {error}.")
            continue
        yield reader.line_num, _line(row, number=reader.line_num, today=today)


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    # A line of ten megabytes is cut to one that is refused, instead of being read into memory many times over.
    return (line if len(line) <= LONGEST_LINE else "too-long\n" for line in lines)


def _line(row: Mapping[str | None, str | None], *, number: int, today: date) -> Line | Refused:
    given = {name: (value or "").strip() for name, value in row.items() if name and isinstance(value, str)}
    try:
        return _checked(given, today=today)
    except InputError as error:
        return Refused(number, error.code, error.message)


def _checked(given: Mapping[str, str], *, today: date) -> Line:
    empty = [name for name in REQUIRED if not given.get(name)]
    if empty:
        raise SubscriptionError("subscription.list", f"There is no {empty[0]}.")
    if given["language"] not in LANGUAGES:
        raise SubscriptionError("subscription.language", f"{given['language']!r} is not one of {', '.join(LANGUAGES)}.")
    channel = given.get("channel") or "email"
    wish = Subscription(
        audience=given["audience"],
        functions=tuple(given.get("functions", "").split()),
        region=given.get("region", ""),
        package=given.get("package", ""),
        least="down" if given.get("least") == "down" else "degraded",
        with_drills=given.get("with_drills", "").lower() in {"1", "yes", "true"},
    )
    check_wish(wish)
    consent = {name: given[name][:2000] for name in ("consent_text", "consent_date", "consent_source")}
    _check_date(consent["consent_date"], today=today)
    return Line(channel, checked_address(channel, given["address"]), as_language(given["language"]), wish, consent)


def _check_date(text: str, *, today: date) -> None:
    try:
        is_past = date.fromisoformat(text) <= today
    except ValueError:
        is_past = False
    if not is_past:
        raise SubscriptionError("subscription.consent", "The date of consent is no past day, such as 2026-03-01.")


def _is_known(line: Line) -> bool:
    same = Subscriber.objects.filter(
        channel=line.channel, address_hash=digest_of_address(line.channel, line.address), audience=line.wish.audience
    )
    return same.filter(confirmed_at__isnull=False).exists()


def _take_over(line: Line, *, number: int, by: str, now: datetime) -> None:
    with transaction.atomic():
        row = add_subscriber(
            channel=line.channel,
            address=line.address,
            language=line.language,
            wish=line.wish,
            by=by,
            now=now,
            consent={**line.consent, "line": str(number)},
        )
        letter, sms = _welcome(row, line)
        put(letter, key=f"welcome|{row.handle}", channel=line.channel, subscriber=row, sms=sms, now=now)


def _welcome(row: Subscriber, line: Line) -> tuple[Letter, str]:
    own, leave = labels(line.language), link(row, purpose="leave")
    said = marks(own, is_official=pack().authority is not None, is_drill=False)
    with translation.override(line.language):
        source = gettext("%(source)s gave us this address so that we can tell you when something does not work.") % {
            "source": line.consent["consent_source"]
        }
        letter = Letter(
            language=line.language,
            subject=gettext("From now on we write to you when something does not work"),
            headline=gettext("From now on we write to you when something does not work"),
            sections=(
                Section("", (source,)),
                Section("", (gettext("You do not want this? One click ends it, and nothing more comes."),)),
            ),
            marks=said,
            leave=Link(own.leave, leave),
        )
        short = gettext("We write to you here when something does not work (%(source)s). Stop: %(leave)s") % {
            "source": line.consent["consent_source"][:40],
            "leave": leave,
        }
    return letter, " ".join([*(f"{mark.long}." for mark in said), short])
