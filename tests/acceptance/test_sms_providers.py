"""Text messages against real providers on loopback: HTTP gateways and an SMSC that fail in every way they can."""

import json
import logging
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from smpplib import consts

from announcements import at
from http_receiver import Receiver, http_receiver
from smsc_server import ENQUIRE, Smsc, smsc_server
from tls_pair import certificates
from tocsin.kernel.errors import ConfigurationError, DeliveryError
from tocsin.kernel.outward import Outward
from tocsin.notifications.ports import UNREACHABLE, ChannelSettings
from tocsin.notifications.rules.model import Letter, Message
from tocsin.plugins.channels.sms import smpp
from tocsin.plugins.channels.sms.channel import SmsChannel, build
from tocsin.plugins.channels.sms.failover import FAILURES_TO_OPEN, FIRST_REST_S, Standing
from tocsin.plugins.channels.sms.file import OPERATORS, ProviderSettings, SmsSettings, read_settings
from tocsin.plugins.channels.sms.http import HttpProvider
from tocsin.plugins.channels.sms.ports import Provider, Sms
from tocsin.plugins.channels.sms.smpp import SmppProvider

BODY = {"to": "{to}", "from": "{sender}", "text": "{text}", "ref": "{reference}"}


def message(key: str = "b1|s1|sms", *, text: str = "Exercice: délivrance impossible") -> Message:
    letter = Letter(language="fr", subject="Délivrance impossible", headline="Rien ne va.", sections=())
    return Message(key, "+32470123456", at(1), "t", letter, sms=text)


@pytest.fixture
def first() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def second() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


def gateway(receiver: Receiver, name: str, **changes: Any) -> HttpProvider:
    given = ProviderSettings(name, "http", sender="Tocsin", url=f"{receiver.url}/sms", body=BODY)
    return HttpProvider(replace(given, **changes), outward=Outward(OPERATORS, at_most_s=0.4))


class Pair:
    """A channel over two gateways, on a clock that the test moves."""

    def __init__(self, *providers: Provider) -> None:
        self.now_s = 0.0
        self.channel = SmsChannel(SmsSettings(()), providers, standing=Standing(), clock_s=lambda: self.now_s)

    def failure(self, key: str = "k") -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            self.channel.deliver(message(key))
        return caught.value


@pytest.fixture
def pair(first: Receiver, second: Receiver) -> Iterator[Pair]:
    pair = Pair(gateway(first, "first"), gateway(second, "second"))
    yield pair
    pair.channel.close()


def test_the_first_that_works_carries_every_message(pair: Pair, first: Receiver, second: Receiver) -> None:
    for number in range(3):
        pair.channel.deliver(message(f"k{number}"))
    assert (len(first.requests), len(second.requests)) == (3, 0)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_refusal_that_may_pass_lets_the_second_carry_it(
    *, pair: Pair, first: Receiver, second: Receiver, status: int
) -> None:
    first.answers = [status]
    pair.channel.deliver(message())
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_one_that_cannot_be_reached_lets_the_second_carry_it_and_is_left_alone_until_it_has_rested(
    second: Receiver,
) -> None:
    with http_receiver() as gone:
        pair = Pair(gateway(gone, "first"), gateway(second, "second"))
    for number in range(FAILURES_TO_OPEN + 2):
        pair.channel.deliver(message(f"k{number}"))
    assert len(second.requests) == FAILURES_TO_OPEN + 2
    assert pair.channel._standing.circuits["first"].failures == FAILURES_TO_OPEN  # it was not asked any more
    pair.channel.close()


def test_once_it_has_rested_the_first_is_used_again(pair: Pair, first: Receiver, second: Receiver) -> None:
    first.answers = [503] * FAILURES_TO_OPEN
    for number in range(FAILURES_TO_OPEN + 1):
        pair.channel.deliver(message(f"k{number}"))
    assert (len(first.requests), len(second.requests)) == (FAILURES_TO_OPEN, FAILURES_TO_OPEN + 1)
    pair.now_s += FIRST_REST_S
    pair.channel.deliver(message("after"))
    pair.channel.deliver(message("and after"))
    assert (len(first.requests), len(second.requests)) == (FAILURES_TO_OPEN + 2, FAILURES_TO_OPEN + 1)


