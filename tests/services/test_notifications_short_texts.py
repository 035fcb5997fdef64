"""What bulletins draft for telephones leaves as it was drafted: one text message, marked once."""

import pytest
from django.utils import translation

from bulletin_cases import first, incident
from tocsin.kernel import gsm7
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.notifications.queries import labels
from tocsin.notifications.rules.letter import marks, said_first


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drafted_short_text_needs_no_mark_in_front(language: Language) -> None:
    text = first(incident(is_drill=True)).texts["pharmacist"]
    with translation.override(language):
        said = marks(labels(language), is_official=False, is_drill=True)

    assert said_first(said, text.sms[language]) == text.sms[language]
    assert said_first(said, text.push[language]) == text.push[language]
    assert gsm7.fits(gsm7.with_address(text.sms[language], "https://example.org/fr/"))
