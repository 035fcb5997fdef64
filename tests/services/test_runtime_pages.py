"""The file server: pages from memory, whole and in the form the reader likes; all else goes to the application."""

import asyncio
import socket
import sys
import tempfile
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import brotli
import httpx
import pytest

from tocsin.kernel.peers import address_in
from tocsin.plugins.targets.folder.target import FolderTarget
from tocsin.runtime.pages import connection as speaking
from tocsin.runtime.pages import passage as passing
from tocsin.runtime.pages import shelf as shelving
from tocsin.runtime.pages.coding import accepted
from tocsin.runtime.pages.connection import Connection, House
from tocsin.runtime.pages.passage import Passage
from tocsin.runtime.pages.shelf import Shelf
from tocsin.status_site.compression import Press

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OFFERED = ("br", "zstd", "gzip")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ("identity",)),
        ("gzip", ("gzip", "identity")),
        ("gzip, deflate, br, zstd", ("br", "zstd", "gzip", "identity")),
        ("gzip;q=1.0, br;q=0.5", ("gzip", "br", "identity")),
        ("GZIP ; Q=0.5 , zstd;q=0.8", ("zstd", "gzip", "identity")),
        ("br;q=0, *;q=0.3", ("zstd", "gzip", "identity")),
        ("*", ("br", "zstd", "gzip", "identity")),
        ("gzip;q=much, br;level=3", ("br", "identity")),
        (",,;q=1", ("identity",)),
        ("br;q=7, gzip;q=-1", ("br", "identity")),
    ],
)
def test_the_coding_a_reader_likes_best_comes_first(header: str, expected: tuple[str, ...]) -> None:
    assert accepted(header, OFFERED) == expected


def page(number: int) -> bytes:
    return f"<p>Version {number} : rien à signaler.</p>".encode() * 60


@dataclass
class Published:
    target: FolderTarget
    press: Press

    def publish(self, number: int, **more: bytes) -> None:
        files = {
            "index.html": page(number),
            "fr/index.html": page(number),
            "status.json": b'{"version": %d}' % number,
            "404.html": b"<p>Not here.</p>",
            **{name.replace("__", "."): content for name, content in more.items()},
        }
        self.target.publish(self.press.packed(files), version=number)


@pytest.fixture
def site(tmp_path: Path) -> Published:
    published = Published(FolderTarget(tmp_path / "site"), Press())
    published.publish(1)
    return published


