"""Lets a herd of readers loose on the whole site while twenty switches happen, and compares servers.

    python bench/herd.py [--seconds 20] [--rounds 3] [--quick] [--json] [--write]

Every page, feed and document of the Belgian pack, in the mix of codings that readers accept, over kept connections.
Three runs a round: nginx without a switch (the peer), nginx with twenty, `tocsin serve`'s file server with twenty.
The server has one core to itself; the load (wrk), a reader that verifies and the switching share the other. Versions
are written beforehand, so that a switch is what readers meet of it: the link. What writing costs is in publish.py.

The reader asks on and on, and holds each body against the versions that there are: it must be one of them, whole, and
a tag must stand for one body only.
"""

import argparse
import hashlib
import http.client
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.publish import World  # noqa: E402  the path comes first

from nginx_server import nginx_server, program  # noqa: E402  the same

RESULTS = ROOT / "bench" / "results" / "herd.md"
SWITCHES = 20
CONNECTIONS = 64
CODINGS = (("gzip, deflate, br, zstd", 0.55), ("gzip, deflate, br", 0.2), ("gzip", 0.2), ("", 0.05))
"""What browsers, older ones, feed readers and scripts send."""

SERVER_CORE, LOAD_CORE = "0", "1"
PEERS = {"Uptime Kuma": 5_100, "cState": 52_000}
"""Requests per CPU-second measured of others' status pages, one page each."""

type Site = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed. Latencies are wrk's, errors count both wrk's and the reader's."""

    server: str
    switches: int
    per_second: float
    per_cpu_second: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    errors: int
    mixed: int
    verified: int


@dataclass(slots=True)
class Versions:
    """Versions of the site that are there, each in its folder, and the link that shows one of them."""

    link: Path
    places: list[Path]
    contents: dict[str, set[bytes]] = field(default_factory=dict)

    def show(self, number: int) -> None:
        """Switch to a version, by one rename as the folder target does."""
        fresh = self.link.with_name(".next")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.places[number].relative_to(self.link.parent), target_is_directory=True)
        fresh.replace(self.link)


def prepare(folder: Path) -> Versions:
    """Return one version more than there are switches, each after another event."""
    world = World(folder)
    from tocsin.plugins.targets.folder import target as folder_target
    from tocsin.status_site.services import publish_site

    folder_target.KEPT_VERSIONS = SWITCHES + 2
    versions = Versions(world.folder, [])
    for _ in range(SWITCHES + 1):
        world.happen()
        publish_site(world.site, now=world.now)
        versions.places.append(world.folder.resolve())
        for name, content in world.site.shown.items():
            versions.contents.setdefault(name, set()).add(_digest(content))
    return versions


def addresses(versions: Versions, prefix: str) -> list[str]:
    """Return the address of every file that all versions have, as readers write it."""
    common = set.intersection(*({str(path.relative_to(place)) for path in _plain(place)} for place in versions.places))
    return [f"{prefix}{name.removesuffix('index.html')}" for name in sorted(common)]


def _plain(place: Path) -> Iterator[Path]:
    return (path for path in place.rglob("*") if path.is_file() and path.suffix not in {".gz", ".br"})


class Reader(threading.Thread):
    """Asks for one file after the other and holds what comes against the versions."""

    def __init__(self, port: int, versions: Versions, prefix: str) -> None:
        super().__init__(daemon=True)
        self.errors = self.mixed = self.verified = 0
        self.ending = threading.Event()
        self._port, self._versions, self._prefix = port, versions, prefix
        self._bodies: dict[tuple[str, str, str], bytes] = {}

    def run(self) -> None:
        """Ask until told to end."""
        chance = random.Random(2)  # noqa: S311  for the order of asking
        paths = addresses(self._versions, self._prefix)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self.ending.is_set():
            path = chance.choice(paths)
            coding = chance.choice(["br", "gzip", "zstd", "identity"])
            try:
                connection.request("GET", path, headers={"Accept-Encoding": coding})
                answer = connection.getresponse()
                self._check(path, answer, answer.read())
            except (OSError, http.client.HTTPException):
                self.errors += 1
                connection.close()
            self.ending.wait(0.004)
        connection.close()

    def _check(self, path: str, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.verified += 1
        if answer.status != http.client.OK:
            self.errors += 1
            return
        name = path.removeprefix(self._prefix)
        name = f"{name}index.html" if not name or name.endswith("/") else name
        coding = answer.headers.get("Content-Encoding", "identity")
        tag = (path, coding, str(answer.headers["ETag"]))
        is_whole = _digest(_plain_body(coding, body)) in self._versions.contents[name]
        is_same = self._bodies.setdefault(tag, _digest(body)) == _digest(body)
        if not (is_whole and is_same):
            self.mixed += 1


def _plain_body(coding: str, body: bytes) -> bytes:
    if coding == "gzip":
        return zlib.decompress(body, wbits=31)
    if coding == "br":
        return bytes(brotli.decompress(body))
    return zstd.decompress(body) if coding == "zstd" else body


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=12).digest()


