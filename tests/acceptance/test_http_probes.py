"""Probes against a real service on loopback that misbehaves in every way a service can."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.errors import ConfigurationError
from tocsin.observations.rules.model import ProbeResult
from tocsin.plugins.probes.http import running
from tocsin.plugins.probes.http.probe import HttpProbe, read_probes
from tocsin.plugins.probes.http.running import run_due

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)


class Handler(BaseHTTPRequestHandler):
    """Misbehaves on every path in its own way."""

    @property
    def service(self) -> "Service":
        return cast("Server", self.server).service

    def do_GET(self) -> None:
        self.service.asked.append((self.path, self.headers["Host"]))
        getattr(self, f"go_{self.path.strip('/')}")()

    def answer(self, status: int, body: bytes = b"all is well", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def go_well(self) -> None:
        self.answer(200)

    def go_slow(self) -> None:
        self.service.over.wait(0.3)
        self.answer(200)

    def go_failing(self) -> None:
        self.answer(503)

    def go_redirecting(self) -> None:
        self.answer(302, Location="/well")

    def go_hanging(self) -> None:
        self.service.over.wait(20)

    def go_trickling(self) -> None:
        # A byte now and then keeps every time limit for a single read from striking.
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.service.over.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def go_flooding(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.service.over.is_set():
            self.wfile.write(bytes(65536))

    def go_babbling(self) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")

    def go_hanging_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    service: "Service"

    def handle_error(self, *_: Any) -> None:
        pass  # the probe hung up, as it should


class Service:
    """A misbehaving service on loopback; `asked` lists what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.over = threading.Event()

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.service = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    running_service = Service()
    yield running_service
    running_service.stop()


@pytest.fixture(autouse=True)
def resolve_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    # The container may list ::1 first, where nobody listens.
    monkeypatch.setattr(running, "addresses_of", lambda _host, _port: ["127.0.0.1"])


def probe(url: str, **changed: Any) -> HttpProbe:
    return replace(HttpProbe(id="p", service="sts", url=url, timeout_s=2.0), **changed)


def run(*probes: HttpProbe, may_reach_private: bool = True) -> list[ProbeResult]:
    results, _ = run_due(probes, clock=FixedClock(NOW), last={}, may_reach_private=may_reach_private)
    return list(results)


def test_a_service_that_works_is_seen_to_work(service: Service) -> None:
    (result,) = run(probe(f"{service.url}/well", function="open_session", expect_text="is well"))

    assert result == ProbeResult(
        at=NOW,
        probe="p",
        service="sts",
        function="open_session",
        is_ok=True,
        duration_ms=result.duration_ms,
        detail="200 OK",
    )
    assert 0 < result.duration_ms < 1500
    assert service.asked[-1] == ("/well", service.url.removeprefix("http://"))


def test_a_slow_service_works_and_its_slowness_shows(service: Service) -> None:
    (result,) = run(probe(f"{service.url}/slow"))
    assert result.is_ok
    assert result.duration_ms >= 300


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("failing", "503 Service Unavailable instead of 200"),
        ("redirecting", "302 Found instead of 200"),
        ("babbling", "no valid answer (RemoteProtocolError"),
        ("hanging_up", "no valid answer (RemoteProtocolError"),
    ],
)
def test_a_service_that_answers_wrongly_fails(service: Service, path: str, detail: str) -> None:
    (result,) = run(probe(f"{service.url}/{path}"))
    assert not result.is_ok
    assert result.detail.startswith(detail)


def test_a_redirect_is_an_answer_and_not_followed(service: Service) -> None:
    before = len(service.asked)
    (result,) = run(probe(f"{service.url}/redirecting", expect_status=302))
    assert result.is_ok
    assert [path for path, _ in service.asked[before:]] == ["/redirecting"]


@pytest.mark.parametrize("path", ["hanging", "trickling"])
def test_nothing_stretches_the_deadline(service: Service, path: str) -> None:
    (result,) = run(probe(f"{service.url}/{path}", timeout_s=0.4))
    assert not result.is_ok
    assert result.detail == "timeout: no whole answer within 0.4 s"
    assert 350 <= result.duration_ms < 1500


