import shutil
from pathlib import Path

import pytest

from parsed_packs import BELGIUM, pack
from tocsin.catalog.errors import PackError
from tocsin.catalog.queries import check_pack, load_pack, pack_folder, read_files, shipped_packs
from tocsin.kernel.errors import ConfigurationError


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BELGIUM, tmp_path / "pack"))


def test_a_pack_is_found_by_the_name_it_ships_under() -> None:
    assert pack_folder("belgium") == BELGIUM
    assert "belgium" in shipped_packs()


def test_a_pack_is_found_by_its_path(copied: Path) -> None:
    assert pack_folder(str(copied)) == copied.resolve()


def test_a_pack_that_is_nowhere_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        pack_folder(str(tmp_path))
    assert caught.value.code == "pack.absent"
    assert "belgium" in caught.value.hint


def test_what_was_copied_loads_as_the_same_pack(copied: Path) -> None:
    assert load_pack(copied) == pack()
    assert check_pack(copied) == []


def test_a_bad_pack_is_refused_with_every_finding(copied: Path) -> None:
    services = copied / "services.toml"
    services.write_text(services.read_text().replace('"etk_depot"', '"etk"').replace('"metahub"', '"meta"'))
    with pytest.raises(PackError) as caught:
        load_pack(copied)
    assert caught.value.code == "pack.invalid"
    assert caught.value.where == str(copied)
    assert [finding.key for finding in caught.value.findings] == [
        "kgss.needs",
        "ehbox.needs",
        "hub_cozo.needs",
        "hub_rsw.needs",
        "hub_abrumet.needs",
        "hub_vznkul.needs",
    ]
    assert "There is no service 'etk'." in str(caught.value)
    assert "(and 5 more)" in str(caught.value)
    assert check_pack(copied) == list(caught.value.findings)


def test_a_single_fault_is_told_without_a_count(copied: Path) -> None:
    (copied / "partners.toml").write_text("")
    (copied / "partners.toml").unlink()
    with pytest.raises(PackError) as caught:
        load_pack(copied)
    assert caught.value.findings[0].code == "pack.file"


def test_a_file_that_is_no_toml_is_one_finding_of_its_own(copied: Path) -> None:
    (copied / "regions.toml").write_text("[BE-BRU\n")
    own = [finding for finding in check_pack(copied) if finding.file == "regions.toml"]
    assert [(finding.code, finding.severity) for finding in own] == [("pack.unreadable", "error")]
    assert "line 1" in own[0].message
    with pytest.raises(PackError):
        load_pack(copied)


def test_a_file_in_another_encoding_is_one_finding(copied: Path) -> None:
    (copied / "regions.toml").write_bytes("[BE-WLG]\nname.fr = 'Liège'".encode("latin-1"))
    assert [finding.code for finding in check_pack(copied)] == ["pack.unreadable"]


def test_an_absent_file_is_left_to_the_reader_to_miss(tmp_path: Path) -> None:
    assert read_files(tmp_path, ("a.toml",)) == ({}, [])
