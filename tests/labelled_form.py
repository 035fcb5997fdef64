"""Reads a page as a screen reader would: which fields have a name, and in which language it speaks."""

from collections.abc import Mapping
from html.parser import HTMLParser


class Labelled(HTMLParser):
    """Which fields a form has, and which of them a label names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language, self.ids, self.labels, self.inside_label = "", set[str](), set[str](), False
        self.unlabelled: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: Mapping[str, str | None] = dict(attrs)
        assert not {"style", "onclick", "onsubmit"} & set(given)
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "label":
            self.inside_label = True
            self.labels.add(given.get("for") or "")
        if tag in {"input", "select"} and given.get("type") != "hidden":
            named = self.inside_label or given.get("id") in self.labels
            self.unlabelled += [] if named else [str(given.get("name"))]

    def handle_endtag(self, tag: str) -> None:
        self.inside_label = self.inside_label and tag != "label"
