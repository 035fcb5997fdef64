"""Spare files: made in quiet moments, used once, never missed when there are none."""

import threading
from pathlib import Path

from tocsin.plugins.targets.folder import spares as making
from tocsin.plugins.targets.folder.spares import Spares
from tocsin.plugins.targets.folder.target import FolderTarget


def test_a_spare_becomes_the_file_and_is_used_once(tmp_path: Path) -> None:
    spares = Spares(tmp_path / "spares")
    assert not spares.take(str(tmp_path / "first"))
    spares.refill(1)
    made = {path.stat().st_ino for path in (tmp_path / "spares").iterdir()}
    assert len(made) == making.TWICE
    taken = [tmp_path / name for name in ("a", "b", "c")]
    assert [spares.take(str(path)) for path in taken] == [True, True, False]
    assert {path.stat().st_ino for path in taken[:2]} == made


def test_what_an_earlier_process_left_is_used(tmp_path: Path) -> None:
    Spares(tmp_path / "spares").refill(2)
    again = Spares(tmp_path / "spares")
    again.refill(2)
    assert len(list((tmp_path / "spares").iterdir())) == 4
    assert again.take(str(tmp_path / "a"))


def test_a_spare_that_is_gone_is_none(tmp_path: Path) -> None:
    spares = Spares(tmp_path / "spares")
    spares.refill(1)
    for path in (tmp_path / "spares").iterdir():
        path.unlink()
    assert not spares.take(str(tmp_path / "a"))


def test_in_a_hurry_nothing_is_done_beside(tmp_path: Path) -> None:
    old = tmp_path / "old" / "deep"
    old.mkdir(parents=True)
    (old / "page.html").write_bytes(b"x")
    spares = Spares(tmp_path / "spares")
    spares.hurry()

    def tidy() -> None:
        spares.throw_away([tmp_path / "old"])
        spares.refill(3)

    beside = threading.Thread(target=tidy)
    beside.start()
    beside.join(0.05)
    assert (old / "page.html").exists()
    spares.rest()
    beside.join(10)
    assert not (tmp_path / "old").exists()
    assert len(list((tmp_path / "spares").iterdir())) == 6


def test_versions_made_of_spares_are_whole_and_none_is_written_over(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "site")
    held = []
    for number in range(1, 8):
        files = {f"{name}/index.html": b"%d %d" % (number, name) * 500 for name in range(30)}
        files["same.txt"] = b"the same"
        target.publish(files, version=number)
        assert {
            str(path.relative_to(target.folder)): path.read_bytes() for path in target.folder.glob("**/*.*")
        } == files
        held.append(((target.folder / "3/index.html").open("rb"), files["3/index.html"]))
        assert target._tidying is not None
        target._tidying.result(10)
    for reading, content in held:
        with reading:
            assert reading.read() == content, "whoever opened an old page reads the old page"
