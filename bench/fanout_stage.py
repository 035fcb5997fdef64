"""The Tocsin side of `bench/fanout.py`, each step in a process of its own: what is measured is what a server would do.

python bench/fanout_stage.py people COUNT | alerts FILE JSON | publish FILE
"""

import json
import os
import resource
import secrets
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tocsin.runtime.startup import start

start()

from django.conf import settings  # noqa: E402  Django must be set up first
from django.db import transaction  # noqa: E402  as above

from tocsin.bulletins.rules.model import AudienceText, Bulletin  # noqa: E402  as above
from tocsin.bulletins.services import publish  # noqa: E402  as above
from tocsin.detection.rules.model import State  # noqa: E402  as above
from tocsin.incidents.models import IncidentRow  # noqa: E402  as above
from tocsin.kernel.language import LANGUAGES, LocalizedText  # noqa: E402  as above
from tocsin.notifications.announcing import enqueue  # noqa: E402  as above
from tocsin.notifications.models import Subscriber  # noqa: E402  as above
from tocsin.notifications.rules.choices import digest_of_address, digest_of_choices  # noqa: E402  as above
from tocsin.notifications.rules.model import Subscription  # noqa: E402  as above

AUDIENCES = ("doctor", "pharmacist", "nurse", "dentist", "hospital")
FUNCTIONS = ((), (), ("prescribe",), ("prescribe", "dispense"))
BROWSERS = 200
"""Key pairs among which the browsers share; each message is encrypted for its own all the same."""


def browsers() -> list[tuple[str, str]]:
    """Return public keys and secrets as browsers give them."""
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    found = []
    for _ in range(BROWSERS):
        public = generate_private_key(SECP256R1()).public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        found.append(tuple(urlsafe_b64encode(part).rstrip(b"=").decode() for part in (point, os.urandom(16))))
    return [(key, secret) for key, secret in found]


def address(number: int, channel: str, *, http: str, keys: list[tuple[str, str]]) -> str:
    """Return the address of the subscriber of a number."""
    if channel == "email":
        return f"reader{number}@practice.example"
    if channel == "sms":
        return f"+3247{number:07d}"
    if channel == "webhook":
        return f"{http}/hook/{number}"
    key, secret = keys[number % BROWSERS]
    given = {"endpoint": f"{http}/push/{number}", "keys": {"auth": secret, "p256dh": key}}
    return json.dumps(given, separators=(",", ":"))


def subscribers(channels: dict[str, int]) -> Iterator[Subscriber]:
    """Make people up: of all audiences and languages, with and without choices."""
    http, keys, at = os.environ["BENCH_HTTP"], browsers(), datetime.now(UTC) - timedelta(days=30)
    mixed = sorted((place / count, name) for name, count in channels.items() for place in range(count))
    for number, (_, channel) in enumerate(mixed, start=1):
        to = address(number, channel, http=http, keys=keys)
        wish = Subscription(AUDIENCES[number % 5], FUNCTIONS[number % 4])
        yield Subscriber(
            channel=channel,
            address=to,
            address_hash=digest_of_address(channel, to),
            language=LANGUAGES[number % 4],
            audience=wish.audience,
            functions=list(wish.functions),
            choices=digest_of_choices(channel, wish),
            requested_at=at,
            confirmed_at=at,
            handle=secrets.token_urlsafe(16),
        )


