"""Compressed siblings: made once for each text, and never two forms of the same size."""

import zlib

import brotli
import pytest

from tocsin.status_site import compression
from tocsin.status_site.compression import Press, forms_of

LONG = b"<p>Electronic prescriptions cannot be retrieved.</p>" * 40


def test_each_text_has_both_forms_beside_it() -> None:
    packed = Press().packed({"fr/index.html": LONG, "robots.txt": b"short", "icon.png": LONG})

    assert list(packed) == ["fr/index.html", "fr/index.html.gz", "fr/index.html.br", "robots.txt", "icon.png"]
    assert zlib.decompress(packed["fr/index.html.gz"], wbits=31) == LONG
    assert brotli.decompress(packed["fr/index.html.br"]) == LONG


def test_a_text_is_compressed_once_whatever_its_page_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def noted(content: bytes) -> compression.Forms:
        made.append(content)
        return forms_of(content)

    monkeypatch.setattr(compression, "forms_of", noted)
    press = Press()
    press.packed({"a.html": LONG, "b.html": LONG})
    press.packed({"a.html": LONG, "c.html": LONG + b"new"})

    assert made == [LONG, LONG + b"new"]


def test_what_was_not_on_the_last_version_is_forgotten() -> None:
    press = Press()
    press.packed({"a.html": LONG})
    press.packed({"a.html": LONG + b"new"})

    assert list(press._forms) == [LONG + b"new"]


def test_no_two_forms_of_a_text_have_the_same_size() -> None:
    random = bytes(range(256)) * 8
    for content in (LONG, random, zlib.compress(random) * 20):
        forms = forms_of(content)
        sizes = [len(form) for form in (content, forms.gzip, forms.brotli) if form is not None]
        assert sizes == sorted(set(sizes), reverse=True)


def test_what_would_not_be_smaller_has_no_form() -> None:
    assert forms_of(b"x") == compression.Forms(None, None)