@pytest.mark.parametrize("answer", ["hang", "hang up", 500, 502, (200, b"<!DOCTYPE html><p>log in")])
def test_one_that_may_have_taken_it_is_the_only_one_ever_asked(
    *, pair: Pair, first: Receiver, second: Receiver, answer: Any
) -> None:
    first.answers = [answer]
    error = pair.failure()
    assert (error.code, error.permanent) == ("sms.unanswered", False)
    first.answers = [503]
    assert not pair.failure().permanent
    pair.channel.deliver(message("k"))
    assert (len(first.requests), second.requests) == (3, [])
    assert len({json.loads(request.body)["ref"] for request in first.requests}) == 1


def test_a_message_that_waits_for_its_provider_holds_up_no_other(pair: Pair, first: Receiver, second: Receiver) -> None:
    first.answers = ["hang up"] + [503] * (FAILURES_TO_OPEN - 1)
    assert pair.failure("tied").code == "sms.unanswered"
    for number in range(FAILURES_TO_OPEN + 1):
        assert pair.failure("tied").code == "sms.unanswered"  # not that the whole channel is unreachable
        pair.channel.deliver(message(f"k{number}"))
    assert len(second.requests) == FAILURES_TO_OPEN + 1
    pair.now_s += 1000
    pair.channel.deliver(message("tied"))


def test_a_number_that_both_refuse_is_refused_for_good_and_says_nothing_against_them(
    pair: Pair, first: Receiver, second: Receiver
) -> None:
    first.otherwise = second.otherwise = 422
    for number in range(FAILURES_TO_OPEN + 1):
        error = pair.failure(f"k{number}")
        assert (error.code, error.permanent) == ("sms.refused", True)
    assert len(first.requests) == FAILURES_TO_OPEN + 1


def test_a_number_that_one_refuses_and_the_other_cannot_say_is_tried_again(
    pair: Pair, first: Receiver, second: Receiver
) -> None:
    first.otherwise, second.otherwise = 422, 503
    error = pair.failure()
    assert (error.code, error.permanent) == ("sms.refused", False)


def test_when_neither_is_there_every_other_message_waits_too() -> None:
    with http_receiver() as one, http_receiver() as other:
        pair = Pair(gateway(one, "first"), gateway(other, "second"))
    codes = [pair.failure(f"k{number}").code for number in range(FAILURES_TO_OPEN + 1)]
    assert codes == [UNREACHABLE] * (FAILURES_TO_OPEN + 1)


def test_a_gateway_gets_what_its_template_asks_for(first: Receiver) -> None:
    provider = gateway(
        first,
        "first",
        user="tocsin",
        secret="open sesame",
        headers={"Authorization": "Basic {basic}", "X-Key": "{secret}"},
        body={
            "messages": [{"to": "{digits}", "text": "{text}", "ref": "{reference}", "flash": False}],
            "from": "{sender}",
        },
        success='"ok"',
    )
    first.answers = [(200, b'{"status":"ok"}')]
    provider.send(Sms("+32470123456", 'Dites "aïe" {secret}', "r1"))
    (request,) = first.requests
    assert json.loads(request.body) == {
        "messages": [{"to": "32470123456", "text": 'Dites "aïe" {secret}', "ref": "r1", "flash": False}],
        "from": "Tocsin",
    }
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"tocsin:open sesame"
    assert (request.headers["x-key"], request.headers["idempotency-key"]) == ("open sesame", "r1")
    provider.close()


@pytest.mark.parametrize(("shape", "method"), [("form", "POST"), ("query", "GET")])
def test_a_gateway_may_want_a_form_or_a_query(*, first: Receiver, shape: str, method: str) -> None:
    provider = gateway(first, "first", format=shape, body={"to": "{to}", "text": "{text}", "coding": "{coding}"})
    provider.send(Sms("+32470123456", "ê & co = é", "r1"))
    (request,) = first.requests
    sent = request.body.decode() if method == "POST" else urlsplit(request.path).query
    assert request.method == method
    assert parse_qs(sent) == {"to": ["+32470123456"], "text": ["ê & co = é"], "coding": ["2"]}
    provider.close()


def test_an_answer_that_is_no_success_although_its_status_says_so_is_a_refusal(
    first: Receiver, second: Receiver
) -> None:
    pair = Pair(gateway(first, "first", success='"ok"'), gateway(second, "second"))
    first.answers = [(200, b'{"status":"no credit"}')]
    pair.channel.deliver(message())
    assert len(second.requests) == 1
    pair.channel.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    with smsc_server() as smsc:
        yield smsc


def over_smpp(smsc: Smsc, **changes: Any) -> SmppProvider:
    given = ProviderSettings(
        "smpp", "smpp", sender="Tocsin", user="tocsin", secret=smsc.password, host="127.0.0.1", port=smsc.port
    )
    return SmppProvider(replace(given, **changes), step_s=0.5)


