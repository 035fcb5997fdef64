"""The public word outlives the platform: everything but the file server is killed, and readers still read."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from nginx_server import nginx_server, program
from served import Served, until

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    running = Served(tmp_path / "data")
    try:
        until(running.is_ready)
        until(running.has_pages)
        yield running
    finally:
        for pid in family(running):
            os.kill(pid, signal.SIGKILL)
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait(10)


def family(running: Served) -> list[int]:
    """Every process on its data folder, whoever is its parent by now."""
    folder = str(running.data_folder)
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and int(place.name) != os.getpid():
            try:
                environment, command = (place / "environ").read_bytes(), (place / "cmdline").read_bytes()
            except OSError:
                continue
            if f"TOCSIN_DATA_FOLDER={folder}\0".encode() in environment + b"\0" and b"tocsin" in command:
                found.append(int(place.name))
    return found


def kill_all_but_the_file_server(running: Served) -> None:
    pages = running.number_of("pages")
    running.process.kill()
    for pid in family(running):
        if pid != pages:
            os.kill(pid, signal.SIGKILL)
    running.process.wait(10)
    (running.data_folder / "tocsin.sqlite3").rename(running.data_folder / "gone.sqlite3")


def shown(answer: httpx.Response) -> dict[str, Any]:
    stamp: dict[str, Any] = answer.raise_for_status().json()
    return stamp


def test_the_embedded_site_stays_when_all_else_is_killed(served: Served) -> None:
    before = shown(served.get("/site/version.json"))
    kill_all_but_the_file_server(served)

    for path in ("/site/", "/site/fr/", "/site/nl/doctor/", "/site/status.json", "/site/assets/refresh.js"):
        answer = served.get(path)
        assert answer.status_code == 200, path
    after = shown(served.get("/site/version.json"))
    assert after["version"] >= before["version"]
    page = served.get("/site/en/doctor/").text
    assert after["valid_until"] in page, "a page says itself until when it holds; its script turns it to unknown then"
    refused = served.get("/console/")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert served.get("/site/nothing-here").status_code == 404


def test_the_next_start_takes_the_port_over_from_a_file_server_left_behind(served: Served) -> None:
    left = served.number_of("pages")
    served.process.kill()
    served.process.wait(10)
    again = Served(served.data_folder)
    try:
        until(again.is_ready)
        assert left not in family(again)
    finally:
        assert again.stop() == 0


def test_nginx_goes_on_showing_the_site_of_a_platform_that_is_gone(served: Served, tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("no nginx: apt-get install nginx (tools/setup.sh test does)")
    place = tmp_path / "nginx"
    place.mkdir()
    with nginx_server(place, root=served.data_folder / "site") as (port, _):
        address = f"http://127.0.0.1:{port}"
        kill_all_but_the_file_server(served)
        answer = httpx.get(f"{address}/fr/doctor/", headers={"Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
        again = httpx.get(
            f"{address}/fr/doctor/", headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304
        assert httpx.get(f"{address}/nothing-here").status_code == 404


def test_nginx_and_the_file_server_say_the_same_of_every_kind_of_file(served: Served, tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("no nginx: apt-get install nginx (tools/setup.sh test does)")
    place = tmp_path / "nginx"
    place.mkdir()
    told = [
        "content-type",
        "content-encoding",
        "cache-control",
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "x-frame-options",
        "content-language",
        "access-control-allow-origin",
        "cross-origin-resource-policy",
    ]
    with nginx_server(place, root=served.data_folder / "site") as (port, _):
        site = served.data_folder / "site"
        kinds = {
            path.suffix: path for path in sorted(site.resolve().rglob("*")) if path.suffix not in {"", ".gz", ".br"}
        }
        for path in kinds.values():
            name = str(path.relative_to(site.resolve()))
            headers = {"Accept-Encoding": "gzip"}
            theirs = httpx.get(f"http://127.0.0.1:{port}/{name}", headers=headers)
            ours = httpx.get(f"http://127.0.0.1:{served.port}/site/{name}", headers=headers)
            assert {key: ours.headers.get(key) for key in told} == {key: theirs.headers.get(key) for key in told}, name
            assert ours.content == theirs.content, name
            assert ours.headers["vary"] == "Accept-Encoding"
