"""One person or one text never counts as two."""

from __future__ import annotations

import pytest

from activeseed.comparing import clean_name, is_writable, known_as, same_name, same_text


@pytest.mark.parametrize(
    "other",
    [" Jo@Example.ORG", "jo@example.org\u200b", "jo@example.org\n", "\ufeffjo@example.org\t", "ｊｏ@example.org"],
)
def test_a_name_written_otherwise_is_the_same_person(other: str) -> None:
    assert same_name(other) == same_name("jo@example.org")
    assert known_as(other, ["al", "jo@example.org"]) == "jo@example.org"


@pytest.mark.parametrize("other", ["jo@example.com", "jo2@example.org", "j o@example.org", ""])
def test_another_name_is_another_person(other: str) -> None:
    assert same_name(other) != same_name("jo@example.org")
    assert known_as(other, ["jo@example.org"]) == other


def test_accents_and_capitals_of_other_scripts_are_one_form() -> None:
    assert same_name("Zoe\u0308") == same_name("Zo\u00eb")
    assert same_name("STRASSE") == same_name("straße")
    assert clean_name("  Zoe\u0308 \u200e Li ") == "Zo\u00eb Li"


def test_a_known_name_comes_before_one_of_the_same_form() -> None:
    assert known_as("Jo", ["jo", "Jo"]) == "Jo"


def test_texts_differ_by_case_and_not_by_white_space() -> None:
    assert same_text("Be  kind.\r\n") == same_text("Be kind.")
    assert same_text("Cafe\u0301") == same_text("Caf\u00e9")
    assert same_text("BE KIND.") != same_text("Be kind.")


def test_half_a_character_can_not_be_written() -> None:
    assert is_writable("😀")
    assert not is_writable("\ud83d")
