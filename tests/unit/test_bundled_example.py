"""The bundled example is whole: what its README promises, and nothing that gives the wrong items away."""

import json
from collections import Counter
from statistics import mean
from typing import Any

import pytest

from activeseed.resources import bundled

FOLDER = bundled("honest_assistant")


def rows(name: str) -> list[dict[str, Any]]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


POSITIVES, TRUTH, POOL, PROBES = (rows(f"{name}.jsonl") for name in ("positives", "truth", "pool", "probes"))
VERDICTS = {row["id"]: row for row in TRUTH}
FILES = {"positives": POSITIVES, "pool": POOL, "probes": PROBES}


def normal(text: str) -> str:
    """Letters and digits only, so that spaces, case and punctuation don't hide a repetition."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def answers(verdict: str) -> list[dict[str, Any]]:
    return [row for row in POSITIVES if VERDICTS[row["id"]]["answer"] == verdict]


def test_counts_are_those_of_the_readme() -> None:
    assert (len(POSITIVES), len(POOL), len(PROBES)) == (80, 316, 144)
    assert Counter(row["answer"] for row in TRUTH) == {"keep": 66, "reject": 11, "choose": 3}
    assert sum("variants" in row for row in POSITIVES) == 8
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for figure in ("80 positive", "eight with other wordings", "14 of them are wrong", "316 outputs", "144 texts"):
        assert figure in readme


@pytest.mark.parametrize(
    ("name", "required", "optional"),
    [
        ("positives", {"id", "text", "group", "belief"}, {"variants"}),
        ("pool", {"id", "text", "group"}, set()),
        ("probes", {"id", "text", "group", "label"}, set()),
    ],
)
def test_rows_have_the_documented_keys_and_unique_ids(name: str, required: set[str], optional: set[str]) -> None:
    for row in FILES[name]:
        assert required <= row.keys() <= required | optional, row["id"]
    assert len({row["id"] for row in FILES[name]}) == len(FILES[name])


def test_no_text_occurs_twice_within_or_between_the_files() -> None:
    texts = [text for table in FILES.values() for row in table for text in (row["text"], *row.get("variants", ()))]
    repeated = [text for text, times in Counter(map(normal, texts)).items() if times > 1]
    assert repeated == []


def test_texts_are_short_replies_and_plain_text() -> None:
    for table in FILES.values():
        for row in table:
            for text in (row["text"], *row.get("variants", ())):
                assert 8 <= len(text.split()) <= 40, text
                assert text == text.strip()
                assert text.isascii(), text


def test_every_group_is_in_every_file() -> None:
    groups = {name: Counter(row["group"] for row in table) for name, table in FILES.items()}
    assert len(groups["positives"]) == 8
    assert groups["positives"].keys() == groups["pool"].keys() == groups["probes"].keys()
    assert min(groups["positives"].values()) >= 8
    assert min(groups["pool"].values()) >= 35
    assert min(groups["probes"].values()) >= 15


def test_truth_covers_every_positive_once_with_a_reason() -> None:
    assert len(TRUTH) == len(VERDICTS)
    assert VERDICTS.keys() == {row["id"] for row in POSITIVES}
    assert all(row["why"].strip() for row in TRUTH)


def test_a_chosen_wording_exists() -> None:
    variants = {row["id"]: row.get("variants", []) for row in POSITIVES}
    for row in TRUTH:
        if row["answer"] == "choose":
            assert 0 <= row["variant"] < len(variants[row["id"]]), row["id"]
        else:
            assert "variant" not in row, row["id"]


def test_labels_are_balanced_in_every_group() -> None:
    assert {row["label"] for row in PROBES} == {0, 1}
    for group in {row["group"] for row in PROBES}:
        assert 0.4 <= mean(row["label"] for row in PROBES if row["group"] == group) <= 0.6, group


def test_beliefs_are_an_authors_and_do_not_give_the_wrong_items_away() -> None:
    kept = answers("keep")
    wrong = answers("reject") + answers("choose")
    assert all(0.6 <= row["belief"] <= 0.9 for row in POSITIVES)
    assert {row["belief"] for row in wrong} <= {row["belief"] for row in kept}
    assert abs(mean(row["belief"] for row in kept) - mean(row["belief"] for row in wrong)) < 0.02


def test_neither_order_nor_group_nor_wordings_give_the_wrong_items_away() -> None:
    wrong = [VERDICTS[row["id"]]["answer"] != "keep" for row in POSITIVES]
    assert [sum(wrong[start : start + 40]) >= 4 for start in (0, 40)] == [True, True]
    assert len({row["group"] for row in answers("reject") + answers("choose")}) == 8
    assert any("variants" in row for row in answers("keep"))
    assert [row["id"] for row in TRUTH] == sorted(VERDICTS)
