"""Calls to addresses that strangers gave, against a real server on loopback that misbehaves."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from http_receiver import Receiver, http_receiver
from tls_pair import certificates
from tocsin.kernel.addresses import Origin, OutwardPolicy, OutwardUrl, outward_url
from tocsin.kernel.errors import DeliveryError
from tocsin.kernel.outward import NOT_SENT, UNANSWERED, Answer, Outward, _Timed
from tocsin.plugins.channels.keys import kept_key

INSIDE = OutwardPolicy(may_reach_private=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def caller() -> Iterator[Callable[..., Outward]]:
    built: list[Outward] = []

    def build(policy: OutwardPolicy = INSIDE, **given: Any) -> Outward:
        built.append(Outward(policy, **given))
        return built[-1]

    yield build
    for each in built:
        each.close()


def send(receiver: Receiver, outward: Outward, *, path: str = "/x", may_repeat: bool = False) -> Answer:
    url = outward_url(f"{receiver.url}{path}", policy=INSIDE)
    return outward.send(url, body=b"hello", headers={"X-Say": "hello"}, may_repeat=may_repeat)


def failure(receiver: Receiver, outward: Outward) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(receiver, outward)
    return caught.value


def test_what_is_sent_arrives_and_the_answer_comes_back(receiver: Receiver, caller: Callable[..., Outward]) -> None:
    receiver.otherwise = (202, b'{"id":1}')
    answer = send(receiver, caller(), path="/a?b=c")
    (request,) = receiver.requests
    assert (answer.status, answer.body) == (202, b'{"id":1}')
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c", b"hello")
    assert (request.headers["x-say"], request.headers["host"]) == ("hello", f"127.0.0.1:{receiver.port}")


def test_one_connection_serves_many_requests_until_it_is_closed(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    outward = caller()
    for _ in range(3):
        send(receiver, outward)
    outward.close()
    send(receiver, outward)
    connections = [request.connection for request in receiver.requests]
    assert len(set(connections[:3])) == 1
    assert connections[3] != connections[0]


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver, caller: Callable[..., Outward]) -> None:
    receiver.otherwise = "redirect"
    assert send(receiver, caller()).status == 302
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("misbehaviour", ["hang", "trickle"])
def test_nothing_stretches_the_deadline(receiver: Receiver, misbehaviour: str, caller: Callable[..., Outward]) -> None:
    receiver.otherwise = misbehaviour
    began = time.monotonic()
    assert failure(receiver, caller(at_most_s=0.4)).code == UNANSWERED
    assert time.monotonic() - began < 2


def test_an_answer_without_end_is_read_no_further_than_needed(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    receiver.answers = ["flood"]
    outward = caller()
    assert len(send(receiver, outward).body) == 64 * 1024
    assert send(receiver, outward).status == 200
    assert receiver.requests[0].connection != receiver.requests[1].connection


def test_a_server_that_hangs_up_may_have_taken_it(receiver: Receiver, caller: Callable[..., Outward]) -> None:
    receiver.otherwise = "hang up"
    error = failure(receiver, caller())
    assert (error.code, error.permanent) == (UNANSWERED, False)


def test_on_a_connection_that_died_meanwhile_it_is_said_again_only_where_a_copy_can_be_told(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    patient, outward = caller(), caller()
    for each in (patient, outward):
        send(receiver, each)
    receiver.answers = ["hang up"]
    assert send(receiver, patient, may_repeat=True).status == 200
    receiver.answers = ["hang up"]
    assert failure(receiver, outward).code == UNANSWERED


def test_where_nobody_listens_nothing_was_sent(caller: Callable[..., Outward]) -> None:
    with http_receiver() as gone:
        pass
    error = failure(gone, caller())
    assert (error.code, error.permanent) == (NOT_SENT, False)


def test_a_name_that_resolves_inside_is_refused_for_good_and_nothing_is_sent(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    outward = caller(OutwardPolicy(), look_up=lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(DeliveryError) as caught:
        outward.send(OutwardUrl(Origin("https", "example.org", 443), "/"), body=b"", headers={})
    assert (caught.value.code, caught.value.permanent) == ("outward.private", True)
    assert receiver.requests == []


def test_a_name_that_is_rebound_between_check_and_connection_is_asked_only_once(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    outward = caller(look_up=rebinding)
    url = OutwardUrl(Origin("http", "rebind.example.org", receiver.port), "/")
    assert outward.send(url, body=b"", headers={}).status == 200
    assert outward.send(url, body=b"", headers={}).status == 200
    assert asked == ["rebind.example.org"]  # the connection went to what was checked, and was used again
    assert receiver.requests[0].headers["host"] == f"rebind.example.org:{receiver.port}"


def test_a_name_server_that_hangs_holds_nobody_up(caller: Callable[..., Outward]) -> None:
    over = threading.Event()
    outward = caller(look_up=lambda _host, _port: (over.wait(5) and []) or ["127.0.0.1"], at_most_s=0.2)
    began = time.monotonic()
    with pytest.raises(DeliveryError) as caught:
        outward.send(OutwardUrl(Origin("http", "slow.example.org", 80), "/"), body=b"", headers={})
    over.set()
    assert caught.value.code == NOT_SENT
    assert time.monotonic() - began < 2


def test_the_second_address_of_a_name_is_tried_when_the_first_does_not_answer(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    with http_receiver():
        outward = caller(look_up=lambda _host, _port: ["127.0.0.9", "127.0.0.1"])
        url = OutwardUrl(Origin("http", "two.example.org", receiver.port), "/")
        assert outward.send(url, body=b"", headers={}).status == 200


def test_a_server_that_speaks_no_tls_is_not_trusted_with_anything(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    outward = caller(at_most_s=2.0)
    with pytest.raises(DeliveryError) as caught:
        outward.send(OutwardUrl(Origin("https", "127.0.0.1", receiver.port), "/"), body=b"secret", headers={})
    assert caught.value.code == NOT_SENT
    assert receiver.requests == []


def test_a_pinned_connection_still_checks_the_name_in_the_certificate(
    caller: Callable[..., Outward], tmp_path: Path
) -> None:
    server, trust = certificates(tmp_path)
    with http_receiver(tls=server) as receiver:
        outward = caller(look_up=lambda _host, _port: ["127.0.0.1"], tls=trust, at_most_s=5.0)
        named = OutwardUrl(Origin("https", "localhost", receiver.port), "/")
        assert outward.send(named, body=b"secret", headers={}).status == 200
        assert outward.send(named, body=b"secret", headers={}).status == 200
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            outward.send(OutwardUrl(Origin("https", "other.example.org", receiver.port), "/"), body=b"s", headers={})
    assert caught.value.code == NOT_SENT
    assert len({request.connection for request in receiver.requests}) == 1
    assert len(receiver.requests) == 2


def test_a_server_named_by_an_ipv6_number_is_called_by_it(receiver: Receiver, caller: Callable[..., Outward]) -> None:
    outward = caller(look_up=lambda _host, _port: ["127.0.0.1"])
    outward.send(OutwardUrl(Origin("http", "::1", receiver.port), "/"), body=b"", headers={})
    assert receiver.requests[0].headers["host"] == f"[::1]:{receiver.port}"


def test_a_connection_that_was_closed_meanwhile_is_seen_before_anything_is_trusted_to_it(
    receiver: Receiver, caller: Callable[..., Outward]
) -> None:
    outward = caller()
    send(receiver, outward)
    (kept,) = outward._kept.values()
    assert isinstance(kept.sock, _Timed)
    kept.sock.inner.shutdown(socket.SHUT_RDWR)
    send(receiver, outward)
    assert len({request.connection for request in receiver.requests}) == 2


def test_processes_that_start_together_keep_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"

    def slower() -> bytes:
        path.write_bytes(b"the faster one's")
        return b"the slower one's"

    assert kept_key(path, slower) == b"the faster one's"
    assert kept_key(path, lambda: b"never made") == b"the faster one's"
    assert [each.name for each in path.parent.iterdir()] == ["key"]
