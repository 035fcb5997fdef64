"""The configured places: built, served by couriers, told by `tocsin site status` and `/readyz`, checked first."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings
from typer.testing import CliRunner

from announcements import at
from tocsin.cli.site import app
from tocsin.kernel.errors import ConfigurationError
from tocsin.plugins.targets.folder.target import FolderTarget
from tocsin.plugins.targets.states import STATES, TargetBoard, TargetState, target_states
from tocsin.runtime.checking import configuration_findings
from tocsin.runtime.configuration import Configuration, load_configuration
from tocsin.status_site.ports import Publication
from tocsin.status_site.services import configured_site

FAR = {"name": "far", "kind": "folder"}


def configuration(folder: Path, *tables: dict[str, Any], **more: Any) -> Configuration:
    return Configuration(data_folder=folder, targets=tables, **more)


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    configured_site.cache_clear()
    yield
    configured_site.cache_clear()


def test_each_configured_place_gets_a_courier(tmp_path: Path) -> None:
    far = {**FAR, "folder": str(tmp_path / "far" / "site"), "url": "https://status.example.org", "limit_s": 5}
    with override_settings(CONFIGURATION=configuration(tmp_path, far)):
        site = configured_site()
    (courier,) = site.couriers
    (here,) = site.targets

    assert isinstance(here, FolderTarget)
    assert here.folder == tmp_path / "site"
    assert (courier.name, courier.kind, courier.url, courier.limit_s) == ("far", "folder", far["url"], 5.0)


def test_what_a_courier_saw_can_be_read_by_every_process(tmp_path: Path) -> None:
    far = {**FAR, "folder": str(tmp_path / "far" / "site")}
    with override_settings(CONFIGURATION=configuration(tmp_path, far)):
        (courier,) = configured_site().couriers
    courier.hand(Publication(7, {"version.json": b'{"version":7}', "index.html": b"<p>7</p>"}, at(0)))
    deadline = time.monotonic() + 10
    while not (tmp_path / "targets.json").exists():
        assert time.monotonic() < deadline, "nothing was reported"
        time.sleep(0.005)
    (state,) = target_states(tmp_path, [far])
    courier.end()

    assert (state.name, state.shown_version, state.fault) == ("far", 7, "")
    assert (tmp_path / "far" / "site" / "index.html").read_bytes() == b"<p>7</p>"


def test_a_kind_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    with (
        override_settings(CONFIGURATION=configuration(tmp_path, {"name": "far", "kind": "ftp"})),
        pytest.raises(ConfigurationError) as caught,
    ):
        configured_site()
    assert "folder, rsync, s3, sftp" in caught.value.message


def noted(folder: Path, **fields: Any) -> None:
    board = TargetBoard(folder)
    given: dict[str, Any] = {
        "name": "far",
        "kind": "folder",
        "wanted_version": 9,
        "shown_version": 9,
        "shown_at": at(0),
    }
    board.report(TargetState(**{**given, **fields}))


def test_a_place_that_was_taken_from_the_configuration_is_forgotten_and_a_new_one_unknown(tmp_path: Path) -> None:
    noted(tmp_path)
    assert target_states(tmp_path, [{"name": "new", "kind": "s3"}]) == [TargetState("new", "s3")]


def test_notes_that_cannot_be_read_are_no_notes(tmp_path: Path) -> None:
    (tmp_path / "targets.json").write_text("{")
    assert target_states(tmp_path, [FAR]) == [TargetState("far", "folder")]


def told(tmp_path: Path) -> tuple[int, str]:
    (tmp_path / "tocsin.toml").write_text(
        f'data_folder = "{tmp_path}"\n[[targets]]\nname = "far"\nkind = "folder"\nfolder = "{tmp_path}/far"\n'
    )
    result = CliRunner().invoke(app, ["status", "--config", str(tmp_path / "tocsin.toml")])
    return result.exit_code, result.stdout


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TOCSIN_DATA_FOLDER")
    (tmp_path / "site").mkdir()
    stamp = {"version": 9, "published_at": "2026-03-02T08:00:00Z", "valid_until": "2026-03-02T08:05:00Z"}
    (tmp_path / "site" / "version.json").write_text(json.dumps(stamp))
    return tmp_path


def test_site_status_when_all_is_well(published: Path) -> None:
    noted(published)
    status, said = told(published)
    assert status == 0
    assert said.startswith("here: version 9, published 2026-03-02T08:00:00Z")
    assert "far (folder): version 9, read back" in said


def test_site_status_tells_what_is_wrong(published: Path) -> None:
    noted(published, wanted_version=12, failures=2, fault="Nobody is there.")
    status, said = told(published)
    assert status == 1
    assert "version 12 is on its way; 2 failure(s) in a row: Nobody is there." in said


def test_site_status_before_anything_was_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_DATA_FOLDER")
    status, said = told(tmp_path)
    assert status == 1
    assert said == "here: nothing was published yet\nfar (folder): nothing yet\n"


@pytest.mark.django_db
def test_monitors_hear_which_place_shows_what_and_not_why(tmp_path: Path) -> None:
    noted(tmp_path, wanted_version=12, failures=3, fault="sftp://inside.example.org refuses the key")
    with override_settings(CONFIGURATION=configuration(tmp_path, {**FAR, "folder": "/x"})):
        answer = Client().get("/readyz").json()
    assert answer["targets"] == [{"name": "far", "wanted_version": 12, "shown_version": 9, "is_well": False}]
    assert answer["warnings"] == ["far does not show the newest pages."]
    assert "inside.example.org" not in json.dumps(answer)


def test_a_hiccup_is_no_warning() -> None:
    assert [TargetState("far", "s3", failures=count).is_alarming for count in (0, 1, 2, 3)] == [
        False,
        False,
        False,
        True,
    ]


def test_states_stay_what_they_were_in_the_file() -> None:
    state = TargetState("far", "s3", 9, 8, at(0), at(1), 12.5, 1, "Nobody is there.")
    assert STATES.validate_json(STATES.dump_json([state])) == [state]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"kind": "ftp"}, "There is no kind 'ftp'"),
        ({"kind": "folder"}, "A text was expected."),
        (
            {"kind": "rsync", "host": "h", "user": "u", "folder": "www", "key_file": "k", "known_hosts": "n"},
            "whole path",
        ),
        (
            {"kind": "sftp", "host": "h", "port": 0, "user": "u", "folder": "/w", "key_file": "k", "known_hosts": "n"},
            "whole number",
        ),
        ({"kind": "folder", "folder": {"file": "/nowhere/at/all"}}, "cannot be read"),
        ({"kind": "folder", "folder": "/x", "limit_s": "long"}, "whole number"),
    ],
    ids=["kind", "missing", "relative", "port", "secret", "limit"],
)
def test_check_says_what_is_wrong_with_a_place(tmp_path: Path, table: dict[str, Any], words: str) -> None:
    (found,) = configuration_findings(configuration(tmp_path, {"name": "far", **table}))
    assert (found.severity, found.code) == ("error", "target.setting")
    assert words in found.message


def test_check_says_what_is_wrong_with_the_watch(tmp_path: Path) -> None:
    found = configuration_findings(configuration(tmp_path, watch_contacts=("a@example.org",), heartbeat_url="ftp://x"))
    assert [(one.severity, one.code) for one in found] == [
        ("error", "configuration.address"),
        ("warning", "configuration.watch"),
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("{", "configuration.kind"),
        ('"far"', "configuration.kind"),
        ('[{"kind": "s3"}]', "target.name"),
        ('[{"name": "../far", "kind": "s3"}]', "target.name"),
        ('[{"name": "far", "kind": "s3"}, {"name": "far", "kind": "sftp"}]', "target.name"),
        ('[{"name": "far"}]', "target.setting"),
        ('[{"name": "far", "kind": "s3", "url": 7}]', "target.setting"),
    ],
)
def test_tables_that_are_none_are_refused(given: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TARGETS", given)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration()
    assert caught.value.code == code


def test_tables_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TARGETS", '[{"name": "far", "kind": "s3", "secret_key": {"env": "S"}}]')
    assert load_configuration().targets == ({"name": "far", "kind": "s3", "secret_key": {"env": "S"}},)


def test_a_data_folder_far_down_has_its_socket_elsewhere(tmp_path: Path) -> None:
    near, far = Configuration(data_folder=Path("/data")), Configuration(data_folder=tmp_path / ("deep" * 40))
    assert near.web_socket == Path("/data/web.sock")
    assert len(str(far.web_socket)) < 100
    assert far.web_socket != Configuration(data_folder=tmp_path / ("deep" * 41)).web_socket
