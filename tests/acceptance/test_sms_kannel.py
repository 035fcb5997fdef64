"""Text messages through Debian's Kannel: its gateway over HTTP to its own fake SMSC, and its SMPP emulator."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from announcements import at
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Letter, Message
from tocsin.plugins.channels.sms.channel import build
from tocsin.plugins.channels.sms.file import ProviderSettings
from tocsin.plugins.channels.sms.ports import Sms
from tocsin.plugins.channels.sms.smpp import SmppProvider

TOOLS = Path("/usr/lib/kannel/test")
SMSBOX_PORT = 13001
"""Kannel's emulator looks for a gateway there and cannot be told otherwise."""

pytestmark = pytest.mark.skipif(
    shutil.which("bearerbox") is None or not (TOOLS / "fakesmsc").exists(),
    reason="Kannel is not here (apt-get install kannel kannel-extras)",
)

GATEWAY = """
group = core
admin-port = {admin}
smsbox-port = {inner}
admin-password = x
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {inner}
sendsms-port = {http}

group = sendsms-user
username = tocsin
password = secret
concatenation = true
max-messages = 6

group = sms-service
keyword = default
text = none
"""

SMS_FILE = """
sender = "Tocsin"
[[providers]]
name = "kannel"
kind = "http"
url = "http://127.0.0.1:{http}/cgi-bin/sendsms"
format = "query"
user = "tocsin"
secret_file = "{secret}"
success = "^0: Accepted"
[providers.body]
username = "{{user}}"
password = "{{secret}}"
from = "{{sender}}"
to = "{{to}}"
charset = "utf-8"
coding = "{{coding}}"
text = "{{text}}"
"""


def free_ports(count: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in opened]
    for each in opened:
        each.close()
    return ports


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError(what)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str | Path) -> Path:
        log = tmp_path / f"{Path(command[0]).name}.log"
        with log.open("wb") as file:
            started.append(subprocess.Popen(command, stdout=file, stderr=file, cwd=tmp_path))
        return log

    yield start
    for each in reversed(started):
        each.terminate()
    for each in started:
        each.wait(10)


def message(text: str, *, key: str = "k") -> Message:
    letter = Letter(language="fr", subject="Sujet", headline="Rien ne va.", sections=())
    return Message(key, "+32470123456", at(1), "t", letter, sms=text)


def test_kannels_gateway_hands_our_messages_to_its_smsc(tmp_path: Path, run: Callable[..., Path]) -> None:
    names = ("admin", "inner", "smsc", "http")
    ports = dict(zip(names, free_ports(4), strict=True))
    (tmp_path / "gateway.conf").write_text(GATEWAY.format(**ports))
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "sms.toml").write_text(SMS_FILE.format(secret=tmp_path / "secret", **ports))
    run("bearerbox", "gateway.conf")
    wait_until(lambda: listens(ports["inner"]), "the gateway did not start")
    wait_until(lambda: listens(ports["smsc"]), "the gateway did not open its SMSC")
    run("smsbox", "gateway.conf")
    smsc = run(TOOLS / "fakesmsc", "-H", "127.0.0.1", "-r", str(ports["smsc"]), "-m", "0", "1 2 text none")
    wait_until(lambda: listens(ports["http"]), "the gateway takes no messages")
    wait_until(lambda: "Connecting" in smsc.read_text(errors="replace"), "the SMSC did not connect")

    channel = build(ChannelSettings("", "t@example.org", "T", sms_file=str(tmp_path / "sms.toml")))
    assert channel is not None
    channel.deliver(message("Exercice: délivrance [1]"))
    channel.deliver(message("ж", key="other"))
    (tmp_path / "secret").write_text("wrong")
    refused = build(ChannelSettings("", "t@example.org", "T", sms_file=str(tmp_path / "sms.toml")))
    assert refused is not None
    with pytest.raises(DeliveryError, match="HTTP 403"):
        refused.deliver(message("never", key="third"))
    channel.close()
    refused.close()

    def arrived() -> list[str]:
        return re.findall(r"Got message \d+: <(.*)>", smsc.read_text(errors="replace"))

    wait_until(lambda: len(arrived()) == 2, "the messages did not arrive")
    assert arrived() == ["Tocsin +32470123456 text Exercice: délivrance [1]", "Tocsin +32470123456 ucs-2 %046"]


@pytest.mark.skipif(not (TOOLS / "drive_smpp").exists(), reason="Kannel's SMPP emulator is not here (kannel-extras)")
def test_kannels_smpp_takes_what_we_submit(run: Callable[..., Path]) -> None:
    if listens(SMSBOX_PORT):
        pytest.skip(f"port {SMSBOX_PORT}, which Kannel's emulator needs, is taken")
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", SMSBOX_PORT)):
        log = run(TOOLS / "drive_smpp", "-v", "0", "-p", str(port), "-m", "9")
        wait_until(lambda: "accept_thread" in log.read_text(errors="replace"), "the emulator did not start")
        provider = SmppProvider(
            ProviderSettings("kannel", "smpp", sender="Tocsin", user="foo", secret="bar", host="127.0.0.1", port=port)
        )
        wait_until(lambda: listens_after(provider), "the emulator takes no messages")
        provider.send(Sms("+32470123456", "Panne [2]", "ab13"))
        provider.close()
        wait_until(lambda: "type unbind" in log.read_text(errors="replace"), "the emulator was not told goodbye")
    texts = re.findall(r"submit_sm: short_message = <(.*)>", log.read_text(errors="replace"))
    assert texts == ["Panne [1]".replace("[", "\x1b<").replace("]", "\x1b>"), "Panne \x1b<2\x1b>"]


def listens_after(provider: SmppProvider) -> bool:
    """Send the first message once the emulator listens; it takes one connection only, which a knock would use up."""
    try:
        provider.send(Sms("+32470123456", "Panne [1]", "ab12"))
    except DeliveryError:
        return False
    return True
