"""The folder that shows the site: whole versions, swapped at once."""

import shutil
import threading
from pathlib import Path

import pytest

from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.folder.target import FolderTarget, build
from tocsin.plugins.targets.settings import TargetSettings

LONG = b"<p>Electronic prescriptions cannot be retrieved.</p>" * 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


def test_what_is_published_is_there_whole(folder: Path) -> None:
    changed = FolderTarget(folder).publish({"fr/index.html": LONG, "robots.txt": b"x"}, version=7)

    assert changed == 2
    assert (folder / "fr" / "index.html").read_bytes() == LONG


def test_a_reader_of_one_version_never_sees_the_next_in_it(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one", "b.html": b"one"}, version=1)
    reading = folder.resolve()
    target.publish({"a.html": b"two"}, version=2)

    assert (reading / "a.html").read_bytes() == b"one"
    assert (folder / "a.html").read_bytes() == b"two"
    assert not (folder / "b.html").exists()


def test_a_page_that_did_not_change_keeps_its_inode_and_its_age(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": LONG, "b.html": b"0"}, version=0)
    first = (folder / "a.html").stat()
    for version in range(1, 6):
        changed = target.publish({"a.html": LONG, "b.html": str(version).encode()}, version=version)
        assert changed == 1
        now = (folder / "a.html").stat()
        assert (now.st_ino, now.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
        assert (folder / "b.html").read_bytes() == str(version).encode()


def test_what_is_no_longer_published_is_no_longer_there(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": LONG, "gone.html": LONG}, version=0)
    for version in range(1, 4):
        target.publish({"a.html": b"short"}, version=version)

    assert sorted(path.name for path in folder.iterdir()) == ["a.html"]


def test_the_same_version_twice_disturbs_nobody(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one"}, version=1)
    reading = folder.resolve()
    target.publish({"a.html": b"two"}, version=1)

    assert (reading / "a.html").read_bytes() == b"one"
    assert (folder / "a.html").read_bytes() == b"two"


def test_old_versions_go(folder: Path) -> None:
    target = FolderTarget(folder)
    for version in range(6):
        target.publish({"a.html": str(version).encode()}, version=version)

    assert target._tidying is not None
    target._tidying.result(10)
    assert len(list(target.versions.iterdir())) == 3
    assert (folder / "a.html").read_bytes() == b"5"


def test_a_new_process_takes_up_where_the_old_one_stopped(folder: Path) -> None:
    FolderTarget(folder).publish({"a.html": b"one"}, version=1)

    first = (folder / "a.html").stat()

    assert FolderTarget(folder).publish({"a.html": b"one"}, version=2) == 0
    assert (folder / "a.html").read_bytes() == b"one"
    assert (folder / "a.html").stat().st_ino == first.st_ino


def test_pages_are_still_renewed_after_a_restart(folder: Path) -> None:
    settings = TargetSettings("here", "folder", folder.parent, options={"folder": str(folder)})
    build(settings).publish({"a.html": b"one"}, version=1)

    build(settings).publish({"a.html": b"two"}, version=2)

    assert (folder / "a.html").read_bytes() == b"two"
    assert {path.name for path in folder.parent.iterdir()} - {"site.spares"} == {"site", "site.versions"}


def test_reading_a_page_writes_nothing(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one", "b.html": b"same"}, version=1)
    target.publish({"a.html": b"two", "b.html": b"same"}, version=2)
    for name in ("a.html", "b.html"):
        before = (folder / name).stat()
        assert before.st_atime > max(before.st_mtime, before.st_ctime), "mounted with relatime, nothing is noted"
        (folder / name).read_bytes()
        assert (folder / name).stat().st_atime == before.st_atime


def test_what_changes_twice_within_a_second_grows_a_second_older(folder: Path) -> None:
    target = FolderTarget(folder)
    ages = []
    for version, text in enumerate((b"one", b"two", b"six")):
        target.publish({"a.html": text}, version=version)
        ages.append(int((folder / "a.html").stat().st_mtime))

    assert ages == sorted(set(ages)), "nginx makes ETags from whole seconds and the size"


def test_whoever_is_half_way_through_an_old_page_reads_the_rest_of_it(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": LONG}, version=0)
    with (folder / "a.html").open("rb") as reading:
        begin = reading.read(10)
        for version in range(1, 8):
            target.publish({"a.html": b"short"}, version=version)
        assert begin + reading.read() == LONG


def test_a_disk_that_takes_its_time_does_not_keep_the_news_from_readers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    monkeypatch.setattr("tocsin.plugins.targets.folder.target._sync_file_system", lambda _folder: may_end.wait(30))
    monkeypatch.setattr("tocsin.plugins.targets.folder.target.SETTLES_WITHIN_S", 0.01)
    FolderTarget(folder).publish({"a.html": b"one"}, version=1)
    may_end.set()

    assert (folder / "a.html").read_bytes() == b"one"


def test_an_unfinished_version_is_never_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one"}, version=1)
    monkeypatch.setattr(
        "tocsin.plugins.targets.folder.target._settle", lambda *_given: (_ for _ in ()).throw(OSError(28, "No space"))
    )
    with pytest.raises(DeliveryError) as caught:
        target.publish({"a.html": b"two"}, version=2)

    assert (caught.value.code, caught.value.permanent) == ("site.unwritable", False)
    assert (folder / "a.html").read_bytes() == b"one"


def test_after_a_failure_the_next_publication_succeeds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one"}, version=1)
    with monkeypatch.context() as broken:
        broken.setattr("os.write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
        with pytest.raises(DeliveryError):
            target.publish({"a.html": b"two"}, version=2)
    target.publish({"a.html": b"two"}, version=2)

    assert (folder / "a.html").read_bytes() == b"two"


def test_a_full_disk_is_left_no_fuller_minute_after_minute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one", "b.html": b"same"}, version=1)
    with monkeypatch.context() as broken:
        broken.setattr("os.write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
        for version in range(2, 7):
            with pytest.raises(DeliveryError):
                target.publish({"a.html": b"two", "b.html": b"same"}, version=version)

    assert [place.name for place in target.versions.iterdir()] == [folder.resolve().name]
    assert (folder / "a.html").read_bytes() == b"one"


def test_a_version_that_somebody_took_away_is_written_anew(folder: Path) -> None:
    target = FolderTarget(folder)
    target.publish({"a.html": b"one", "b.html": b"same"}, version=1)
    shutil.rmtree(folder.resolve())
    with pytest.raises(DeliveryError):
        target.publish({"a.html": b"two", "b.html": b"same"}, version=2)
    target.publish({"a.html": b"two", "b.html": b"same"}, version=3)

    assert (folder / "b.html").read_bytes() == b"same"


def test_an_empty_folder_made_beforehand_gives_way_a_full_one_does_not(folder: Path) -> None:
    folder.mkdir()
    FolderTarget(folder).publish({"a.html": b"one"}, version=1)
    assert folder.is_symlink()

    other = folder.with_name("other")
    other.mkdir()
    (other / "precious").write_text("mine")
    with pytest.raises(DeliveryError):
        FolderTarget(other).publish({"a.html": b"one"}, version=1)
    assert (other / "precious").read_text() == "mine"
