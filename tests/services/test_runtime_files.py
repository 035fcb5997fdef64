"""The published pages and the console's assets, as the embedded default serves them."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from django.test.utils import override_settings

from tocsin.runtime.configuration import Configuration
from tocsin.runtime.files import content_type, respond, within

PAGE = "<!doctype html><title>Tout fonctionne</title>" + "x" * 500


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "fr").mkdir(parents=True)
    (site / "fr" / "index.html").write_text(PAGE)
    (site / "fr" / "index.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (site / "feed.atom").write_text("<feed/>")
    (site / "status.json").write_text("{}")
    (tmp_path / "secret-key").write_text("not for readers")
    return tmp_path


@pytest.fixture
def client(data_folder: Path) -> Iterator[Client]:
    with override_settings(CONFIGURATION=Configuration(data_folder=data_folder)):
        yield Client()


def test_a_page_comes_with_what_caches_need(client: Client) -> None:
    answer = client.get("/site/fr/")
    assert answer.status_code == 200
    assert answer.content.decode() == PAGE
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Content-Language"] == "fr"
    assert answer["Cache-Control"].startswith("public, max-age=15")
    assert answer["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_reader_who_has_the_page_is_told_so(client: Client) -> None:
    etag = client.get("/site/fr/")["ETag"]
    again = client.get("/site/fr/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert client.get("/site/fr/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_page_written_anew_with_the_same_words_keeps_its_tag(client: Client, data_folder: Path) -> None:
    before = client.get("/site/fr/")["ETag"]
    (data_folder / "site" / "fr" / "index.html").write_text(PAGE)
    assert client.get("/site/fr/")["ETag"] == before
    (data_folder / "site" / "fr" / "index.html").write_text(PAGE + "!")
    assert client.get("/site/fr/")["ETag"] != before


def test_gzip_written_beforehand_is_used_where_it_is_accepted(client: Client) -> None:
    answer = client.get("/site/fr/", headers={"Accept-Encoding": "gzip, br"})
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == PAGE
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["ETag"] != client.get("/site/fr/")["ETag"]
    assert "Content-Encoding" not in client.get("/site/feed.atom", headers={"Accept-Encoding": "gzip"})


def test_feeds_and_data_have_their_own_types(client: Client) -> None:
    assert client.get("/site/feed.atom")["Content-Type"] == "application/atom+xml"
    assert client.get("/site/status.json")["Content-Type"] == "application/json"
    assert "Content-Language" not in client.get("/site/status.json")
    assert content_type(Path("plain")) == "application/octet-stream"


def test_a_folder_without_its_slash_leads_to_the_one_with_it(client: Client) -> None:
    answer = client.get("/site/fr")
    assert (answer.status_code, answer["Location"]) == (301, "/site/fr/")


@pytest.mark.parametrize(
    "path", ["../secret-key", "fr/../../secret-key", "/etc/passwd", "..%2fsecret-key", "fr/\x00", "nothing.html", ""]
)
def test_nothing_outside_the_folder_is_named(data_folder: Path, path: str) -> None:
    assert within(data_folder / "site", path) is None


def test_a_link_out_of_the_folder_is_not_followed(data_folder: Path) -> None:
    (data_folder / "site" / "way-out").symlink_to(data_folder / "secret-key")
    assert within(data_folder / "site", "way-out") is None


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/site/../secret-key", "/site/%2e%2e/secret-key", "/site/nothing.html"])
def test_what_is_not_there_is_an_ordinary_404(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"not for readers" not in answer.content


@pytest.mark.django_db
def test_pages_are_only_read(client: Client) -> None:
    assert client.post("/site/fr/").status_code in {403, 404}


def test_assets_are_served_from_the_package() -> None:
    answer = Client().get("/static/web/vendor/htmx.min.js")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "max-age" in answer["Cache-Control"]


def test_a_range_of_bytes_is_answered_with_the_whole(data_folder: Path) -> None:
    request = RequestFactory().get("/x", headers={"Range": "bytes=0-1"})
    answer = respond(request, data_folder / "site" / "feed.atom", cache_control="no-cache")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-cache")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/static/%2e%2e/%2e%2e/settings.py", "/static/../../settings.py", "/static/nope.css"])
def test_an_asset_path_that_climbs_out_is_simply_not_there(path: str) -> None:
    assert Client().get(path).status_code == 404
