"""What the demo says of planted mistakes is what the answers did to them."""

from pathlib import Path

import pytest

from activeseed.cli.demo import sentence
from activeseed.cli.planted import EXAMPLES, Course, Finding, course, meant
from activeseed.embedders import Tfidf
from activeseed.seed import Item, Probe, Seed, Text, Variant
from activeseed.study import LoopResult, Study
from activeseed.systems.own import FromFunction


def outcome(seed, key):
    """A trainer that counts the items that stand: nothing here depends on what it learns."""
    return [len(seed) / 10.0, 0.5]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    items = [Item(id=f"i{n}", payload=Text(text=f"statement number {n}")) for n in range(5)]
    other = Variant(id="wording-1", payload=Text(text="said better"))
    items[4] = Item(id="i4", payload=Text(text="said badly"), alternatives=(other,))
    probes = [Probe(id=f"p{n}", payload=Text(text=f"probe {n}")) for n in range(2)]
    made = Study.create(
        tmp_path / "s", Seed(items=tuple(items)), FromFunction(outcome), probes=probes, embedder=Tfidf()
    )
    rows = [("i0", "reject", ""), ("i1", "reject", ""), ("i2", "keep", ""), ("i3", "keep", ""), ("i4", "choose", 0)]
    lines = ["{" + f'"id": "{i}", "answer": "{a}"' + (', "variant": 0' if v == 0 else "") + "}\n" for i, a, v in rows]
    (made.folder / "truth.jsonl").write_text("".join(lines), "utf-8")
    return made


def test_the_course_follows_the_answers_line_by_line(study: Study) -> None:
    truth = study.folder / "truth.jsonl"
    assert meant(study, truth)["i4"] == "wording-1"
    assert course(study, truth) == Course(3, (), (), (), ("i0", "i1", "i4"), ())
    questions = {q.items[0]: q for q in study.ask(items=["i2", "i0", "i3", "i4"])}
    said = {"i2": ("keep", ""), "i0": ("reject", ""), "i3": ("reject", ""), "i4": ("choose", "wording-1")}
    study.tell(
        [{"question": questions[i].id, "annotator": "a", "verdict": v, "variant": w} for i, (v, w) in said.items()]
    )
    found = course(study, truth)
    assert (found.planted, found.left, found.lost) == (3, ("i1",), ("i3",))
    assert found.lines == (1, 2, 3, 4)
    assert found.out == (0, 1, 1, 2)
    assert found.minutes == pytest.approx((1.0, 2.0, 3.0, 4.0))
    assert found.cost == (4, 4.0)
    assert found.cost_of(1) == (2, 2.0)
    assert found.cost_of(3) is None


def test_the_sentence_says_what_was_found_and_what_it_cost_in_both_orders() -> None:
    ours = Course(3, (1, 4, 5, 6), (1.0, 1.9, 2.9, 3.9), (0, 2, 3, 3), (), ())
    other = Course(3, (1, 2, 3, 4, 5, 6, 7, 8), tuple(map(float, range(1, 9))), (0, 0, 1, 1, 1, 2, 2, 3), (), ())
    finding = Finding(LoopResult("stopped", ("x",), True), ours, other)
    said = sentence(EXAMPLES["pairs"], finding)
    assert said == (
        "3 of the 3 wrong pairs were put right with 5 answered lines (3 minutes), where random order needs 8 "
        "(8 minutes) for as many; no right one was lost, and 1 more line was asked to be sure that nothing that "
        "matters is left."
    )


def test_the_sentence_admits_what_went_wrong() -> None:
    ours = Course(3, (1, 2), (1.0, 2.0), (1, 2), ("a",), ("b",))
    other = Course(3, (1,), (1.0,), (1,), ("a", "c"), ())
    said = sentence(EXAMPLES["statements"], Finding(LoopResult("stopped", ("x",), False), ours, other))
    assert "2 of the 3 wrong statements" in said
    assert "random order put 1 right with 1 line (1 minute)" in said
    assert "1 right one was lost" in said