def people(count: int) -> None:
    """Fill the table: 60 % e-mail, 30 % push, 10 % text messages."""
    shares = {"email": count * 6 // 10, "webpush": count * 3 // 10, "sms": count // 10}
    Subscriber.objects.bulk_create(subscribers(shares), batch_size=2000)
    told = Subscriber.objects.exclude(functions=["dispense"]).count()
    Path(os.environ["BENCH_EXPECTED"]).write_text(str(told))


def words(text: str) -> LocalizedText:
    """Return a text of usual length in every language."""
    return {language: f"{text} ({language}, é, à, ü)" for language in LANGUAGES}


def text() -> AudienceText:
    """Return what one audience is told."""
    return AudienceText(
        headline=words("Electronic prescriptions cannot be written"),
        scope=words("Since 8:41, doctors, dentists and hospitals, everywhere."),
        now=(words("Write a paper prescription on the official model."), words("Keep a copy and note the time.")),
        procedures=("paper",),
        paid=words("Not confirmed yet. Keep a copy."),
        avoid=None,
        next_update=words("9:10, even if nothing has changed."),
        duties=(),
        subject=words("Prescribing does not work"),
        sms=words("Prescribing does not work since 8:41. Write on paper. Next message 9:10"),
        push=words("Since 8:41. Write a paper prescription. Next message 9:10."),
    )


def bulletin(number: int, *, audience: str = "") -> Bulletin:
    """Return the first bulletin of an outage."""
    incident, now = f"bench-{number}", datetime.now(UTC)
    return Bulletin(
        id=f"{incident}-b1",
        incident=incident,
        kind="first",
        number=1,
        drafted_at=now,
        state=State.DOWN,
        functions=("prescribe", f"function-{number}"),
        audiences=None,
        packages=None,
        regions=None,
        texts={name: text() for name in ([audience] if audience else AUDIENCES)},
        next_update_at=now + timedelta(minutes=30),
    )


def publish_one(number: int = 1, *, audience: str = "") -> float:
    """Publish, and return the moment at which it was asked for."""
    made = bulletin(number, audience=audience)
    IncidentRow.objects.create(id=made.incident, opened_at=made.drafted_at, phase="confirmed", state={})
    began = time.time()
    with transaction.atomic():
        publish(made, now=datetime.now(UTC))
    return began


def hook(number: int) -> None:
    """Subscribe a webhook."""
    at = datetime.now(UTC) - timedelta(days=1)
    to, wish = f"{os.environ['BENCH_HTTP']}/hook/{number}", Subscription("doctor")
    Subscriber.objects.create(
        channel="webhook",
        address=to,
        address_hash=digest_of_address("webhook", to),
        language="en",
        audience="doctor",
        choices=digest_of_choices("webhook", wish),
        requested_at=at,
        confirmed_at=at,
        handle=f"hook{number}",
    )


def enqueue_one(number: int) -> float:
    """Hand an announcement to the outbox in a durable transaction of its own, and return when that was asked for."""
    made = bulletin(number, audience="doctor")
    began = time.time()
    enqueue(made, now=datetime.now(UTC))
    return began


def alerts(first: int, count: int, *, hooks: int, pause_s: float, is_whole: bool) -> dict[str, object]:
    """Tell some webhooks of one outage after the other; return when each was asked for, by the first webhook's ids."""
    for number in range(Subscriber.objects.count(), hooks):
        hook(number)
    publish_one(first, audience="doctor") if is_whole else enqueue_one(first)
    began, cpu_s = dict[str, float](), time.process_time()
    for number in range(first + 1, first + 1 + count):
        time.sleep(pause_s)
        name = sha256(f"bench-{number}-b1|hook0|webhook".encode()).hexdigest()[:32]
        began[f"msg_{name}"] = publish_one(number, audience="doctor") if is_whole else enqueue_one(number)
    return {"began": began, "cpu_s": time.process_time() - cpu_s}


def main(step: str, *given: str) -> None:
    """Do one step."""
    settings.CONFIGURATION.make_data_folder()
    if step == "people":
        people(int(given[0]))
        return
    if step == "alerts":
        asked = json.loads(given[1])
        Path(given[0]).write_text(json.dumps(alerts(**asked)))
        return
    enqueue(bulletin(0, audience="midwife"), now=datetime.now(UTC))  # nobody: an engine has long read its catalogues
    began = publish_one()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(given[0]).write_text(json.dumps({"began": began, "took_s": time.time() - began, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main(*sys.argv[1:])
