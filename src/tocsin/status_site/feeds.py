"""Atom feeds: for each language, and in it for each audience; read by people's readers and by other systems."""

from datetime import UTC, datetime

from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext

from tocsin.bulletins.rules.clock_words import typeset
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.wording import plain_text
from tocsin.kernel.language import Language
from tocsin.status_site.rules.facts import Facts, Said
from tocsin.status_site.rules.pages import checked_words

MAX_ENTRIES = 20
"""As many as a long morning brings; who needs older ones has them already."""

_NEVER = datetime(2020, 1, 1, tzinfo=UTC)


class _Feed(Atom1Feed):
    """An Atom feed whose `updated` is ours: Django's own would ask the machine's clock when there is no entry."""

    def latest_post_date(self) -> datetime:
        updated = self.feed["updated_at"]
        assert isinstance(updated, datetime)
        return updated


def feed(
    language: Language, *, facts: Facts, templates: Templates, site_url: str, audience: str | None = None
) -> bytes:
    """Return the feed of an audience, or of all, in a language (which must be active for translations)."""
    place = f"{site_url.rstrip('/')}/{language}/" + (f"{audience}/" if audience else "")
    written = _Feed(
        title=_title(language, facts, audience),
        link=f"{place}index.html",
        description=None,
        language=language,
        feed_url=f"{place}feed.xml",
        feed_guid=f"{place}feed.xml",
        subtitle=_subtitle(language, facts),
        author_name=_author(language, facts),
        updated_at=facts.checked_at or _NEVER,
    )
    for said in _newest(facts, audience):
        _add(written, said, language, audience=audience, templates=templates, place=place)
    return written.writeString("utf-8").encode()


def _newest(facts: Facts, audience: str | None) -> list[Said]:
    wanted = [said for said in reversed(facts.said) if audience is None or audience in said.bulletin.texts]
    return wanted[:MAX_ENTRIES]


def _add(
    written: Atom1Feed,
    said: Said,
    language: Language,
    *,
    audience: str | None,
    templates: Templates,
    place: str,
) -> None:
    texts = said.bulletin.texts
    readers = [audience] if audience else list(texts)
    written.add_item(
        title=typeset(texts[readers[0]].subject[language], language),
        link=f"{place}index.html",
        description="\n\n".join(plain_text(texts[reader], language, templates=templates) for reader in readers),
        unique_id=f"{place}{said.bulletin.id}",
        pubdate=said.published_at,
        updateddate=said.published_at,
    )


def _title(language: Language, facts: Facts, audience: str | None) -> str:
    name = gettext("e-health services")
    title = f"{facts.pack.audiences[audience].plural[language]} – {name}" if audience else name
    return f"{title} ({gettext('Unofficial demonstration')})" if facts.is_demonstration else title


def _subtitle(language: Language, facts: Facts) -> str:
    checked, valid_until = checked_words(language, facts=facts)
    if not checked:
        told = gettext("Not checked yet: treat everything here as not known.")
    elif facts.is_stale:
        told = gettext("Last checked at %(checked)s. That is too long ago: treat everything here as not known.")
    else:
        told = gettext("Checked %(checked)s · valid until %(valid_until)s, then treat as not known.")
    said = told % {"checked": checked, "valid_until": valid_until}
    return f"{said} {gettext('Scripted reconstruction')}." if facts.is_replay else said


def _author(language: Language, facts: Facts) -> str:
    authority = facts.pack.authority
    return gettext("Unofficial demonstration") if authority is None else authority.name[language]