@contextmanager
def looping(begin: Callable[[], Awaitable[asyncio.Server]]) -> Iterator[asyncio.Server]:
    """Run what `begin` starts in a thread; ends every connection and task with the block."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_begun(begin))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _begun(begin: Callable[[], Awaitable[asyncio.Server]]) -> asyncio.Server:
    return await begin()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.01)


@contextmanager
def serving(site: Path, application: Path) -> Iterator[tuple[str, House]]:
    """Run the file server in a thread; yields its address and its house."""
    houses: list[House] = []

    async def begin() -> asyncio.Server:
        house = House(Shelf(site), Passage(str(application)))
        house.shelf.look()
        houses.append(house)
        return await asyncio.get_running_loop().create_server(lambda: Connection(house), "127.0.0.1", 0)

    with looping(begin) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", houses[0]
        server.get_loop().call_soon_threadsafe(_close_all, houses[0])
    houses[0].passage.close()


def _close_all(house: House) -> None:
    for one in tuple(house.connections):
        one._transport.abort()


@pytest.fixture
def served(site: Published, tmp_path: Path) -> Iterator[tuple[str, House]]:
    with serving(site.target.folder, tmp_path / "nobody.sock") as running:
        yield running


@pytest.mark.parametrize(("coding", "suffix"), [("br", ".br"), ("gzip", ".gz"), ("identity", "")])
def test_a_page_comes_in_its_prepared_form(
    site: Published, served: tuple[str, House], coding: str, suffix: str
) -> None:
    with (
        httpx.Client() as client,
        client.stream("GET", f"{served[0]}/site/fr/", headers={"Accept-Encoding": coding}) as answer,
    ):
        sent = b"".join(answer.iter_raw())
    assert sent == (site.target.folder / f"fr/index.html{suffix}").read_bytes()
    assert answer.headers.get("content-encoding", "identity") == coding
    assert int(answer.headers["content-length"]) == len(sent)
    assert (answer.headers["content-type"], answer.headers["content-language"]) == ("text/html; charset=utf-8", "fr")
    assert "date" in answer.headers


def test_zstd_is_made_when_it_is_asked_for(served: tuple[str, House]) -> None:
    with (
        httpx.Client() as client,
        client.stream("GET", f"{served[0]}/site/fr/", headers={"Accept-Encoding": "zstd"}) as answer,
    ):
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "zstd"
    assert zstd.decompress(sent) == page(1)


def test_what_is_no_smaller_comes_as_it_is(served: tuple[str, House]) -> None:
    answer = httpx.get(f"{served[0]}/site/404.html", headers={"Accept-Encoding": "zstd, br"})
    assert (answer.status_code, "content-encoding" in answer.headers) == (200, False)


def test_other_sites_may_read_documents_and_not_pages(served: tuple[str, House]) -> None:
    assert httpx.get(f"{served[0]}/site/status.json").headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in httpx.get(f"{served[0]}/site/fr/").headers


def test_who_has_the_page_is_told_so_and_a_switch_changes_the_tag(site: Published, served: tuple[str, House]) -> None:
    address, house = served
    tags = {}
    for coding in ("br", "gzip", "zstd", "identity"):
        tags[coding] = httpx.get(f"{address}/site/fr/", headers={"Accept-Encoding": coding}).headers["etag"]
        held = {"Accept-Encoding": coding, "If-None-Match": f'"other", {tags[coding]}'}
        again = httpx.get(f"{address}/site/fr/", headers=held)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tags[coding])
    assert len(set(tags.values())) == 4, "each form has a tag of its own"
    site.publish(2)
    house.shelf.look()
    answer = httpx.get(f"{address}/site/fr/", headers={"Accept-Encoding": "br", "If-None-Match": tags["br"]})
    assert (answer.status_code, answer.content) == (200, page(2))


def test_head_has_no_body(served: tuple[str, House]) -> None:
    answer = httpx.head(f"{served[0]}/site/fr/", headers={"Accept-Encoding": "identity"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(page(1))


def test_a_folder_without_its_slash_leads_to_the_one_with_it(served: tuple[str, House]) -> None:
    answer = httpx.get(f"{served[0]}/site/fr")
    assert (answer.status_code, answer.headers["location"]) == (301, "fr/")


@pytest.mark.parametrize(
    "path",
    ["nothing.html", "../secret-key", ".hidden", "fr//", "fr/../../secret-key", "fr/index.html.gz", "fr/index.html.br"],
)
def test_what_is_not_a_page_is_not_there(served: tuple[str, House], path: str) -> None:
    said = asked(served[0], f"GET /site/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert said.endswith(b"<p>Not here.</p>")


def asked(address: str, request: bytes) -> bytes:
    """What comes back on a bare connection until it is closed."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as reader:
        reader.sendall(request)
        said = b""
        while part := reader.recv(65536):
            said += part
        return said


def test_requests_that_come_together_are_answered_in_order(served: tuple[str, House]) -> None:
    one = b"GET /site/status.json HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /site/404.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    said = asked(served[0], one + one + last)
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said.endswith(b"<p>Not here.</p>")


def test_a_head_without_end_is_refused(served: tuple[str, House]) -> None:
    said = asked(served[0], b"GET /site/ HTTP/1.1\r\nX: " + b"x" * (speaking.MOST_HEAD_BYTES + 1))
    assert said.startswith(b"HTTP/1.1 400 ")


def test_where_the_application_does_not_answer_its_readers_are_told_and_pages_go_on(served: tuple[str, House]) -> None:
    with httpx.Client() as client:
        assert client.get(f"{served[0]}/site/fr/").status_code == 200
        refused = client.get(f"{served[0]}/console/")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert len(refused.content) == int(refused.headers["content-length"])
        assert client.get(f"{served[0]}/site/fr/").status_code == 200


