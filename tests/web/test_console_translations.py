"""Everything the web says exists in French, Dutch, German and English."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from tools.extract_messages import LANGUAGES, Message, messages_in, update

ELSEWHERE = frozenset({"subscriptions"})
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


@pytest.fixture
def web(root: Path) -> Path:
    return root / "src" / "tocsin" / "web"


def test_the_extractor_reads_python_and_templates(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('x = _("One")\ny = ngettext("%(count)d a", "%(count)d b", 2)\nz = print("Not me")\n')
    (tmp_path / "b.html").write_text(
        '{% translate "100% sure" as x %}{% blocktranslate with a=b %}Hello {{ a }}{% endblocktranslate %}'
        "{% blocktranslate count n=x %}{{ n }} cat{% plural %}{{ n }} cats{% endblocktranslate %}"
    )
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "c.py").write_text('_("Elsewhere")')
    assert set(messages_in(tmp_path, without=frozenset({"left"}))) == {
        Message("One"),
        Message("%(count)d a", "%(count)d b"),
        Message("100%% sure"),
        Message("Hello %(a)s"),
        Message("%(n)s cat", "%(n)s cats"),
    }


def test_updating_keeps_what_is_translated_and_names_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('_("One")')
    assert update(tmp_path, "fr", without=frozenset()) == ["One"]
    path = tmp_path / "locale" / "fr" / "LC_MESSAGES" / "django.po"
    path.write_text(path.read_text().replace('msgstr ""\n', 'msgstr "Un"\n').replace('msgstr "Un"', 'msgstr ""', 1))
    assert update(tmp_path, "fr", without=frozenset()) == []
    assert update(tmp_path, "en", without=frozenset()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(web: Path, language: str) -> None:
    with (web / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    lacking = []
    for message in messages_in(web, without=ELSEWHERE):
        known = catalogue.get(message.singular)
        said = known.string if known is not None else ""
        if not (all(said) and said if isinstance(said, tuple | list) else said):
            lacking.append(message.singular)
    assert lacking == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_placeholders(web: Path, language: str) -> None:
    with (web / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        forms = message.string if isinstance(message.string, tuple | list) else [message.string]
        singular = message.id[0] if isinstance(message.id, tuple | list) else message.id
        for form in forms if message.id else []:
            assert sorted(_PLACEHOLDER.findall(str(form))) == sorted(_PLACEHOLDER.findall(str(singular))), message.id


def test_hardly_anything_is_the_english_word_for_word(web: Path) -> None:
    for language in ("fr", "nl", "de"):
        with (web / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        same = [message.id for message in catalogue if message.id and message.string == message.id]
        # "Code", "Source", "Note", a time and a colon: words that are the same in two languages.
        assert len(same) < 16, same