@contextmanager
def embedded(folder: Path, site: Path) -> Iterator[tuple[int, int]]:
    """Run the file server of `tocsin serve`; yields its port and process number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"TOCSIN_DATA_FOLDER": str(site.parent)}
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "tocsin.runtime.process", "pages", "127.0.0.1"]
    with (folder / "pages.log").open("w") as log:
        process = subprocess.Popen([*command, str(port)], env=environment, stderr=log)  # noqa: S603  our own
        try:
            _await(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(10)


def _await(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                sys.exit("the server does not listen")
            time.sleep(0.02)
        else:
            return


def measure(
    server: str, where: tuple[int, int], versions: Versions, *, seconds: int, switches: int, folder: Path
) -> Run:
    """Let the herd loose for so many seconds, with so many switches spread over them."""
    port, number = where
    prefix = "/site/" if server == "embedded" else "/"
    requests = _requests(versions, prefix, folder)
    versions.show(0)
    reader = Reader(port, versions, prefix)
    reader.start()
    used_s = _cpu_s(number)
    script, address = str(ROOT / "bench" / "herd.lua"), f"http://127.0.0.1:{port}/"
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, address]
    environment = os.environ | {"HERD_REQUESTS": str(requests)}
    herd = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own
    for switch in range(1, switches + 1):
        time.sleep(seconds / (switches + 1))
        versions.show(switch)
    told, _ = herd.communicate()
    used_s = _cpu_s(number) - used_s
    reader.ending.set()
    reader.join()
    return _run((server, switches), told, used_s=used_s, reader=reader)


def _requests(versions: Versions, prefix: str, folder: Path) -> Path:
    chance = random.Random(3)  # noqa: S311  for the order of asking
    codings, weights = [coding for coding, _ in CODINGS], [weight for _, weight in CODINGS]
    paths = addresses(versions, prefix) * 4
    chance.shuffle(paths)
    place = folder / f"requests{len(prefix)}.txt"
    lines = [f"{path}\t{chance.choices(codings, weights)[0]}\n" for path in paths]
    place.write_text("".join(lines))
    return place


def _run(what: tuple[str, int], told: str, *, used_s: float, reader: Reader) -> Run:
    line = next((line for line in told.splitlines() if line.startswith("HERD ")), None)
    if line is None:
        sys.exit(f"wrk told nothing:\n{told}")
    requests, lasted_us, broken, late, refused, _, p50, p99, _, longest = map(float, line.split()[1:])
    return Run(
        server=what[0],
        switches=what[1],
        per_second=round(requests / (lasted_us / 1e6)),
        per_cpu_second=round((requests + reader.verified) / max(used_s, 0.01)),
        p50_ms=p50,
        p99_ms=p99,
        longest_ms=longest,
        errors=int(broken + late + refused) + reader.errors,
        mixed=reader.mixed,
        verified=reader.verified,
    )


def _cpu_s(number: int) -> float:
    """Return the processor seconds that a process and its children have used."""
    family = [number, *(int(each) for each in _children(number))]
    ticks = 0
    for each in family:
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(number: int) -> list[str]:
    return Path(f"/proc/{number}/task/{number}/children").read_text().split()


def rounds(folder: Path, versions: Versions, *, count: int, seconds: int) -> list[Run]:
    """Return the runs of so many rounds; every other one goes in the opposite order."""
    pinned = ["taskset", "-c", SERVER_CORE]
    found: list[Run] = []
    kinds = [("nginx", 0), ("nginx", SWITCHES), ("embedded", SWITCHES)]
    with nginx_server(folder, root=versions.link, prefix=pinned) as nginx, embedded(folder, versions.link) as own:
        places = {"nginx": nginx, "embedded": own}
        for server, where in places.items():
            measure(server, where, versions, seconds=1, switches=0, folder=folder)
        for turn in range(count):
            for server, switches in kinds if turn % 2 == 0 else reversed(kinds):
                given: dict[str, Any] = {"seconds": seconds, "switches": switches, "folder": folder}
                found.append(measure(server, places[server], versions, **given))
    return found


def summary(runs: Sequence[Run], files: int) -> dict[str, Any]:
    """Return the figures: ratios of medians, and everything that must be nought."""
    rate = {key: statistics.median(run.per_second for run in some) for key, some in _groups(runs).items()}
    cost = {key: statistics.median(run.per_cpu_second for run in some) for key, some in _groups(runs).items()}
    peer = rate["nginx", 0]
    return {
        "nginx_ratio": round(rate["nginx", SWITCHES] / peer, 3),
        "embedded_ratio": round(rate["embedded", SWITCHES] / peer, 3),
        "nginx_cpu_ratio": round(cost["nginx", SWITCHES] / cost["nginx", 0], 3),
        "embedded_cpu_ratio": round(cost["embedded", SWITCHES] / cost["nginx", 0], 3),
        "errors": sum(run.errors for run in runs),
        "mixed": sum(run.mixed for run in runs),
        "verified": sum(run.verified for run in runs),
        "files": files,
        "medians": {
            f"{server}, {switches} switches": {
                name: statistics.median(asdict(run)[name] for run in some)
                for name in ("per_second", "per_cpu_second", "p50_ms", "p99_ms", "longest_ms")
            }
            for (server, switches), some in _groups(runs).items()
        },
        "rounds": len(runs) // 3,
        "machine": MACHINE,
        "load_before": round(LOAD_BEFORE, 2),
        "cores": f"server on core {SERVER_CORE}; wrk, verifying reader and switching on core {LOAD_CORE}",
    }


def _groups(runs: Sequence[Run]) -> dict[tuple[str, int], list[Run]]:
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.server, run.switches), []).append(run)
    return dict(sorted(groups.items(), reverse=True))


LOAD_BEFORE = os.getloadavg()[0]
MACHINE = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def page(found: dict[str, Any]) -> str:
    """Return the results page."""
    rows = [
        f"| {name} | {one['per_second']:,.0f} | {one['per_cpu_second']:,.0f} | {one['p50_ms']:.2f} | "
        f"{one['p99_ms']:.2f} | {one['longest_ms']:.1f} |"
        for name, one in found["medians"].items()
    ]
    measured = ", ".join(f"{name} {rate:,}" for name, rate in PEERS.items())
    about = (
        f"Written by `python bench/herd.py --write`. All {found['files']} pages, feeds and documents of the Belgian "
        f"pack, four codings, {CONNECTIONS} connections; medians of {found['rounds']} round(s)."
    )
    return "\n".join(
        [
            "# The herd",
            "",
            about,
            "",
            f"Machine: {found['machine']}; {found['cores']}; load when it began: {found['load_before']}.",
            "",
            "| server | requests/s | requests per CPU-second | p50 ms | p99 ms | longest ms |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            *(_ratio(found, *line) for line in (("nginx", "nginx with", "0.95"), ("embedded", "embedded with", "0.5"))),
            f"- of {found['verified']:,} verified: {found['errors']} errors, {found['mixed']} of mixed versions",
            f"- requests per CPU-second measured of others, one page each: {measured}",
            "",
        ]
    )


def _ratio(found: dict[str, Any], server: str, words: str, wanted: str) -> str:
    rate, cost = found[f"{server}_ratio"], found[f"{server}_cpu_ratio"]
    return f"- {words} {SWITCHES} switches / nginx without: {rate} (wanted: {wanted}); per CPU-second {cost}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="how long each run lasts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of nine seconds a run, under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    arguments = parser.parse_args()
    missing = [name for name, place in {"wrk": shutil.which("wrk"), "nginx": program()}.items() if place is None]
    if missing:
        sys.exit(f"missing: {', '.join(missing)}. As root: apt-get install wrk nginx libnginx-mod-http-brotli-static")
    count, seconds = (1, 9) if arguments.quick else (arguments.rounds, arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        versions = prepare(folder)
        found = summary(rounds(folder, versions, count=count, seconds=seconds), len(addresses(versions, "/")))
    sys.stdout.write(f"{json.dumps(found)}\n" if arguments.json else page(found))
    if arguments.write:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(page(found))


if __name__ == "__main__":
    main()
