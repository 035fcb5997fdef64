"""What a text message holds, and how texts are respelled for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kernel import gsm7


@pytest.mark.parametrize(
    ("text", "units", "is_spelled"),
    [
        ("", 0, True),
        ("hello", 5, True),
        ("à é è ù ì ò ä ö ü ß ñ Ç É Å", 27, True),
        ("[a|b]~{c}\\^€", 21, True),
        ("10 €", 5, True),
        ("ê", 1, False),
        ("ç", 1, False),
        ("È", 1, False),
        ("é ê", 3, False),
        ("’", 1, False),
        ("👩", 2, False),
    ],
)
def test_units_are_counted_in_the_alphabet_that_can_spell_the_text(text: str, *, units: int, is_spelled: bool) -> None:
    assert (gsm7.units(text), gsm7.is_spelled(text)) == (units, is_spelled)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("e" * 160, True),
        ("e" * 161, False),
        ("€" * 80, True),
        ("€" * 80 + "e", False),
        ("ê" * 70, True),
        ("ê" * 71, False),
        ("ê" + "e" * 69, True),
        ("👩" * 35, True),
        ("👩" * 36, False),
    ],
)
def test_one_message_holds_160_septets_or_70_characters(text: str, *, fits: bool) -> None:
    assert gsm7.fits(text) is fits


@pytest.mark.parametrize(
    ("text", "respelled"),
    [
        (
            "Réessayez : l’hôpital a reçu « oui »…",
            'Réessayez : l\'hôpital a reçu "oui"...'.replace("ô", "o").replace("ç", "c"),
        ),
        ("cœur, Œuvre, à côté, août, naïf", "coeur, OEuvre, à coté, aout, naif"),
        ("patiënt, geïdentificeerd, één", "patient, geidentificeerd, één"),
        ("„höhere Gewalt“ – Größe", '"höhere Gewalt" - Größe'),
        ("8\u00a0h\u202f40", "8 h 40"),
        ("10,5 × 20 cm", "10,5 x 20 cm"),
        ("À Ê Ô", "A E O"),
        ("e\u0301te\u0301", "été"),
        ("ﬁn", "fin"),
        ("日本", "日本"),
    ],
)
def test_what_the_alphabet_lacks_is_respelled_where_that_harms_nothing(text: str, respelled: str) -> None:
    assert gsm7.respelled(text) == respelled


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_categories=("Cc", "Cs")), max_size=200))
def test_respelling_never_costs_more_and_is_done_once(text: str) -> None:
    once = gsm7.respelled(text)

    assert gsm7.respelled(once) == once
    if gsm7.is_spelled(text) and not set(text) & set("«»\u00a0\t"):
        assert once == text


def test_an_address_for_more_is_added_where_there_is_room() -> None:
    assert gsm7.with_address("Short.", "https://example.org/d") == "Short. https://example.org/d"
    assert gsm7.with_address("e" * 150, "https://example.org/d") == "e" * 150
    assert gsm7.with_address("Short.", "") == "Short."
