from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsed_packs import Files, pack, parsed, renamed
from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.validation import check_catalogue

KINDS = ("audiences", "partners", "services", "functions", "packages", "regions")


def put(file: str, *path: str, value: Any) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        place = files[file]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return spoil


def drop(file: str, *path: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        place = files
        for key in (file, *path[:-1]) if path else ():
            place = place[key]
        del place[path[-1] if path else file]

    return spoil


def empty(file: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files[file] = {}

    return spoil


def test_the_belgian_catalogue_has_nothing_to_mend() -> None:
    checked = check_catalogue(parsed())
    assert checked.findings == ()
    assert checked.pack == pack()


BAD = [
    (put("services.toml", "sts", "needs", value=["acess"]), "pack.dangling", "services.toml", "sts.needs"),
    (put("services.toml", "sts", "soft", value=["acess"]), "pack.dangling", "services.toml", "sts.soft"),
    (put("services.toml", "sts", "partner", value="x"), "pack.dangling", "services.toml", "sts.partner"),
    (put("functions.toml", "bill", "uses", value=["x"]), "pack.dangling", "functions.toml", "bill.uses"),
    (put("functions.toml", "bill", "soft", value=["x"]), "pack.dangling", "functions.toml", "bill.soft"),
    (put("functions.toml", "bill", "audiences", value=["x"]), "pack.dangling", "functions.toml", "bill.audiences"),
    (put("functions.toml", "bill", "audiences", value=[]), "pack.empty", "functions.toml", "bill.audiences"),
    (put("functions.toml", "bill", "uses", value=[]), "pack.empty", "functions.toml", "bill.uses"),
    (put("packages.toml", "gp-a", "audience", value="x"), "pack.dangling", "packages.toml", "gp-a.audience"),
    (drop("packages.toml", "gp-a", "audience"), "pack.missing", "packages.toml", "gp-a.audience"),
    (
        put("partners.toml", "proximus", "subcontractor_of", value="x"),
        "pack.dangling",
        "partners.toml",
        "proximus.subcontractor_of",
    ),
    (drop("functions.toml", "bill", "back", "de"), "pack.language", "functions.toml", "bill.back.de"),
    (put("regions.toml", "BE-WLG", "name", "nl", value=""), "pack.language", "regions.toml", "BE-WLG.name.nl"),
    (put("services.toml", "sts", "kind", value="server"), "pack.choice", "services.toml", "sts.kind"),
    (put("services.toml", "sts", "need", value=[]), "pack.unknown_key", "services.toml", "sts.need"),
    (put("pack.toml", "colour", value="red"), "pack.unknown_key", "pack.toml", "colour"),
    (
        put("audiences.toml", "nurse", "population", "low", value=10**9),
        "pack.range",
        "audiences.toml",
        "nurse.population",
    ),
    (
        put("audiences.toml", "nurse", "population", "source", value="x"),
        "pack.dangling",
        "audiences.toml",
        "nurse.population.source",
    ),
    (put("sources.toml", "inami", "trust", value="hearsay"), "pack.choice", "sources.toml", "inami.trust"),
    (put("services.toml", "access", "needs", value=["esb"]), "pack.cycle", "services.toml", "access.needs"),
    (put("services.toml", "access", "soft", value=["esb"]), "pack.cycle", "services.toml", "access.needs"),
    (drop("regions.toml"), "pack.file", "regions.toml", ""),
    (empty("regions.toml"), "pack.empty", "regions.toml", ""),
]


@pytest.mark.parametrize(("spoil", "code", "file", "key"), BAD)
def test_each_fault_is_one_finding_that_says_where(
    spoil: Callable[[Files], None], code: str, file: str, key: str
) -> None:
    files = parsed()
    spoil(files)
    checked = check_catalogue(files)
    assert checked.pack is None
    assert [(finding.code, finding.file, finding.key) for finding in checked.findings] == [(code, file, key)]
    assert all(finding.message and finding.hint for finding in checked.findings)


def test_a_dangling_id_is_quoted() -> None:
    files = parsed()
    files["services.toml"]["sts"]["needs"] = ["acess"]
    assert [finding.message for finding in check_catalogue(files).findings] == ["There is no service 'acess'."]


def test_a_circle_is_told_along_its_way() -> None:
    files = parsed()
    files["services.toml"]["access"]["needs"] = ["esb"]
    messages = [finding.message for finding in check_catalogue(files).findings]
    assert messages == ["These services need one another in a circle: access → esb → access."]


def test_an_authority_has_a_name_and_a_help_desk_in_every_language() -> None:
    files = parsed()
    words = {"fr": "a", "nl": "b", "de": "c", "en": "d"}
    files["pack.toml"]["authority"] = {"name": words, "help_desk": words}
    checked = check_catalogue(files)
    assert checked.pack is not None
    assert checked.pack.authority is not None
    assert checked.pack.authority.name == words


def test_everything_wrong_is_told_at_once() -> None:
    files = parsed()
    files["services.toml"]["sts"]["needs"] = ["acess"]
    del files["functions.toml"]["bill"]["fails"]["de"]
    codes = {finding.code for finding in check_catalogue(files).findings}
    assert codes == {"pack.dangling", "pack.language"}


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(40)))
def test_renamed_ids_change_nothing_but_names(order: list[int]) -> None:
    names: dict[tuple[str, str], str] = {}

    def rename(kind: str, identity: str) -> str:
        if (kind, identity) not in names:
            rank = sum(1 for known, _ in names if known == kind)
            names[kind, identity] = f"{kind}-{order[rank]:02}"
        return names[kind, identity]

    files = parsed()
    for kind in KINDS:
        for identity in files[f"{kind}.toml"]:
            rename(kind, identity)
    there = check_catalogue(renamed(files, rename)).pack
    assert there is not None
    here, other = Graph(pack()), Graph(there)
    assert list(there.functions) == [rename("functions", each) for each in pack().functions]
    for service in pack().services:
        new = rename("services", service)
        assert other.needs_of(new) == {rename("services", each) for each in here.needs_of(service)}
        assert other.dependants_of(new) == {rename("services", each) for each in here.dependants_of(service)}
        assert other.functions_needing(new) == tuple(
            rename("functions", each) for each in here.functions_needing(service)
        )
        assert other.position(new) == here.position(service)
