"""Signed webhooks to a real receiver that checks them with the Standard Webhooks library, and misbehaves."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from announcements import at
from http_receiver import Receiver, Request, http_receiver
from tocsin.kernel.addresses import OutwardPolicy
from tocsin.kernel.errors import DeliveryError, InputError
from tocsin.kernel.outward import NOT_SENT, UNANSWERED, Outward
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import JsonValue, Letter, Link, Mark, Message, Section
from tocsin.plugins.channels.webhook.channel import WebhookChannel, build

ROOT = Path(__file__).resolve().parents[2]
INSIDE = OutwardPolicy(may_reach_private=True)


def message(recipient: str, *, key: str = "b1|s1|webhook", kind: str = "first") -> Message:
    letter = Letter(
        language="fr",
        subject="Délivrance impossible",
        headline="Impossible de récupérer les prescriptions.",
        sections=(Section("Maintenant :", ("Demandez la preuve papier.",)),),
        marks=(Mark("Exercice", "Ceci est un exercice."),),
        action=Link("Voir", "https://status.example.org/fr/pharmacist/"),
        leave=Link("Arrêter", "https://tocsin.example.org/subscribe/leave/x/"),
    )
    facts: dict[str, JsonValue] = {
        "bulletin": "i1-b1",
        "incident": "i1",
        "kind": kind,
        "functions": ["dispense"],
        "is_drill": True,
    }
    return Message(key, recipient, at(1), "i1|1", letter, sms="Exercice", push="Demandez.", facts=facts)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver(Receiver(otherwise=204)) as receiver:
        yield receiver


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[WebhookChannel]:
    channel = build(
        ChannelSettings("", "t@example.org", "T", data_folder=tmp_path, has_webhooks=True, may_reach_private=True)
    )
    assert channel is not None
    yield channel
    channel.close()


def failure(channel: WebhookChannel, recipient: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        channel.deliver(message(recipient))
    return caught.value


def verified(request: Request, secret: str) -> Any:
    return Webhook(secret).verify(request.body, request.headers)


def test_the_receiver_can_check_who_sent_it_and_reads_facts_and_words(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    address = channel.check_address(f"{receiver.url}/hook?a=b")
    channel.deliver(message(address))
    (request,) = receiver.requests
    content = verified(request, channel.secret_of(address))
    assert request.path == "/hook?a=b"
    assert content["type"] == "bulletin.first"
    assert content["data"] == dict(message(address).facts)
    assert content["text"]["marks"] == ["Ceci est un exercice."]
    assert content["text"]["sections"] == [{"label": "Maintenant :", "lines": ["Demandez la preuve papier."]}]
    assert content["links"]["leave"] == "https://tocsin.example.org/subscribe/leave/x/"
    assert datetime.fromisoformat(content["timestamp"]) == at(1)
    assert request.headers["idempotency-key"] == request.headers["webhook-id"]
    assert abs(int(request.headers["webhook-timestamp"]) - datetime.now(tz=UTC).timestamp()) < 30


def test_a_changed_body_or_another_secret_is_noticed(channel: WebhookChannel, receiver: Receiver) -> None:
    channel.deliver(message(f"{receiver.url}/hook"))
    (request,) = receiver.requests
    with pytest.raises(WebhookVerificationError):
        Webhook(channel.secret_of(f"{receiver.url}/hook")).verify(request.body + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        verified(request, channel.secret_of(f"{receiver.url}/another"))


def test_the_same_message_keeps_its_id_between_attempts(channel: WebhookChannel, receiver: Receiver) -> None:
    receiver.answers = [500]
    assert failure(channel, f"{receiver.url}/hook").code == "webhook.refused"
    channel.deliver(message(f"{receiver.url}/hook"))
    channel.deliver(message(f"{receiver.url}/hook", key="b2|s1|webhook"))
    first, second, third = (request.headers["webhook-id"] for request in receiver.requests)
    assert first == second != third


def test_secrets_outlive_a_restart_and_are_each_addresss_own(channel: WebhookChannel, tmp_path: Path) -> None:
    again = build(ChannelSettings("", "t@example.org", "T", data_folder=tmp_path, has_webhooks=True))
    assert again is not None
    assert again.secret_of("https://a.example/") == channel.secret_of("https://a.example/")
    assert again.secret_of("https://a.example/") != again.secret_of("https://b.example/")


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        (500, "webhook.refused", False),
        (429, "webhook.refused", False),
        (401, "webhook.refused", False),
        ("redirect", "webhook.refused", False),
        (404, "webhook.refused", True),
        (410, "webhook.gone", True),
        ("hang up", UNANSWERED, False),
    ],
)
def test_what_a_receiver_answers_is_sorted(
    *, channel: WebhookChannel, receiver: Receiver, answer: Any, code: str, permanent: bool
) -> None:
    receiver.otherwise = answer
    error = failure(channel, f"{receiver.url}/hook")
    assert (error.code, error.permanent) == (code, permanent)
    assert {request.path for request in receiver.requests} == {"/hook"}


def test_a_receiver_that_fails_for_an_hour_gets_the_message_when_it_is_back(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    receiver.answers = [500] * 9
    failures = [failure(channel, f"{receiver.url}/hook").permanent for _ in range(9)]
    channel.deliver(message(f"{receiver.url}/hook"))
    assert failures == [False] * 9
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


@pytest.mark.parametrize("misbehaviour", ["hang", "trickle"])
def test_a_receiver_that_takes_its_time_holds_nobody_up(receiver: Receiver, misbehaviour: str) -> None:
    receiver.otherwise = misbehaviour
    channel = WebhookChannel(INSIDE, master=b"k" * 32, outward=Outward(INSIDE, at_most_s=0.3))
    began = time.monotonic()
    assert failure(channel, f"{receiver.url}/hook").code == UNANSWERED
    assert time.monotonic() - began < 3
    channel.close()


def test_an_answer_without_end_counts_by_its_status(channel: WebhookChannel, receiver: Receiver) -> None:
    receiver.otherwise = "flood"
    channel.deliver(message(f"{receiver.url}/hook"))


def test_a_receiver_that_is_gone_may_come_back(channel: WebhookChannel) -> None:
    with http_receiver() as gone:
        pass
    error = failure(channel, f"{gone.url}/hook")
    assert (error.code, error.permanent) == (NOT_SENT, False)


@pytest.mark.parametrize("address", ["http://example.org/x", "https://10.0.0.1/x", "https://localhost/", "nonsense"])
def test_addresses_inside_are_refused_when_given_and_when_called(tmp_path: Path, address: str) -> None:
    strict = build(ChannelSettings("", "t@example.org", "T", data_folder=tmp_path, has_webhooks=True))
    assert strict is not None
    with pytest.raises(InputError) as caught:
        strict.check_address(address)
    error = failure(strict, address)
    assert (error.code, error.permanent) == (caught.value.code, True)


def test_many_messages_to_one_receiver_share_a_connection_and_are_quick(
    channel: WebhookChannel, receiver: Receiver
) -> None:
    took_s = []
    for number in range(100):
        began = time.perf_counter()
        channel.deliver(message(f"{receiver.url}/hook", key=str(number)))
        took_s.append(time.perf_counter() - began)
    assert len({request.connection for request in receiver.requests}) == 1
    assert sorted(took_s)[50] < 0.05  # half a millisecond alone; the rest is the room that a busy machine needs


def test_the_example_in_the_documentation_checks_a_signature(
    channel: WebhookChannel, receiver: Receiver, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "reference" / "webhook.md").read_text()
    (example,) = re.findall(r"<!-- tested -->\n```python\n(.*?)```", page, flags=re.DOTALL)
    channel.deliver(message(f"{receiver.url}/hook"))
    (request,) = receiver.requests
    secret = channel.secret_of(f"{receiver.url}/hook")
    (tmp_path / "example.py").write_text(example)
    (tmp_path / "request.json").write_text(
        json.dumps({"headers": request.headers, "body": request.body.decode(), "secret": secret})
    )
    code = (
        "import json; from example import is_genuine; given = json.load(open('request.json')); "
        "body = given['body'].encode(); good = is_genuine(given['headers'], body, given['secret']); "
        "bad = is_genuine(given['headers'], body + b' ', given['secret']); print(good, bad)"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["True", "False"]