@contextmanager
def application(place: Path) -> Iterator[None]:
    """An application that says back what it was sent: how often on this connection, and how long the body was."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        times = 0
        while head := await _head(reader):
            times += 1
            sizes = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
            body = await reader.readexactly(sum(sizes))
            said = f"{times} {head.split()[1].decode()} {len(body)}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
            await writer.drain()
        writer.close()

    with looping(lambda: asyncio.start_unix_server(answer, place)):
        yield


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def test_all_else_goes_to_the_application_for_good(site: Published, tmp_path: Path) -> None:
    place = tmp_path / "app.sock"
    with application(place), serving(site.target.folder, place) as (address, _), httpx.Client() as client:
        assert client.get(f"{address}/site/fr/").content == page(1)
        assert client.post(f"{address}/api/v1/x", content=b"x" * 300_000).text == "1 /api/v1/x 300000"
        assert client.get(f"{address}/site/fr/").text == "2 /site/fr/ 0", "the application knows the pages too"
    with application(place), serving(site.target.folder, place) as (address, _), httpx.Client() as client:
        assert client.post(f"{address}/site/fr/", content=b"xyz").text == "1 /site/fr/ 3", "pages are only read"


def test_a_connection_on_which_nothing_is_asked_is_closed(served: tuple[str, House]) -> None:
    address, house = served
    with httpx.Client() as client:
        client.get(f"{address}/site/fr/")
        (one,) = house.connections
        loop = one._loop
        loop.call_soon_threadsafe(one.close_if_idle, one._since_s)
        loop.call_soon_threadsafe(one.close_if_idle, loop.time() + 1)
        done = threading.Event()
        loop.call_soon_threadsafe(loop.call_later, 0.05, done.set)
        assert done.wait(10)
        assert house.connections == set()


def test_a_reader_of_a_version_that_was_taken_away_gets_the_newest(site: Published) -> None:
    shelf = Shelf(site.target.folder)
    shelf.look()
    for number in range(2, 8):
        site.publish(number)
    assert site.target._tidying is not None
    site.target._tidying.result(10)
    answer = shelf.find("fr/", b"identity")
    assert answer is not None
    assert answer.full.endswith(page(7))


def test_a_page_and_its_form_are_of_one_version_though_the_link_moves_between(site: Published) -> None:
    shelf = Shelf(site.target.folder)
    shelf.look()
    site.publish(2)
    answer = shelf.find("fr/", b"br")
    assert answer is not None
    assert brotli.decompress(answer.full.partition(b"\r\n\r\n")[2]) == page(1)
    assert shelf.look()
    newer = shelf.find("fr/", b"gzip")
    assert newer is not None
    assert zlib.decompress(newer.full.partition(b"\r\n\r\n")[2], wbits=31) == page(2)


def test_before_anything_was_published_nothing_is_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "site")
    assert not shelf.look()
    assert shelf.find("", b"gzip") is None


def test_what_is_remembered_is_bounded(site: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelving, "MOST_CODINGS", 3)
    monkeypatch.setattr(shelving, "MOST_MISSES", 10)
    shelf = Shelf(site.target.folder)
    shelf.look()
    for number in range(50):
        shelf.find(f"nothing-{number}", b"gzip;q=0.%d" % number)
    assert len(shelf._codings) <= 3
    assert len(shelf._answers) <= 12


def test_the_way_to_the_application_is_named_after_the_reader(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listening, closing(Passage(str(tmp_path / "app.sock"))) as passage:
        listening.bind(str(tmp_path / "app.sock"))
        listening.listen(8)
        place = ""
        for reader in ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7"):
            with closing(passage.open(reader)), closing(listening.accept()[0]) as arrived:
                place = arrived.getpeername()
                assert address_in(place) == "192.0.2.7"
                assert not Path(place).exists(), "a name is held by the connection alone"
        Path(place).parent.rmdir()
        with closing(passage.open("192.0.2.8")), closing(listening.accept()[0]) as arrived:
            assert address_in(arrived.getpeername()) == "192.0.2.8", "tidied away, and made again"


def test_without_room_for_names_the_application_is_still_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "IN_MEMORY", tmp_path / "absent")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with closing(socket.socket(socket.AF_UNIX)) as listening, closing(Passage(str(tmp_path / "app.sock"))) as passage:
        with pytest.raises(OSError, match="No such file"):
            passage.open("192.0.2.7")
        listening.bind(str(tmp_path / "app.sock"))
        listening.listen(8)
        with closing(passage.open("192.0.2.7")), closing(listening.accept()[0]) as arrived:
            assert address_in(arrived.getpeername()) == ""
