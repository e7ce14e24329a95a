"""The catalogue of mutations fits the code as it is: each replaces text that stands once, with other code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutations.catalogue import FAMILIES, FIRST

ROOT = Path(__file__).resolve().parents[2]
EVERY = {f"{family}-{n}": m for family, ms in FAMILIES.items() for n, m in enumerate(ms, start=1)}


@pytest.mark.parametrize("name", EVERY)
def test_a_mutation_is_other_code_at_one_place(name: str) -> None:
    mutation = EVERY[name]
    text = (ROOT / mutation.file).read_text("utf-8")
    assert text.count(mutation.old) == 1, "the code has changed: put a like mistake in the place of this one"
    made = text.replace(mutation.old, mutation.new)
    assert ast.dump(ast.parse(made)) != ast.dump(ast.parse(text))


def test_ten_or_more_of_each_family_and_what_sees_them_is_there() -> None:
    assert FAMILIES.keys() == FIRST.keys()
    assert all(len(ms) >= 10 for ms in FAMILIES.values())
    assert all((ROOT / test).exists() for tests in FIRST.values() for test in tests)
