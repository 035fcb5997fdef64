"""The binder: what a profession needs when nothing works, tagged for screen readers, whole without a network."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from typer.testing import CliRunner

from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.cli.binder import app
from tocsin.continuity.queries import load_procedures
from tocsin.kernel.errors import InputError
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.status_site.binder import binder_folder, binder_pdf, qr_code
from tocsin.status_site.rules.binder import Binder, binder
from tocsin.status_site.rules.facts import Facts

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SITE = "https://status.example.org"
AUDIENCES = tuple(load_pack(pack_folder("belgium")).audiences)


@cache
def facts() -> Facts:
    folder = pack_folder("belgium")
    pack = load_pack(folder)
    return Facts(NOW, None, {}, (), (), load_procedures(folder, pack), pack)


@cache
def templates() -> Templates:
    return load_templates(pack_folder("belgium"))


def made(audience: str = "pharmacist", language: Language = "fr", *, now: datetime = NOW) -> Binder:
    return binder(audience, language, facts=replace(facts(), now=now), templates=templates(), site_url=SITE)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_way_without_ict_of_the_profession_is_in_it_and_no_other(audience: str) -> None:
    wanted = [
        procedure.id
        for procedure in facts().procedures.values()
        if procedure.kind == "non_ict" and audience in procedure.audiences
    ]
    assert wanted
    assert sorted(sheet.leaflet.id for sheet in made(audience).sheets) == sorted(wanted)


def test_it_says_when_it_was_printed_and_by_when_to_print_it_again() -> None:
    good = made()
    assert (good.printed_on, good.good_until) == ("23 novembre 2026", "22 mai 2027")
    assert (good.is_overdue, made(now=datetime(2027, 5, 23, 8, tzinfo=UTC)).is_overdue) == (False, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_is_tagged_titled_and_in_its_language(language: Language) -> None:
    # What this does not check: the order in which a screen reader reads, contrast, and veraPDF's full list of PDF/UA
    # rules. typst refuses to write `ua-1` where its own checks fail (no title, an image without words, headings that
    # skip a level); what it declares is looked up here by another library.
    pdf = pikepdf.open(BytesIO(binder_pdf(made(language=language))))
    root = pdf.Root
    with pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        title = str(metadata["dc:title"])
    assert bool(root.MarkInfo.Marked)
    assert str(root.Lang) == language
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    assert "Plan B" in title
    kinds = structure(root.StructTreeRoot)
    assert kinds.count("H1") == 1
    assert kinds.count("H2") >= len(made().sheets)
    assert {"L", "LI", "Link", "Figure", "P"} <= set(kinds)


def test_every_picture_in_the_pdf_is_said_in_words() -> None:
    pdf = pikepdf.open(BytesIO(binder_pdf(made())))
    figures = [node for node in nodes(pdf.Root.StructTreeRoot) if str(node.get("/S", "")) == "/Figure"]
    assert len(figures) == len(made().sheets) + 1
    assert all(str(figure.Alt).startswith("Code QR menant à https://status.example.org/") for figure in figures)


def nodes(node: pikepdf.Object) -> list[pikepdf.Dictionary]:
    found: list[pikepdf.Dictionary] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Array):
            waiting.extend(list(each))
        elif isinstance(each, pikepdf.Dictionary):
            found.append(each)
            waiting.extend([each.K] if "/K" in each else [])
    return found


def structure(root: pikepdf.Object) -> list[str]:
    return [str(node.S)[1:] for node in nodes(root) if "/S" in node]


class Reading(HTMLParser):
    """What a browser would fetch or read."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.leads: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.add(given.get("id") or "")
        if tag == "a":
            self.leads.append(given.get("href") or "")
        for name in ("src", "href"):
            if tag in {"link", "script", "img", "iframe"} and given.get(name):
                self.fetched.append(given[name] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_folder_works_offline_and_says_the_same(language: Language) -> None:
    book = made(language=language)
    folder = binder_folder(book)
    reading = Reading()
    reading.feed(folder["index.html"].decode())
    words = " ".join(reading.words)

    assert set(reading.fetched) <= set(folder), "nothing is fetched from elsewhere"
    assert all(lead[1:] in reading.anchors for lead in reading.leads if lead.startswith("#"))
    for sheet in book.sheets:
        for text in (sheet.leaflet.instruction, *sheet.leaflet.steps, *sheet.leaflet.exclusions):
            assert text in words
    assert len(re.findall(r"<svg", folder["index.html"].decode())) == len(book.sheets) + 1


def test_nobody_answers_for_the_demonstration_and_it_says_so() -> None:
    assert "Démonstration non officielle" in binder_folder(made())["index.html"].decode()


def test_no_ground_that_nobody_validated_reads_as_a_yes() -> None:
    pages = binder_folder(made("pharmacist", "en"))["index.html"].decode()
    grounds = [facts().procedures[sheet.leaflet.id].legal for sheet in made().sheets]
    assert all(ground.unconfirmed["en"] in pages for ground in grounds)
    assert not any(ground.text["en"] in pages for ground in grounds)


def test_a_qr_code_is_whole_and_has_quiet_around_it() -> None:
    drawn = qr_code("https://status.example.org/fr/procedures/x.html")
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn)
    assert size is not None
    assert int(size[1]) >= 29 + 8
    assert drawn.startswith("<svg")
    assert drawn.endswith("</svg>")


def test_the_command_writes_both_for_whoever_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--audience", "doctor", "--language", "nl", "--output", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert (tmp_path / "doctor-nl.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert (tmp_path / "doctor-nl" / "index.html").exists()
    assert (tmp_path / "doctor-nl" / "binder.css").exists()
    assert "set site_url to the public address before you print" in result.stderr


@pytest.mark.parametrize("wrong", [["--audience", "wizard"], ["--language", "la"]])
def test_a_profession_or_language_that_there_is_not_is_refused_with_those_there_are(wrong: list[str]) -> None:
    result = CliRunner().invoke(app, wrong)

    assert isinstance(result.exception, InputError)
    assert result.exception.code == "binder.unknown"
