"""Chat rooms through Apprise: what arrives at a real server, what is refused, and that nothing leads inside."""

import json
from collections.abc import Iterator

import pytest
import requests

from announcements import at
from http_receiver import Receiver, http_receiver
from tocsin.kernel.addresses import OutwardPolicy
from tocsin.kernel.errors import ConfigurationError, DeliveryError, InputError
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Letter, Link, Mark, Message, Section
from tocsin.plugins.channels.apprise.channel import NEVER, AppriseChannel, build
from tocsin.plugins.channels.apprise.guard import guarded
from tocsin.runtime.configuration import CHAT_SERVICES

INSIDE = OutwardPolicy(may_reach_private=True)
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def message(recipient: str, state: str = "down") -> Message:
    letter = Letter(
        language="fr",
        subject="Délivrance impossible",
        headline="Impossible de récupérer les prescriptions.",
        sections=(Section("Maintenant :", ("Demandez la preuve papier.",)),),
        marks=(Mark("Exercice", "Ceci est un exercice."),),
        action=Link("Voir", "https://status.example.org/fr/pharmacist/"),
        leave=Link("Arrêter", "https://tocsin.example.org/subscribe/leave/x/"),
    )
    return Message("k", recipient, at(1), "t", letter, facts={"state": state})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def channel() -> Iterator[AppriseChannel]:
    channel = AppriseChannel(("json", "slack", "matrixs"), policy=INSIDE)
    yield channel
    channel.close()


def shipped() -> AppriseChannel:
    channel = build(ChannelSettings("", "t@example.org", "T", apprise_services=CHAT_SERVICES))
    assert channel is not None
    return channel


@pytest.mark.parametrize(
    ("state", "kind"), [("down", "failure"), ("degraded", "warning"), ("ok", "success"), ("", "info")]
)
def test_a_room_reads_all_of_it(*, channel: AppriseChannel, receiver: Receiver, state: str, kind: str) -> None:
    channel.deliver(message(f"json://127.0.0.1:{receiver.port}/room", state))
    (request,) = receiver.requests
    content = json.loads(request.body)
    assert content["title"] == "[Exercice] Délivrance impossible"
    assert content["type"] == kind
    for part in ("Ceci est un exercice.", "Demandez la preuve papier.", "fr/pharmacist/", "subscribe/leave/x/"):
        assert part in content["message"]


@pytest.mark.parametrize("answer", [500, 404, "redirect", "hang up"])
def test_a_room_that_does_not_take_it_may_do_so_later_and_a_redirect_is_not_followed(
    *, channel: AppriseChannel, receiver: Receiver, answer: int | str
) -> None:
    receiver.otherwise = answer
    with pytest.raises(DeliveryError) as caught:
        channel.deliver(message(f"json://127.0.0.1:{receiver.port}/room?retry=5&wait=9&redirect=yes"))
    assert (caught.value.code, caught.value.permanent) == ("apprise.failed", False)
    assert [request.path for request in receiver.requests] == ["/room"]


@pytest.mark.parametrize("service", sorted(NEVER | {"json", "form", "xmls"}))
def test_services_that_act_on_this_machine_cannot_be_offered(service: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build(ChannelSettings("", "t@example.org", "T", apprise_services=("slack", service)))
    assert caught.value.code == "apprise.service"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("json://127.0.0.1/", "apprise.service"),
        ("exec:///bin/sh", "apprise.service"),
        ("syslog://", "apprise.service"),
        ("mailto://user:pass@example.org", "apprise.service"),
        ("file:///etc/passwd", "apprise.service"),
        ("slack://", "apprise.address"),
        ("slack://x\r\n", "apprise.address"),
        ("nonsense", "apprise.address"),
        ("https://example.org/", "apprise.address"),
        ("slack://T1JJ3T3L2/" + "x" * 3000, "apprise.address"),
    ],
    ids=range(10),
)
def test_addresses_of_other_services_and_of_none_are_refused(address: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        shipped().check_address(address)
    assert caught.value.code == code
    with pytest.raises(DeliveryError) as failed:
        shipped().deliver(message(address))
    assert failed.value.permanent


def test_every_service_that_is_shipped_exists_in_apprise() -> None:
    import apprise

    offered = {
        scheme
        for each in apprise.Apprise().details()["schemas"]
        for scheme in [*(each["protocols"] or []), *(each["secure_protocols"] or [])]
    }
    assert set(CHAT_SERVICES) - offered == set()


@pytest.mark.parametrize(
    "address", [SLACK, "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "matrixs://u:p@chat.example.org/#room"]
)
def test_the_address_that_a_service_shows_is_recognised(address: str) -> None:
    assert shipped().recognises(address)
    assert shipped().check_address(f" {address}") == address


def test_another_softwares_webhook_is_no_chat_room() -> None:
    assert not shipped().recognises("https://example.org/hook")


def test_a_room_on_a_server_inside_is_refused_for_good_and_nothing_is_sent(receiver: Receiver) -> None:
    channel = AppriseChannel(("json",), policy=OutwardPolicy(), look_up=lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(DeliveryError) as caught:
        channel.deliver(message("json://chat.example.org:443/room"))
    channel.close()
    assert (caught.value.code, caught.value.permanent) == ("outward.private", True)
    assert receiver.requests == []


def test_a_port_that_is_none_of_theirs_is_refused() -> None:
    channel = AppriseChannel(("json",), policy=OutwardPolicy(), look_up=lambda _host, _port: ["93.184.216.34"])
    with pytest.raises(DeliveryError) as caught:
        channel.deliver(message("json://chat.example.org:6379/room"))
    channel.close()
    assert (caught.value.code, caught.value.permanent) == ("outward.port", True)


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(receiver: Receiver) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    channel = AppriseChannel(("json",), policy=INSIDE, look_up=rebinding)
    channel.deliver(message(f"json://rebind.example.org:{receiver.port}/room"))
    channel.close()
    assert asked == ["rebind.example.org"]
    assert len(receiver.requests) == 1


def test_the_guard_leaves_everybody_else_alone(receiver: Receiver) -> None:
    with guarded(OutwardPolicy()) as refused, pytest.raises(requests.ConnectionError):
        requests.get(receiver.url, timeout=5)
    assert [error.code for error in refused] == ["outward.port"]
    assert requests.get(receiver.url, timeout=5).status_code == 200
