"""What rules make of texts: other texts, at most as many as were asked for, the same each time."""

from __future__ import annotations

from activeseed.config import parse
from activeseed.perturbations import Paraphrase
from activeseed.rewriters import CommandRewriter, MachineRewriter
from tests.small_project import POOL


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