def test_smpp_submits_in_the_alphabet_of_telephones_and_keeps_its_connection(smsc: Smsc) -> None:
    provider = over_smpp(smsc, receipts=True)
    provider.send(Sms("+32470123456", "Délivrance: [1]", "ab12"))
    provider.send(Sms("+32470123457", "ê", "ab13"))
    provider.close()
    one, other = smsc.submitted
    assert (one.destination_addr, one.source_addr, one.dest_addr_ton) == (
        b"32470123456",
        b"Tocsin",
        consts.SMPP_TON_INTL,
    )
    assert (one.short_message, one.data_coding) == (b"D\x05livrance: \x1b<1\x1b>", consts.SMPP_ENCODING_DEFAULT)
    assert (other.short_message, other.data_coding) == (b"\x00\xea", consts.SMPP_ENCODING_ISO10646)
    assert (one.registered_delivery, one.user_message_reference, smsc.binds) == (1, 0xAB12, 1)


def test_a_long_text_is_sent_in_parts_that_belong_together(smsc: Smsc) -> None:
    provider = over_smpp(smsc)
    provider.send(Sms("+32470123456", "a" * 200, "ab12"))
    provider.close()
    headers = [part.short_message[:6] for part in smsc.submitted]
    assert [header[:3] + header[4:] for header in headers] == [b"\x05\x00\x03\x02\x01", b"\x05\x00\x03\x02\x02"]
    assert {part.esm_class for part in smsc.submitted} == {consts.SMPP_GSMFEAT_UDHI}
    assert sum(len(part.short_message) - 6 for part in smsc.submitted) == 200


def test_receipts_and_questions_of_the_provider_are_answered_on_the_way(smsc: Smsc) -> None:
    smsc.answers = ["ask"]
    provider = over_smpp(smsc, receipts=True)
    provider.send(Sms("+32470123456", "a", "ab12"))
    provider.close()
    wait_until(lambda: {ENQUIRE | 0x80000000, 0x80000005} <= set(smsc.heard))


def test_after_a_silence_the_provider_is_asked_whether_it_lives(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "SILENCE_S", -1.0)
    provider = over_smpp(smsc)
    provider.send(Sms("+32470123456", "a", "ab12"))
    provider.send(Sms("+32470123456", "b", "ab13"))
    provider.close()
    wait_until(lambda: smsc.heard.count(ENQUIRE) == 1)
    assert smsc.binds == 1


def test_a_link_that_died_in_silence_costs_nothing_but_a_new_one(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "SILENCE_S", -1.0)
    provider = over_smpp(smsc)
    provider.send(Sms("+32470123456", "a", "ab12"))
    assert provider._link is not None
    provider._link._socket.close()
    provider.send(Sms("+32470123456", "b", "ab13"))
    provider.close()
    assert smsc.binds == 2


@pytest.mark.parametrize(
    ("answer", "outcome", "permanent"),
    [
        (consts.SMPP_ESME_RINVDSTADR, "refused", True),
        (consts.SMPP_ESME_RTHROTTLED, "refused", False),
        (consts.SMPP_ESME_RSYSERR, "refused", False),
        ("hang", "unanswered", False),
        ("hang up", "unanswered", False),
    ],
)
def test_what_an_smsc_answers_is_sorted(smsc: Smsc, answer: Any, outcome: str, *, permanent: bool) -> None:
    from tocsin.plugins.channels.sms.ports import ProviderError

    smsc.answers = [answer]
    provider = over_smpp(smsc)
    with pytest.raises(ProviderError) as caught:
        provider.send(Sms("+32470123456", "a", "ab12"))
    provider.close()
    assert (caught.value.outcome, caught.value.permanent) == (outcome, permanent)


def test_a_second_part_that_is_refused_ties_the_message(smsc: Smsc, first: Receiver) -> None:
    smsc.answers = [0, consts.SMPP_ESME_RTHROTTLED]
    pair = Pair(over_smpp(smsc), gateway(first, "second"))
    with pytest.raises(DeliveryError, match="may have taken it"):
        pair.channel.deliver(message(text="a" * 200))
    pair.channel.close()
    assert first.requests == []


