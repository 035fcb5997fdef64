"""E-mail through Debian's postfix, from the outbox to a mailbox file; its unsubscribe link is posted for real."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from announcements import at, bulletin
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.models import Subscriber
from tocsin.notifications.queries import deliveries
from tocsin.notifications.rules.model import Subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WITHIN_S = 40.0
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
local_recipient_maps =
local_transport = virtual
virtual_mailbox_domains = practice.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/etc/readers
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def until(done: object, what: str) -> None:
    assert callable(done)
    deadline_s = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


@pytest.fixture
def postfix() -> Iterator[tuple[int, Path]]:
    """A postfix of its own: its port, and the folder in which mail arrives."""
    if shutil.which("postfix") is None or os.geteuid() != 0:
        pytest.skip("postfix is not installed, or this is not root, which its master process must be")
    before = os.umask(0o022)  # ours keeps the world out, and postfix's own processes are the world here
    folder = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    owner = shutil._get_uid("postfix")  # type: ignore[attr-defined]  # what shutil.chown itself uses
    group = shutil._get_gid("postfix")  # type: ignore[attr-defined]  # as above
    for name in ("etc", "spool", "data", "mail"):
        (folder / name).mkdir()
    for name in ("data", "mail"):
        os.chown(folder / name, owner, group)
    folder.chmod(0o755)
    (folder / "etc/main.cf").write_text(MAIN.format(folder=folder, uid=owner, gid=group))
    (folder / "etc/master.cf").write_text(MASTER.format(port=port))
    (folder / "etc/readers").write_text("/^reader[0-9]+@practice\\.example$/ box\n")
    command = ["postfix", "-c", str(folder / "etc"), "start-fg"]
    log = (folder / "log").open("wb")
    with subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process:
        try:
            until(lambda: answers(port), "postfix did not start")
            yield port, folder / "mail"
        finally:
            master = folder / "spool/pid/master.pid"
            if master.exists():
                os.kill(int(master.read_text()), signal.SIGTERM)
            process.terminate()
            process.wait(20)
    log.close()
    shutil.rmtree(folder)
    os.umask(before)


def mails(folder: Path) -> list[EmailMessage]:
    box = folder / "box"
    raw = box.read_bytes() if box.exists() else b""
    return [message_from_bytes(b"From " + each, policy=default) for each in raw.split(b"From alarm@")[1:]]


def test_what_postfix_delivers_is_whole_and_its_link_leaves_in_one_click(
    postfix: tuple[int, Path], settings: Settings, live_server: LiveServer
) -> None:
    port, folder = postfix
    settings.CONFIGURATION = replace(
        settings.CONFIGURATION,
        smtp_url=f"smtp://127.0.0.1:{port}",
        mail_from="alarm@tocsin.example",
        base_url=live_server.url,
    )
    for name in ("reader1", "reader2", "nobody"):
        services.add_subscriber(
            address=f"{name}@practice.example", language="fr", wish=Subscription("pharmacist"), by="test", now=at(-60)
        )
    services.enqueue(bulletin(), now=at(3))
    assert services.work(FixedClock(at(5))) == 2
    counts = deliveries("2026-03-02-1-b1")
    assert (counts.sent, counts.failed) == (2, 1), "postfix knows nobody of the third name, and says so for good"
    until(lambda: len(mails(folder)) == 2, "the mails did not arrive")
    by_reader = {mail["To"]: mail for mail in mails(folder)}
    assert sorted(by_reader) == ["reader1@practice.example", "reader2@practice.example"]
    mail = by_reader["reader1@practice.example"]
    assert mail["Subject"] == "[Démonstration non officielle] Dispensing fails fr"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = mail["List-Unsubscribe"].strip("<>")
    for part in mail.iter_parts():
        assert isinstance(part, EmailMessage)
        assert leave in part.get_content()
    request = urllib.request.Request(leave, data=b"List-Unsubscribe=One-Click", method="POST")  # noqa: S310  our own
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  as above
        assert answer.status == 200
    assert Subscriber.objects.get(address="reader1@practice.example").left_at is not None
    assert Subscriber.objects.get(address="reader2@practice.example").left_at is None