def test_an_endless_body_is_read_no_further_than_needed(service: Service) -> None:
    (result,) = run(probe(f"{service.url}/flooding", expect_text="never there"))
    assert not result.is_ok
    assert result.detail == "200 OK, but the expected text is missing"


def test_a_service_that_refuses_connections_fails() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (result,) = run(probe(f"http://localhost:{unused.getsockname()[1]}/"))
    assert not result.is_ok
    assert result.detail.startswith("no connection")


def test_a_name_that_does_not_resolve_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(running, "addresses_of", unknown)
    (result,) = run(probe("http://nowhere.invalid/"))
    assert (result.is_ok, result.detail) == (False, "the name cannot be resolved")


def test_a_name_server_that_hangs_does_not_stretch_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(running, "addresses_of", lambda _host, _port: (over.wait(5) and []) or ["127.0.0.1"])
    (result,) = run(probe("http://slow.invalid/", timeout_s=0.2))
    over.set()
    assert result.detail.startswith("timeout")
    assert result.duration_ms < 1500


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"],  # noqa: S104  an address to refuse
)
def test_private_addresses_are_not_reached_unless_allowed(
    service: Service, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(running, "addresses_of", lambda _host, _port: ["93.184.216.34", address])
    before = len(service.asked)
    (result,) = run(probe(f"{service.url}/well"), may_reach_private=False)
    assert not result.is_ok
    assert "not a public address" in result.detail
    assert len(service.asked) == before


def test_many_probes_run_at_once(service: Service) -> None:
    slow = [probe(f"{service.url}/hanging", id=f"p{number}", timeout_s=0.5) for number in range(10)]
    assert [result.probe for result in run(*slow)] == [f"p{number}" for number in range(10)]
    assert max(result.duration_ms for result in run(*slow)) < 2500


def test_each_probe_runs_at_its_own_interval(service: Service) -> None:
    often, seldom = probe(f"{service.url}/well", id="often", interval_s=10), probe(f"{service.url}/well", id="seldom")
    last: dict[str, datetime] = {}
    ran = []
    for seconds in (0, 5, 10, 60):
        clock = FixedClock(NOW + timedelta(seconds=seconds))
        results, last = run_due((often, seldom), clock=clock, last=last, may_reach_private=True)
        ran.append([result.probe for result in results])
    assert ran == [["often", "seldom"], [], ["often"], ["often", "seldom"]]


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(Path(__file__).parents[2] / "packs" / "belgium")


GOOD = '[[probes]]\nid = "a"\nservice = "sts"\nurl = "https://sts.example/"\n'


def test_the_list_of_probes_is_read(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "probes.toml"
    path.write_text(GOOD + 'function = "open_session"\ninterval_s = 30\nexpect_text = "ready"\n')
    (found,) = read_probes(path, pack=pack)
    assert found == HttpProbe(
        id="a", service="sts", url="https://sts.example/", function="open_session", interval_s=30, expect_text="ready"
    )
    assert found.interval == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[[probes", "probes.unreadable"),
        ('[[probes]]\nid = "a"\n', "probes.missing"),
        (GOOD + "speed = 3\n", "probes.unknown"),
        (GOOD + 'timeout_s = "5"\n', "probes.kind"),
        (GOOD + "expect_text = 5\n", "probes.kind"),
        (GOOD + "timeout_s = 600\n", "probes.time"),
        (GOOD + "interval_s = 1\n", "probes.time"),
        (GOOD.replace("https://", "ftp://"), "probes.url"),
        (GOOD.replace("https://", "https://user:secret@"), "probes.url"),
        (GOOD.replace('"sts"', '"nonesuch"'), "probes.unknown_id"),
        (GOOD + 'function = "nonesuch"\n', "probes.unknown_id"),
        (GOOD + GOOD, "probes.twice"),
    ],
)
def test_a_bad_list_of_probes_says_what_to_mend(tmp_path: Path, pack: Pack, content: str, code: str) -> None:
    path = tmp_path / "probes.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        read_probes(path, pack=pack)
    assert caught.value.code == code
    assert str(path) in caught.value.where
