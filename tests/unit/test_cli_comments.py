"""Every setting in ``activeseed.toml`` carries what its record says of it, and the file reads back as it was."""

import tomllib

from pydantic import BaseModel

from activeseed.cli.comments import commented, described, summary
from activeseed.config import FAMILIES, Settings, parse


class Example(BaseModel):
    """One idea, said in a sentence. And another.

    Attributes:
        first: what it is, in two
            lines; with ``code``.
        second, third: two at once.
        fourth (in files and calls: short): under another name.

    Not an attribute: this is not.
    """

    first: int = 1


class Descendant(Example):
    """A descendant.

    Attributes:
        own: of its own.
    """

    own: int = 2


def test_attributes_are_read_from_docstrings():
    assert described(Example) == {
        "first": "what it is, in two lines; with code.",
        "second": "two at once.",
        "third": "two at once.",
        "short": "under another name.",
    }
    assert set(described(Descendant)) == {*described(Example), "own"}
    assert summary(Example) == "One idea, said in a sentence."


def test_the_file_reads_back_as_the_same_settings():
    settings = parse({"system": {"kind": "oversight_league", "rounds": 7}, "ask": {"batch": 5}})
    text = commented(settings, "About this file.\nIt has two lines.")
    assert text.startswith("# About this file.")
    assert parse(tomllib.loads(text)).record() == settings.record()


def test_every_setting_of_the_defaults_is_explained():
    settings = Settings()
    unexplained = []
    for name, table in settings.record().items():
        if isinstance(table, dict):
            words = described(type(getattr(settings, name)))
            unexplained += [f"{name}.{key}" for key in table if key not in words and key != "kind"]
        elif name not in described(Settings):
            unexplained.append(name)
    # names that say what they are
    assert set(unexplained) <= {"annotator.name", "perturbations"}


def test_no_line_is_wider_than_an_editor():
    assert max(map(len, commented(Settings(), "x").splitlines())) <= 120
    assert set(FAMILIES) <= set(Settings.model_fields)
