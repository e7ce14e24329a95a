"""Every annotation channel keeps the same promises."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from activeseed.annotators.file import FileAnnotator
from activeseed.annotators.in_memory import InMemory
from activeseed.annotators.simulated import Simulated, SimulatedPerson
from activeseed.annotators.terminal import Terminal
from activeseed.question import Answer, Question
from activeseed.questions import FORMS
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Seed, Text, Variant, with_flips
from activeseed.testing import check_annotator

SEED = Seed(
    items=tuple(
        Item(
            id=f"i{k}",
            payload=Text(text=f"text {k}"),
            group="g",
            alternatives=(Variant(id="v1", payload=Text(text=f"other {k}")),),
        )
        for k in range(6)
    )
)
PAIRS = with_flips(
    Seed(items=tuple(Item(id=f"p{k}", payload=Pair(chosen=f"a{k}", rejected=f"b{k}")) for k in range(4)))
)
TRUTH = {"i0": AS_WRITTEN, "i1": ABSENT, "i2": "v1", "i3": ABSENT, "p0": AS_WRITTEN, "p1": FLIPPED, "p2": ABSENT}


def texts() -> list[Question]:
    options = {AS_WRITTEN: "text", "v1": "other"}
    return [
        Question(id="q1", kind="review", items=("i0",), text="text 0"),
        Question(id="q2", kind="choose_wording", items=("i2",), text="text 2", options=options),
        Question(id="a1", kind="assign_concept", items=("i2",), text="text 2", options=options),
        Question(id="q3", kind="confirm_list", items=("i1", "i4"), options={"i1": ABSENT, "i4": ABSENT}),
        Question(id="q4", kind="merge", items=("i0", "i5"), options={"i0": "text 0", "i5": "text 5"}),
        Question(id="q5", kind="resolve", items=("i3",), text="text 3"),
        Question(id="q6", kind="write_more", items=(), group="g"),
        Question(id="q7", kind="prefer_outcome", items=("i0",), options={AS_WRITTEN: "this", ABSENT: "that"}),
        Question(id="q8", kind="review", items=("i1",), text="text 1"),
        Question(id="j1", kind="judge_candidate", items=("i4",), text="text 4", options=options),
        Question(id="w1", kind="weigh_objective", items=("i5",), text="text 5", options=options),
        Question(
            id="d1",
            kind="judge_dream",
            items=(),
            group="dream-1",
            text="a dream",
            options={"approve": "this", "reject": "that"},
            place=Text(text="a dream"),
        ),
        Question(
            id="q9",
            kind="mark_authority",
            items=("i4",),
            text="text 4",
            options={AS_WRITTEN: "no rank", "as_written:root": "root"},
        ),
    ]


def pairs() -> list[Question]:
    return [Question(id=f"q{k}", kind="judge_pair", items=(f"p{k}",), text=PAIRS[f"p{k}"].display) for k in range(3)]


@pytest.mark.parametrize("behaviour", ["truthful", "erring", "adversarial", "random", "base_rate"])
def test_simulated_annotators_answer_every_kind_of_question(behaviour: str, tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text('{"group": "g", "text": "a new one"}\n')
    record = Simulated.model_validate(
        {"behaviour": behaviour, "error": 0.5, "truth": TRUTH, "truth_file": "truth.jsonl", "delay": 2, "key": 7}
    ).located(tmp_path)
    check_annotator(lambda: record.model_copy(deep=True), SEED, texts())
    check_annotator(lambda: record.model_copy(deep=True), PAIRS, pairs())


def test_several_simulated_annotators_each_answer_once() -> None:
    people = (SimulatedPerson(name="one"), SimulatedPerson(name="two", behaviour="random", delay=3))
    check_annotator(lambda: Simulated(truth=TRUTH, people=people), SEED, texts())


def test_simulated_withdraws_what_no_answer_was_given_to() -> None:
    channel = Simulated(truth=TRUTH, delay=1)
    first, second = texts()[:2]
    channel.submit([first, second], SEED)
    channel.poll([first])
    channel.poll([first])
    assert channel.withdraw([first, second]) == ["q2"]


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_files(ending: str, tmp_path: Path) -> None:
    record = FileAnnotator(questions=f"questions.{ending}", answers=f"answers.{ending}").located(tmp_path)
    answers = Path(record.answers)

    def deliver(question: Question) -> None:
        verdict = {"merge": "keep", "confirm_list": "confirm", "prefer_outcome": "skip", "write_more": "skip"}
        verdict |= {"judge_dream": "skip"}
        said = verdict.get(question.kind, "keep")
        old = answers.read_text() if answers.exists() else ""
        if ending == "csv":
            answers.write_text((old or "question,annotator,verdict\n") + f"{question.id},someone,{said}\n")
        else:
            answers.write_text(old + json.dumps({"question": question.id, "verdict": said}) + "\n")

    check_annotator(lambda: record.model_copy(), SEED, texts(), deliver)
    text = Path(record.questions).read_text()
    assert text.count("q1") == 1
    assert "purpose" not in text
    assert "repeats" not in text


def test_the_terminal_never_waits() -> None:
    check_annotator(Terminal, SEED, texts())


def test_a_channel_in_memory_keeps_the_same_promises() -> None:
    channel = InMemory()
    check_annotator(lambda: channel, SEED, [q for q in texts() if q.kind == "review"] + texts()[4:5],
                    deliver=lambda q: channel.answer(q.id, "first", "keep"))  # fmt: skip


def test_the_questions_above_are_of_every_kind() -> None:
    assert {q.kind for q in (*texts(), *pairs())} == set(FORMS)


# --- liars ----------------------------------------------------------------------------------------------------------


class Liar:
    """A channel in memory that breaks one promise."""

    def __init__(self, lie: str, inner: InMemory | None = None) -> None:
        self.lie, self.inner = lie, inner or InMemory()
        self.kind = "" if lie == "no kind" else "liar"
        self.polls = 0

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        self.inner.submit(questions, seed)
        if self.lie == "hasty":
            self.inner.answer(questions[-1].id, "nobody", "keep")

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        self.polls += 1
        found = self.inner.poll(pending)
        if self.lie == "waits" and pending:
            time.sleep(0.05)
        if self.lie == "forgets":
            return []
        if self.lie == "chats":
            return [Answer(id="x", question="q0", annotator="one", verdict="keep")]
        if self.lie == "twice":
            return [*found, *(a.model_copy(update={"id": f"{a.id}-again"}) for a in found)]
        if self.lie == "one id":
            return [a.model_copy(update={"id": "a"}) for a in found]
        if self.lie == "new ids":
            return [a.model_copy(update={"id": f"{a.id}-{self.polls}"}) for a in found]
        if self.lie == "illegal":
            return [a.model_copy(update={"verdict": "flip"}) for a in found]
        if self.lie == "others" and found:
            return [*found, Answer(id="x", question="q77", annotator="one", verdict="keep")]
        return found

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        if self.lie == "takes all":
            return [q.id for q in questions]
        if self.lie == "keeps all":
            return []
        if self.lie == "takes more":
            return [*self.inner.withdraw(questions), "q99"]
        return self.inner.withdraw(questions)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("no kind", "says its kind"),
        ("hasty", "nobody has answered yet"),
        ("waits", "must not wait"),
        ("forgets", "every answer given arrives"),
        ("chats", "no question pending, no answer"),
        ("twice", "is there once"),
        ("one id", "an id of its own"),
        ("new ids", "under the same id"),
        ("others", "to pending questions only"),
        ("illegal", "one that its question takes"),
        ("takes all", "somebody answered is not withdrawn"),
        ("keeps all", "can be withdrawn"),
        ("takes more", "only what was asked"),
        ("loses", "a resumed process is given the same answers"),
    ],
)
def test_who_breaks_them_is_found(lie: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activeseed.annotators.contract.NEVER_LONGER", 0.04 if lie == "waits" else 5.0)
    asked = [q for q in texts() if q.kind == "review"] + texts()[4:5]

    def check(lie: str) -> None:
        opened: list[InMemory] = []

        def make() -> Liar:
            opened.append(InMemory() if lie == "loses" or not opened else opened[0])
            return Liar(lie, opened[-1])

        check_annotator(make, SEED, asked, deliver=lambda q: opened[0].answer(q.id, "first", "keep"))

    if lie != "waits":
        check("nothing")
    with pytest.raises(AssertionError, match=said):
        check(lie)
