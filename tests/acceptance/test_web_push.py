"""Web push to a real endpoint that decrypts what it gets and checks who sent it, with other people's libraries."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from announcements import at
from http_receiver import Receiver, http_receiver
from push_browser import PushBrowser, claims
from tocsin.kernel.addresses import OutwardPolicy
from tocsin.kernel.errors import ConfigurationError, DeliveryError, InputError
from tocsin.kernel.outward import Outward
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Letter, Link, Mark, Message
from tocsin.plugins.channels.webpush.channel import TOKEN_USED_S, WebPushChannel, build
from tocsin.plugins.channels.webpush.encryption import LARGEST_PLAIN, new_key

INSIDE = OutwardPolicy(may_reach_private=True)


def message(recipient: str, *, key: str = "b1|s1|webpush", kind: str = "first", **changes: Any) -> Message:
    letter = Letter(
        language="fr",
        subject="Délivrance impossible",
        headline="Impossible de récupérer les prescriptions.",
        sections=(),
        marks=(Mark("Exercice", "Exercice"),),
        action=Link("Voir", "https://status.example.org/fr/pharmacist/"),
    )
    given = {"push": "Demandez la preuve papier.", "facts": {"kind": kind}} | changes
    return Message(key, recipient, at(1), "2026-03-02-1|1", letter, **given)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver(Receiver(otherwise=201)) as receiver:
        yield receiver


@pytest.fixture
def browser(receiver: Receiver) -> PushBrowser:
    return PushBrowser(f"{receiver.url}/push/abc")


@pytest.fixture
def settings(tmp_path: Path) -> ChannelSettings:
    return ChannelSettings(
        "", "Tocsin <ops@example.org>", "Tocsin", data_folder=tmp_path, has_webpush=True, may_reach_private=True
    )


@pytest.fixture
def channel(settings: ChannelSettings) -> Iterator[WebPushChannel]:
    channel = build(settings)
    assert channel is not None
    yield channel
    channel.close()


def test_the_browser_alone_reads_it_and_knows_who_sent_it(
    channel: WebPushChannel, browser: PushBrowser, receiver: Receiver
) -> None:
    channel.deliver(message(browser.address))
    (request,) = receiver.requests
    shown = browser.read(request)
    assert shown == {
        "title": "[Exercice] Délivrance impossible",
        "body": "Demandez la preuve papier.",
        "url": "https://status.example.org/fr/pharmacist/",
        "lang": "fr",
        "tag": shown["tag"],
    }
    said = claims(request, public_key=channel.public_key)
    assert (said["aud"], said["sub"]) == (receiver.url, "mailto:ops@example.org")
    assert b"preuve" not in request.body
    other = PushBrowser(browser.url)
    with pytest.raises(Exception, match=r"ecrypt|uthenti|nvalid"):
        other.read(request)


def test_one_outage_is_one_notification_and_the_first_word_is_urgent(
    channel: WebPushChannel, browser: PushBrowser, receiver: Receiver
) -> None:
    channel.deliver(message(browser.address))
    channel.deliver(message(browser.address, key="b2|s1|webpush", kind="update"))
    channel.deliver(message(browser.address, key="b3|s1|webpush", kind="end"))
    topics = {request.headers["topic"] for request in receiver.requests}
    tags = {browser.read(request)["tag"] for request in receiver.requests}
    assert topics == tags
    assert len(topics) == 1
    assert len(topics.pop()) == 32
    assert [request.headers["urgency"] for request in receiver.requests] == ["high", "normal", "normal"]
    assert [request.headers["ttl"] for request in receiver.requests] == ["14400", "14400", "86400"]


def test_who_we_are_is_signed_once_for_each_push_service_and_some_hours(
    receiver: Receiver, browser: PushBrowser
) -> None:
    now_s = [1_800_000_000.0]
    channel = WebPushChannel(
        new_key(), policy=INSIDE, contact="mailto:a@example.org", outward=Outward(INSIDE), clock_s=lambda: now_s[0]
    )
    for elapsed_s in (0, TOKEN_USED_S - 1, TOKEN_USED_S):
        now_s[0] = 1_800_000_000.0 + elapsed_s
        channel.deliver(message(browser.address, key=str(elapsed_s)))
    channel.close()
    first, second, third = (request.headers["authorization"] for request in receiver.requests)
    assert first == second != third
    assert len({request.body for request in receiver.requests}) == 3
    assert len({request.connection for request in receiver.requests}) == 1


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [
        (404, "webpush.gone", True),
        (410, "webpush.gone", True),
        (429, "webpush.refused", False),
        (403, "webpush.refused", False),
        (500, "webpush.refused", False),
        (307, "webpush.refused", False),
    ],
)
def test_what_a_push_service_answers_is_sorted(
    *, channel: WebPushChannel, browser: PushBrowser, receiver: Receiver, status: int, code: str, permanent: bool
) -> None:
    receiver.otherwise = status
    with pytest.raises(DeliveryError) as caught:
        channel.deliver(message(browser.address))
    assert (caught.value.code, caught.value.permanent) == (code, permanent)


def test_the_longest_message_still_fits_one_push(
    channel: WebPushChannel, browser: PushBrowser, receiver: Receiver
) -> None:
    channel.deliver(message(browser.address, push="😀" * 5000))
    (request,) = receiver.requests
    assert len(request.body) <= LARGEST_PLAIN + 103
    assert browser.read(request)["body"].startswith("😀")


def test_without_a_drafted_body_the_headline_is_shown(
    channel: WebPushChannel, browser: PushBrowser, receiver: Receiver
) -> None:
    channel.deliver(message(browser.address, push=""))
    assert browser.read(receiver.requests[0])["body"] == "Impossible de récupérer les prescriptions."


def test_the_key_is_made_once_and_only_its_owner_reads_it(settings: ChannelSettings) -> None:
    one, other = build(settings), build(settings)
    assert one is not None
    assert other is not None
    assert one.public_key == other.public_key
    path = settings.data_folder / "webpush-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in settings.data_folder.iterdir()] == ["webpush-key"]


def test_a_broken_key_stops_the_start(settings: ChannelSettings) -> None:
    (settings.data_folder / "webpush-key").write_text("nonsense")
    with pytest.raises(ConfigurationError) as caught:
        build(settings)
    assert caught.value.code == "webpush.key"


@pytest.mark.parametrize(
    "address",
    [
        "{}",
        "[]",
        "null",
        '{"endpoint":1,"keys":{"p256dh":"","auth":""}}',
        '{"endpoint":"https://x.example/","keys":{"p256dh":"AAAA","auth":"AAAA"}}',
        '{"endpoint":"https://x.example/","keys":{"p256dh":"' + "B" * 87 + '","auth":"' + "A" * 22 + '"}}',
        "[" * 2999,
        '{"endpoint":"https://x.example/' + "x" * 4000,
    ],
    ids=range(8),
)
def test_what_is_no_subscription_of_a_browser_is_refused(channel: WebPushChannel, address: str) -> None:
    with pytest.raises(InputError) as caught:
        channel.check_address(address)
    assert caught.value.code == "webpush.address"
    with pytest.raises(DeliveryError) as failed:
        channel.deliver(message(address))
    assert failed.value.permanent


def test_a_push_service_inside_is_refused(tmp_path: Path) -> None:
    channel = build(ChannelSettings("", "a@example.org", "T", data_folder=tmp_path, has_webpush=True))
    assert channel is not None
    with pytest.raises(InputError) as caught:
        channel.check_address(PushBrowser("https://169.254.169.254/latest").address)
    assert caught.value.code == "outward.private"


def test_the_same_browser_is_the_same_address(channel: WebPushChannel, browser: PushBrowser) -> None:
    once = channel.check_address(browser.address)
    assert channel.check_address(f"  {browser.address}\n") == once
    assert "expirationTime" not in once
