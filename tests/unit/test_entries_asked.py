"""Entries as people are asked about them: changed line by line, added like their kin, told apart from near-copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.annotators.file import FileAnnotator, read_answers
from activeseed.belief.copies import near_copies
from activeseed.cli.making import gold_from
from activeseed.entries import besides, changed, differing, like, written
from activeseed.errors import AnswerError
from activeseed.files import read_gold
from activeseed.looking.checks import gold_of
from activeseed.question import Answer, Question
from activeseed.questions import FORMS, about
from activeseed.questions import WRITING as MORE
from activeseed.resolution import check_answer
from activeseed.resolution import read_answers as votes_of
from activeseed.seed import Entry, Item, Seed, Variant
from activeseed.systems.own.given import GivenItem

LONG = [float(n) for n in range(9)]
BEFORE = Entry(text="The courier came.", fields={"concept": "delivery", "mass": 2, "vector": LONG, "on": True})


@pytest.mark.parametrize(
    ("typed", "text", "differ"),
    [
        ("mass: 0.5", None, {"mass": 0.5}),
        ("Mass : 1e-3", None, {"mass": 0.001}),
        ("concept: refund", None, {"concept": "refund"}),
        ("concept: 3", None, {"concept": "3"}),
        ("on: false", None, {"on": False}),
        ("Nobody came.", "Nobody came.", {}),
        ("Nobody came.\nmass: 3", "Nobody came.", {"mass": 3}),
        (BEFORE.display, None, {}),
        (BEFORE.display.replace("mass: 2", "mass: 7"), None, {"mass": 7}),
        ("Two lines:\nof text.", "Two lines:\nof text.", {}),
        ("utility: refund", None, {"utility": "refund"}),
        ('utility: {"c2": 1}', None, {"utility": {"c2": 1}}),
        ('{"mass": 4, "new": [1]}', None, {"mass": 4, "new": [1]}),
        ('{"kind": "entry", "text": "x", "fields": {"mass": 4}}', "x", {"mass": 4}),
    ],
)  # fmt: skip
def test_what_is_typed_changes_what_it_names_and_nothing_else(
    typed: str, text: str | None, differ: dict[str, Any]
) -> None:
    found = changed(BEFORE, typed, ("utility",))
    assert found == Entry(text=text or BEFORE.text, fields={**BEFORE.fields, **differ})


@pytest.mark.parametrize("typed", ["mass:", "mass: –", '{"mass": null}'])
def test_an_empty_value_takes_a_field_away(typed: str) -> None:
    assert "mass" not in changed(BEFORE, typed).fields


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Nothing typed"),
        ("mas: 3", "No field is called 'mas'. Did you mean 'mass'?"),
        ('{"mass": 3', "begins like JSON, and is none"),
        ('{"mass": NaN}', "NaN is no number"),
        ("vector: [1, 2", "begins like JSON, and is none"),
        ('{"fields": 3}', "Write it like that"),
    ],
)
def test_what_makes_no_entry_is_refused_and_never_lost(typed: str, says: str) -> None:
    with pytest.raises(AnswerError) as caught:
        changed(BEFORE, typed)
    assert says in str(caught.value)
    assert changed(BEFORE, typed, strict=False).text == (typed or BEFORE.text)


KIN = [Entry(text=f"Text {n}.", fields={"concept": "refund", "mass": n}) for n in (1, 2)]


def test_a_new_entry_takes_from_its_kin_what_all_of_them_say() -> None:
    assert like(KIN) == "its text | mass: …"
    assert written("Money back | mass: 3", KIN) == Entry(text="Money back", fields={"concept": "refund", "mass": 3})
    assert written("This | that | mass: 3 | concept: x", KIN).fields == {"concept": "x", "mass": 3}
    assert written("This | that | mass: 3", KIN).text == "This | that"
    assert written('{"text": "a", "mass": 1, "utility": "u"}', KIN).fields["utility"] == "u"
    for typed, says in (("Money back", "has no mass"), ("mass: 3", "has no text"), ("x | mas: 3", "Did you mean")):
        with pytest.raises(AnswerError, match=says):
            written(typed, KIN)
        assert written(typed, KIN, strict=False).fields["concept"] == "refund"


def test_what_differs_is_said_alone() -> None:
    other = Entry(text=BEFORE.text, fields={"concept": "refund", "mass": 2, "vector": LONG})
    assert differing(BEFORE, other) == "concept: refund\non: –"
    assert differing(BEFORE, BEFORE) == BEFORE.display


SEED = Seed(
    items=(
        Item(
            id="a", payload=Entry(text="Ada.", fields={"program": "user", "mass": 2}), group="people",
            alternatives=(Variant(id="half", payload=Entry(text="Ada.", fields={"program": "user", "mass": 1})),),
        ),
        Item(id="b", payload=Entry(text="Bo.", fields={"program": "cat"}), group="people"),
    )
)  # fmt: skip
QUESTION = about(FORMS["judge_candidate"], SEED, "a", "q")


def edited(typed: str) -> Answer:
    return Answer(id="x", question="q", annotator="me", verdict="edit", payload=act.Text(text=typed))


def test_an_edit_is_kept_as_it_was_typed_and_read_beside_the_entry() -> None:
    assert QUESTION.options["half"] == "mass: 1"
    answer = edited("mass: 0.25")
    check_answer(QUESTION, answer, SEED)
    ballot = votes_of(SEED, {"q": QUESTION}, [answer])
    assert ballot.votes[0].variant == "edit-1"
    assert ballot.seed["a"].variants[-1].payload == Entry(text="Ada.", fields={"program": "user", "mass": 0.25})
    again = votes_of(ballot.seed, {"q": QUESTION}, [answer])
    assert again.seed == ballot.seed, "the same answer adds nothing twice"
    half = votes_of(SEED, {"q": QUESTION}, [edited("mass: 1")])
    assert half.votes[0].variant == "half", "what somebody types is a variant that is there"
    assert votes_of(SEED, {"q": QUESTION}, [edited("mass: 2")]).votes[0].variant == "as_written"
    with pytest.raises(AnswerError, match="Did you mean 'mass'"):
        check_answer(QUESTION, edited("mas: 1"), SEED)


def test_an_edit_stays_what_it_was_where_the_author_goes_on_writing() -> None:
    old = SEED["a"].payload.model_dump(mode="json")
    new = Item(
        id="a", payload=Entry(text="Ada Byron.", fields={"program": "user", "mass": 3}), group="people",
        metadata={"earlier_payloads": [old]},
    )  # fmt: skip
    later = Seed(items=(new, SEED["b"]))
    ballot = votes_of(later, {"q": QUESTION}, [edited("mass: 0.25")])
    assert ballot.seed["a"].variants[-1].payload == Entry(text="Ada.", fields={"program": "user", "mass": 0.25})


def test_new_entries_are_added_once_whatever_their_kin_become() -> None:
    question = Question(id="w", kind=MORE.kind, items=(), group="people")
    answer = Answer(
        id="x", question="w", annotator="me", verdict="write_more",
        texts=("Cy. | program: user | mass: 3", '{"text": "Di.", "program": "noise"}'),
    )  # fmt: skip
    check_answer(question, answer, SEED)
    ballot = votes_of(SEED, {"w": question}, [answer])
    assert [i.payload for i in ballot.new_items] == [
        Entry(text="Cy.", fields={"program": "user", "mass": 3}), Entry(text="Di.", fields={"program": "noise"}),
    ]  # fmt: skip
    assert votes_of(ballot.seed, {"w": question}, [answer]).seed == ballot.seed
    odd = Item(id="c", payload=Entry(text="Eve.", fields={"mass": 1}), group="people")
    grown = Seed(items=(*ballot.seed.items, odd))
    assert votes_of(grown, {"w": question}, [answer]).seed == grown
    short = answer.model_copy(update={"texts": ("Fay.",)})
    with pytest.raises(AnswerError, match="has no program"):
        check_answer(question, short, SEED)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_entries_are_asked_and_answered_through_files(tmp_path: Path, ending: str) -> None:
    channel = FileAnnotator(questions=f"q.{ending}", answers=f"a.{ending}").located(tmp_path)
    channel.submit([QUESTION], SEED)
    assert "program: user" in Path(channel.questions).read_text("utf-8")
    rows = {
        "csv": 'question,annotator,verdict,text\nq,me,edit,"mass: 0.5\nprogram: cat"\n',
        "jsonl": '{"question": "q", "annotator": "me", "verdict": "edit", "text": "mass: 0.5\\nprogram: cat"}\n',
    }
    Path(channel.answers).write_text(rows[ending], "utf-8")
    (answer,) = read_answers(Path(channel.answers), {"q": QUESTION})
    check_answer(QUESTION, answer, SEED)
    found = votes_of(SEED, {"q": QUESTION}, [answer]).seed["a"].variants[-1].payload
    assert found == Entry(text="Ada.", fields={"program": "cat", "mass": 0.5})


def test_a_whole_entry_may_be_given_in_payload(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"question": "q", "verdict": "edit", "payload": {"text": "", "fields": {"program": "cat"}}}\n', "utf-8"
    )
    (answer,) = read_answers(path, {"q": QUESTION})
    check_answer(QUESTION, answer, SEED)
    assert answer.payload == Entry(fields={"program": "cat"})


def test_one_text_under_two_concepts_is_two_questions() -> None:
    x = np.array([[1.0, 0], [1, 0], [5, 5], [0, 9]])
    same = near_copies(x, 4, 0.1)
    assert [c.tolist() for c in same.clusters] == [[0, 1]]
    entries = [Entry(text="a", fields={"concept": c, "vector": [n]}) for n, c in enumerate("xyxx")]
    assert near_copies(x, 4, 0.1, [besides(e) for e in entries]).clusters == ()
    alike = [Entry(text="a", fields={"concept": "x", "vector": [n]}) for n in range(4)]
    assert len(near_copies(x, 4, 0.1, [besides(e) for e in alike]).clusters) == 1


def test_gold_questions_are_made_of_entries_and_read_from_columns(tmp_path: Path) -> None:
    sure = SEED.revise(items=[i.model_copy(update={"belief": {"as_written": 1.0}}) for i in SEED.items])
    made = gold_of(gold_from(sure, 2))
    assert [g.payload for g in made] == [i.payload for i in SEED.items]
    path = tmp_path / "gold.csv"
    path.write_text("id,text,program,mass,answer\ng,Ada.,user,2,keep\n", "utf-8")
    (read,) = gold_of(read_gold(path, entry=("program", "mass")))
    assert read.payload == Entry(text="Ada.", fields={"program": "user", "mass": 2})


def test_a_trainer_of_ones_own_reads_text_and_fields_apart() -> None:
    item = GivenItem("a", BEFORE)
    assert item.text == "The courier came."
    assert item.fields["mass"] == 2
    assert GivenItem("b", Entry(fields={"mass": 1})).text == "mass: 1"
    assert GivenItem("c", act.Text(text="x")).fields == {}
