"""Publishing from the database: what the pages say, what is noted of it, and what a target's trouble does."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from bulletin_cases import (
    NOW,
    PACK_FOLDER,
    SINCE,
    belgium,
    closed,
    due,
    first,
    incident,
    procedure,
    templates,
    verdicts,
)
from tocsin.bulletins import services as bulletins
from tocsin.bulletins.models import PageRecord
from tocsin.detection.models import Snapshot
from tocsin.detection.queries import stored_judgement
from tocsin.detection.rules.model import Judgement, State
from tocsin.incidents.models import IncidentRow
from tocsin.incidents.queries import stored_incident
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.errors import ConfigurationError, DeliveryError
from tocsin.plugins.targets.folder.target import FolderTarget
from tocsin.status_site import services
from tocsin.status_site.ports import Addresses
from tocsin.status_site.services import Site, configured_site, publish, publish_site

pytestmark = pytest.mark.django_db


class Shelf:
    """A target that keeps what it was given."""

    def __init__(self) -> None:
        self.files: Mapping[str, bytes] = {}

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        del version
        changed = [name for name, content in files.items() if self.files.get(name) != content]
        self.files = files
        return len(changed)

    def read(self, name: str) -> bytes:
        return self.files[name]

    def page(self, name: str) -> str:
        return self.files[name].decode()


class Broken:
    """A target that takes nothing."""

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        del files, version
        raise DeliveryError("site.unwritable", "The site cannot be written.", permanent=False)

    def read(self, name: str) -> bytes:
        raise DeliveryError("site.unreadable", f"{name} cannot be read.", permanent=False)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def site(shelf: Shelf) -> Site:
    return Site(
        pack=belgium(),
        procedures={"paper": procedure()},
        templates=templates(),
        addresses=Addresses("https://status.example.org", "https://tocsin.example.org"),
        targets=(shelf,),
    )


def looked(at: datetime, bad: Mapping[str, State] | None = None) -> None:
    stored = stored_judgement(Judgement(at, verdicts(bad, at=at), (), {}))
    Snapshot.objects.update_or_create(pk=1, defaults={"at": at, "judgement": stored})


def happened(one: Incident) -> None:
    IncidentRow.objects.update_or_create(
        pk=one.id,
        defaults={
            "opened_at": one.opened_at,
            "closed_at": one.closed_at,
            "phase": one.phase,
            "state": stored_incident(one),
        },
    )


def test_before_anybody_looked_nothing_is_called_good(site: Site, shelf: Shelf) -> None:
    report = publish_site(site, now=NOW)

    assert report.is_stale
    assert "Not checked yet" in shelf.page("en/doctor/index.html")
    assert set(PageRecord.objects.get().states["dispense"].values()) == {"unknown"}


def test_every_page_of_a_demonstration_says_so_even_the_one_for_what_is_not_there(site: Site, shelf: Shelf) -> None:
    publish_site(site, now=NOW)

    marks = (
        "Démonstration non officielle",
        "Niet-officiële demonstratie",
        "Inoffizielle Demonstration",
        "Unofficial demonstration",
    )
    pages = {name: shelf.page(name) for name in shelf.files if name.endswith(".html")}
    assert [name for name, page in pages.items() if "noindex" not in page] == []
    assert [name for name, page in pages.items() if not any(mark in page for mark in marks)] == []
    assert all(mark in pages["404.html"] for mark in marks)


def test_a_quiet_moment_is_noted_once(site: Site, shelf: Shelf) -> None:
    looked(NOW)
    assert publish_site(site, now=NOW).is_news
    later = NOW + timedelta(minutes=1)
    looked(later)
    report = publish_site(site, now=later)

    assert not report.is_news
    assert 0 < report.changed < report.files, "times move on, procedures do not"
    assert "checked 8:43" in shelf.page("en/doctor/index.html")
    record = PageRecord.objects.get()
    assert (record.at, record.version, record.incidents) == (NOW, int(NOW.timestamp()), [])
    assert record.states["dispense"] == {"pharmacist": "ok"}


def test_an_outage_from_the_first_word_to_the_end(site: Site, shelf: Shelf) -> None:
    looked(NOW, {"dispense": State.DOWN})
    happened(incident())
    publish_site(site, now=NOW)
    assert "Not clear yet" in shelf.page("en/pharmacist/index.html"), "seen, but nobody has announced it yet"

    opened = first()
    bulletins.publish(opened, now=NOW)
    publish_site(site, now=NOW + timedelta(seconds=10))
    assert "Electronic prescriptions cannot be retrieved." in shelf.page("en/pharmacist/index.html")
    assert "Electronic prescriptions cannot be retrieved" in shelf.page("en/feed.xml")

    ended = NOW + timedelta(hours=1)
    over = closed(incident(), at=ended)
    happened(over)
    (end,) = due(over, happened="closed", published=(opened,), now=ended)
    bulletins.publish(end, now=ended)
    looked(ended)
    publish_site(site, now=ended)
    assert "can be retrieved again" in shelf.page("en/pharmacist/index.html")

    told = [record.states["dispense"]["pharmacist"] for record in PageRecord.objects.order_by("id")]
    assert told == ["unknown", "down", "ok"]
    assert [record.incidents for record in PageRecord.objects.order_by("id")] == [["2020-01-28-1"]] * 2 + [[]]


def test_a_draft_is_not_shown(site: Site, shelf: Shelf) -> None:
    looked(NOW, {"dispense": State.DOWN})
    happened(incident())
    bulletins.save_draft(first(), now=NOW)
    publish_site(site, now=NOW)

    assert "cannot be retrieved" not in shelf.page("en/pharmacist/index.html")
    assert json.loads(shelf.files["status.json"])["messages"] == []


def test_when_the_engine_stands_still_the_pages_admit_it(site: Site, shelf: Shelf) -> None:
    looked(NOW)
    report = publish_site(site, now=NOW + timedelta(minutes=6))

    assert report.is_stale
    assert "Last checked at 8:42" in shelf.page("en/index.html")


def test_procedures_are_rendered_anew_when_the_day_changes(site: Site) -> None:
    publish_site(site, now=NOW)
    procedure = next(name for name in site.shown if "/procedures/" in name)
    first = site.shown[procedure]
    publish_site(site, now=NOW + timedelta(hours=1))
    assert site.shown[procedure] is first
    publish_site(site, now=NOW + timedelta(days=1))
    assert site.shown[procedure] is not first


def test_what_no_target_took_is_not_noted_as_said(site: Site) -> None:
    site.targets = (Broken(),)
    with pytest.raises(DeliveryError):
        publish_site(site, now=NOW)

    assert not PageRecord.objects.exists()


def test_one_targets_trouble_keeps_the_pages_from_no_other(site: Site, shelf: Shelf) -> None:
    site.targets = (Broken(), shelf)
    with pytest.raises(DeliveryError):
        publish_site(site, now=NOW)

    assert "Not checked yet" in shelf.page("en/index.html")
    assert PageRecord.objects.count() == 1, "somebody can read it"


def test_without_any_target_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "load_plugins", lambda _group: {})
    configured_site.cache_clear()
    with pytest.raises(ConfigurationError) as caught:
        configured_site()

    assert caught.value.code == "site.no_target"


def test_facts_come_with_few_questions_to_the_database(site: Site, django_assert_num_queries: object) -> None:
    looked(NOW)
    happened(incident())
    bulletins.publish(first(), now=NOW)
    publish_site(site, now=NOW)

    with django_assert_num_queries(9):  # type: ignore[operator]  # pytest-django types it as a factory only it knows
        publish_site(site, now=NOW + timedelta(minutes=1))


def test_the_configured_site_is_shown_in_its_folder(tmp_path: Path) -> None:
    looked(SINCE)
    configured_site.cache_clear()
    try:
        site = configured_site()
        site.targets = (FolderTarget(tmp_path / "site"),)
        report = publish(now=SINCE, is_replay=True)
    finally:
        configured_site.cache_clear()

    assert settings.CONFIGURATION.pack == PACK_FOLDER.name
    assert report.files == len(list((tmp_path / "site").rglob("*.html"))) + len(site_texts(tmp_path / "site"))
    assert "Scripted reconstruction" in (tmp_path / "site" / "index.html").read_text()
    assert services.configured_site() is not site


def site_texts(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.suffix in {".xml", ".json", ".txt", ".css", ".js", ".svg", ".ics"}
    ]