def test_a_wrong_password_lets_the_other_provider_carry_it_and_is_logged_nowhere(
    smsc: Smsc, first: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pair = Pair(over_smpp(smsc, secret="wrong-password"), gateway(first, "second"))
    pair.channel.deliver(message())
    pair.channel.close()
    assert len(first.requests) == 1
    assert "wrong-password" not in caplog.text
    assert b"wrong-password".hex() not in caplog.text


def test_smpp_over_tls_checks_whom_it_speaks_to(tmp_path: Path) -> None:
    server, trust = certificates(tmp_path)
    with smsc_server(tls=server) as smsc:
        given = ProviderSettings(
            "smpp", "smpp", sender="Tocsin", user="u", secret="secret", host="localhost", port=smsc.port, tls=True
        )
        trusted = SmppProvider(given, step_s=2.0, tls=trust)
        trusted.send(Sms("+32470123456", "a", "ab12"))
        trusted.close()
        assert len(smsc.submitted) == 1
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
            SmppProvider(given, step_s=2.0).send(Sms("+32470123456", "b", "ab13"))


FILE = """
sender = "Tocsin"
prefixes = ["+32", "+352"]

[[providers]]
name = "first"
kind = "http"
url = "https://sms.example.org/v1/messages"
secret_env = "SMS_SECRET"
headers = { Authorization = "Bearer {secret}" }
body = { to = "{to}", text = "{text}" }
permanent = [422]

[[providers]]
name = "second"
kind = "smpp"
host = "smsc.example.org"
user = "tocsin"
secret_file = "%s"
tls = true
"""


def written(folder: Path, text: str) -> Path:
    (folder / "secret").write_text("from a file\n")
    path = folder / "sms.toml"
    path.write_text(text % (folder / "secret") if "%s" in text else text)
    return path


def test_the_operators_file_is_read_with_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_SECRET", "from the environment")
    given = read_settings(written(tmp_path, FILE))
    assert [(each.name, each.kind, each.secret) for each in given.providers] == [
        ("first", "http", "from the environment"),
        ("second", "smpp", "from a file"),
    ]
    assert (given.prefixes, given.providers[0].permanent, given.providers[1].tls) == (("+32", "+352"), (422,), True)
    assert "from" not in repr(given.providers[0])


def test_the_channel_is_built_from_the_file_and_counts_what_a_message_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_SECRET", "x")
    settings = ChannelSettings("", "t@example.org", "T", sms_file=str(written(tmp_path, FILE)))
    channel, other = build(settings), build(settings)
    assert channel is not None
    assert other is not None
    assert channel._standing is other._standing  # what one lane learns of a provider, the others know
    assert [channel.units(message(text="a" * length)) for length in (160, 161, 400)] == [1, 2, 3]
    assert channel.check_address("+352 621 123 456") == "+352621123456"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("", "not = [toml"), "sms_file.unreadable"),
        (("", 'sender = "Tocsin"'), "sms_file.missing"),
        (('prefixes = ["+32", "+352"]', 'prefixes = ["32"]'), "sms_file.prefix"),
        (('prefixes = ["+32", "+352"]', "prefixes = 32"), "sms_file.kind"),
        (('prefixes = ["+32", "+352"]', "colour = 1"), "sms_file.unknown"),
        (('name = "second"', 'name = "first"'), "sms_file.twice"),
        (('kind = "smpp"', 'kind = "pigeon"'), "sms_file.kind"),
        (('name = "second"', "nom = 1"), "sms_file.unknown"),
        (('name = "second"\n', ""), "sms_file.missing"),
        (('host = "smsc.example.org"', ""), "sms_file.missing"),
        (('user = "tocsin"', 'user = "tocsin"\nport = "x"'), "sms_file.kind"),
        (('user = "tocsin"', 'user = "tocsin"\nport = true'), "sms_file.kind"),
        (('{ to = "{to}", text = "{text}" }', '{ to = "{to}" }'), "sms_file.template"),
        (('{ to = "{to}", text = "{text}" }', '{ to = "{to}", text = "{text}", x = "{colour}" }'), "sms_file.template"),
        (("https://sms.example.org/v1/messages", "sms.example.org"), "sms_file.url"),
        (('"SMS_SECRET"', '"ABSENT"'), "sms_file.secret"),
        (('secret_file = "%s"', 'secret_file = "/absent"'), "sms_file.secret"),
        (('sender = "Tocsin"', 'sender = "Täuschung"'), "sms_file.sender"),
        (('[[providers]]\nname = "first"', 'providers = ["x"]\n[other]\nname = "first"'), "sms_file.unreadable"),
    ],
    ids=range(19),
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(
    *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], code: str
) -> None:
    monkeypatch.setenv("SMS_SECRET", "x")
    path = written(tmp_path, FILE.replace(*change) if change[0] else change[1])
    with pytest.raises(ConfigurationError) as caught:
        read_settings(path)
    assert caught.value.code == code
    assert caught.value.where.startswith(str(path))
