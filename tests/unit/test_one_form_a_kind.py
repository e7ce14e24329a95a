"""A kind of question is said in one place: its own file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import activeseed
from activeseed.errors import AnswerError
from activeseed.protocols import SupportsItems
from activeseed.question import Question
from activeseed.questions import FORMS, form_named, form_of, usual, with_form
from activeseed.seed import Item, Pair, Text, Variant
from tests.toy_forms import RateIt

PACKAGE = Path(str(activeseed.__file__)).parent
#: what happens to be called as a kind is: the column of rankings that journals and reports have (what writing more is
#: predicted to settle), and the function that resolves answers; and the kinds that are asked for by name, which stand
#: beside the forms so that a misspelling is found before anything runs
OTHERS = {
    ("study/ranking.py", "write_more"), ("report/facts.py", "write_more"), ("cli/demo.py", "write_more"),
    ("resolution/__init__.py", "resolve"), ("questions/__init__.py", "write_more"), ("questions/__init__.py", "merge"),
    ("questions/__init__.py", "prefer_outcome"), ("questions/__init__.py", "mark_authority"),
    ("questions/__init__.py", "judge_dream"),
}  # fmt: skip


def texts_of(path: Path) -> Iterator[str]:
    """Every text of a module that a program could compare with: neither docstrings nor parts of longer ones."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_other_module_names_a_kind() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), text)
        for path in PACKAGE.rglob("*.py")
        for text in texts_of(path)
        if text in FORMS
    }
    assert found == {(f"questions/{kind}.py", kind) for kind in FORMS} | OTHERS


@pytest.mark.parametrize("kind", FORMS)
def test_a_form_is_found_by_its_kind(kind: str) -> None:
    assert form_of(Question(id="q", kind=kind, items=())) is form_named(kind) is FORMS[kind]


def test_an_unknown_kind_is_a_sentence_with_the_nearest_known_one() -> None:
    with pytest.raises(AnswerError, match=r"No kind of question is called 'revew'. Did you mean 'review'"):
        form_of(Question(id="q", kind="revew", items=()))


def test_a_form_of_ones_own_travels_with_its_question_and_is_written_nowhere() -> None:
    found: list[str] = []

    def find() -> RateIt:
        found.append("looked for")
        return RateIt()

    question = with_form(Question(id="q", kind="rate_it", items=("a",)), find)
    again = question.model_copy(update={"id": "r"})
    assert found == []
    assert form_of(again) == RateIt()
    assert "form" not in question.model_dump_json()
    with pytest.raises(AnswerError, match="'rate_it'"):
        form_of(Question.model_validate_json(question.model_dump_json()))


def test_every_item_has_exactly_one_usual_form() -> None:
    other = (Variant(id="w1", payload=Text(text="B")),)
    items = {
        "review": Item(id="a", payload=Text(text="A")),
        "choose_wording": Item(id="a", payload=Text(text="A"), alternatives=other),
        "judge_pair": Item(id="a", payload=Pair(chosen="A", rejected="B")),
    }
    for kind, item in items.items():
        suited = [k for k, f in FORMS.items() if isinstance(f, SupportsItems) and f.suits(item)]
        assert suited == [kind]
        assert usual(item).kind == kind
