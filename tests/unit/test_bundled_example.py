"""The bundled seeds are whole: what their READMEs promise, and nothing that gives the planted mistakes away."""

import json
from collections import Counter
from statistics import mean
from typing import Any

import pytest

from activeseed.cli.planted import EXAMPLES
from activeseed.resources import bundled

SEEDS = {example.folder: example.seed for example in EXAMPLES.values()}
TEXTS = ("text", "prompt", "chosen", "rejected")


def rows(folder: str, name: str) -> list[dict[str, Any]]:
    text = (bundled(folder) / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def seed(folder: str) -> list[dict[str, Any]]:
    return rows(folder, SEEDS[folder])


def planted(folder: str) -> set[str]:
    return {row["id"] for row in rows(folder, "truth.jsonl") if row["answer"] != "keep"}


def files(folder: str) -> dict[str, list[dict[str, Any]]]:
    found = [entry.name for entry in bundled(folder).iterdir() if entry.name.endswith(".jsonl")]
    return {name: rows(folder, name) for name in found if name != "truth.jsonl"}


def texts(row: dict[str, Any]) -> list[str]:
    return [row[name] for name in TEXTS if name in row] + list(row.get("variants", ()))


def normal(text: str) -> str:
    """Letters and digits only, so that spaces, case and punctuation don't hide a repetition."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def test_counts_are_those_of_the_readmes() -> None:
    careful, patience, charter = files("careful"), files("patience"), files("charter")
    assert [len(careful[f"{name}.jsonl"]) for name in ("positives", "pool", "probes", "gold")] == [72, 80, 120, 6]
    assert [len(patience[f"{name}.jsonl"]) for name in ("pairs", "probes", "gold")] == [66, 102, 4]
    assert [len(charter[f"{name}.jsonl"]) for name in ("charter", "probes", "gold")] == [97, 210, 6]
    assert Counter(row["answer"] for row in rows("careful", "truth.jsonl")) == {"keep": 60, "reject": 11, "choose": 1}
    assert Counter(row["answer"] for row in rows("patience", "truth.jsonl")) == {"keep": 55, "flip": 11}
    assert Counter(row["answer"] for row in rows("charter", "truth.jsonl")) == {"keep": 81, "reject": 9, "choose": 7}
    assert [sum("variants" in row for row in seed(folder)) for folder in ("careful", "charter")] == [2, 14]
    assert min(Counter(row["group"] for row in seed("careful")).values()) == 3
    assert min(Counter(row["group"] for row in seed("patience")).values()) == 3


@pytest.mark.parametrize("folder", SEEDS)
def test_ids_are_unique_and_truth_covers_the_seed(folder: str) -> None:
    for table in files(folder).values():
        assert len({row["id"] for row in table}) == len(table)
    assert [row["id"] for row in rows(folder, "truth.jsonl")] == sorted(row["id"] for row in seed(folder))


@pytest.mark.parametrize("folder", SEEDS)
def test_no_text_occurs_twice_within_or_between_the_files(folder: str) -> None:
    # the better reply of a probe stands against two worse ones
    tables = [{normal(text) for row in t for text in texts(row)} for t in files(folder).values()]
    found = Counter(text for table in tables for text in table)
    assert [text for text, times in found.items() if times > 1] == []
    within = Counter(normal("".join(texts(row))) for table in files(folder).values() for row in table)
    assert max(within.values()) == 1


@pytest.mark.parametrize("folder", SEEDS)
def test_texts_are_short_and_plain(folder: str) -> None:
    for table in files(folder).values():
        for text in (text for row in table for text in texts(row)):
            assert 1 <= len(text.split()) <= 40, text
            assert text == text.strip()
            assert text.isascii(), text


@pytest.mark.parametrize("folder", SEEDS)
def test_labels_are_balanced(folder: str) -> None:
    probes = rows(folder, "probes.jsonl")
    assert mean(row["label"] for row in probes) == 0.5
    assert {row["group"] for row in probes} == {row["group"] for row in seed(folder)}


@pytest.mark.parametrize("folder", SEEDS)
def test_gold_partly_keeps_and_partly_does_not(folder: str) -> None:
    answers = Counter(row["answer"] for row in rows(folder, "gold.jsonl"))
    assert len(answers) == 2
    assert min(answers.values()) >= 2
    assert not {row["id"] for row in rows(folder, "gold.jsonl")} & {row["id"] for row in seed(folder)}


@pytest.mark.parametrize("folder", SEEDS)
def test_neither_fields_nor_order_nor_groups_give_the_planted_away(folder: str) -> None:
    wrong = planted(folder)
    assert 1 / 7 <= len(wrong) / len(seed(folder)) <= 1 / 5
    fields = {frozenset(row) - {"variants"} for row in seed(folder)}
    assert len(fields) == 1
    half = len(seed(folder)) // 2
    places = [n for n, row in enumerate(seed(folder)) if row["id"] in wrong]
    assert min(sum(n < half for n in places), sum(n >= half for n in places)) >= 3
    assert len({row["group"] for row in seed(folder) if row["id"] in wrong}) >= 4
    other_wordings = {row["id"] in wrong for row in seed(folder) if "variants" in row}
    assert other_wordings in (set(), {True, False})
