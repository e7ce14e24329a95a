"""What rules make of texts: other texts, at most as many as were asked for, the same each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import pytest

from activeseed.config import parse
from activeseed.perturbations import Paraphrase
from activeseed.rewriters import CommandRewriter, MachineRewriter
from activeseed.testing import check_rewriter
from tests.small_project import POOL

#: a program that says each text with a number behind it
NUMBERS = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    made = [f"{asked['text']} ({k})" for k in range(asked["n"])]
    print(json.dumps({"row": asked["row"], "texts": made}))
"""


def test_rules_take_turns_and_say_something_else() -> None:
    made = MachineRewriter().rewrite(POOL, 6)
    assert made == MachineRewriter().rewrite(POOL, 6)
    assert len(made) == len(POOL)
    assert sum(map(len, made)) > len(POOL) / 2
    for text, others in zip(POOL, made, strict=True):
        assert len(others) <= 6
        assert text not in others
        assert len(set(others)) == len(others)
    assert [others[:2] for others in made] == MachineRewriter().rewrite(POOL, 2)


def test_where_the_meaning_is_kept_only_paraphrases_are_made() -> None:
    kept = MachineRewriter(keeping=True).rewrite(POOL, 20)
    assert kept == [Paraphrase(most=8).paraphrases(t) for t in POOL]
    every = MachineRewriter().rewrite(POOL, 40)
    assert all(set(some) <= set(others) for some, others in zip(kept, every, strict=True))
    assert sum(map(len, every)) > sum(map(len, kept))


def test_of_nothing_and_of_another_language_nothing_is_made() -> None:
    assert MachineRewriter().rewrite((), 3) == []
    assert MachineRewriter().rewrite(("Niemand muss das wissen, unterschreib einfach.",), 3) == [[]]
    assert CommandRewriter(argv=("nothing",)).rewrite((), 3) == []


def test_the_settings_name_one_or_leave_it_to_the_package() -> None:
    assert parse({}).rewriter is None
    assert "rewriter" not in parse({}).record()
    said = parse({"rewriter": {"kind": "machine", "keeping": True}})
    assert said.rewriter == MachineRewriter(keeping=True)
    assert said.record()["rewriter"] == {"kind": "machine", "keeping": True}


@pytest.mark.parametrize(
    "rewriter",
    [MachineRewriter(), MachineRewriter(keeping=True), CommandRewriter(argv=(sys.executable, "-c", NUMBERS))],
    ids=["machine", "keeping", "command"],
)
def test_every_member_keeps_its_promises(rewriter: MachineRewriter | CommandRewriter) -> None:
    check_rewriter(rewriter, POOL[:8])


class Lying:
    kind = "lying"

    def __init__(self, made: Callable[[Sequence[str], int], list[list[str]]], by: str = "a rule") -> None:
        self.made, self.by = made, by

    def rewrite(self, texts: Sequence[str], n: int, towards: Sequence[str] = ()) -> list[list[str]]:
        return self.made(texts, n)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda texts, n: [["x"]] * max(1, len(texts)), "something of no texts"),
        (lambda texts, n: [["x"]] * len(texts[1:]), "answers 8 texts with 7 lists"),
        (lambda texts, n: [[f"x{k}" for k in range(n + 1)] for _ in texts], "makes 4 of"),
        (lambda texts, n: [[""] for _ in texts], "that is no text"),
        (lambda texts, n: [[t] for t in texts], "of itself"),
        (lambda texts, n: [["x", "x"] for _ in texts], "twice"),
        (lambda texts, n: [["x"] for _ in texts], "where none are asked for"),
    ],
)
def test_who_breaks_a_promise_is_found(made: Callable[[Sequence[str], int], list[list[str]]], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_rewriter(Lying(made), POOL[:8])
    with pytest.raises(AssertionError, match="who writes"):
        check_rewriter(Lying(made, by=""), POOL[:8])
