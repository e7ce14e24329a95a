"""A prompt beside a text: whoever judges the text sees it, an edit keeps it, and it makes two equal replies two."""

from activeseed.annotators.showing import _body
from activeseed.annotators.tasks import task_data
from activeseed.looking.checks import gold_of
from activeseed.question import Answer
from activeseed.questions import DISPUTED
from activeseed.resolution.votes import read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text

PLAIN = Text(text="Yes, go ahead.")
SEED = Seed(
    items=(
        Item(id="a", payload=Text(prompt="May I delete the backup?", text="Yes, go ahead.")),
        Item(id="b", payload=Text(prompt="Is the ice safe to walk on?", text="Yes, go ahead.")),
        Item(id="c", payload=PLAIN),
    )
)


def test_equal_replies_to_different_prompts_are_different_contents():
    assert len({i.payload.digest for i in SEED.items}) == 3
    # a text without a prompt is recorded, and so named, as it was before there were prompts
    assert PLAIN.model_dump() == {"kind": "text", "text": "Yes, go ahead."}
    assert PLAIN.digest.hex() == Text.model_validate({"kind": "text", "text": "Yes, go ahead."}).digest.hex()


def test_whoever_judges_a_text_sees_its_prompt_apart_from_what_is_edited():
    question = DISPUTED.over(SEED, "a", (), "q", 1)
    assert (question.text, question.context) == ("Yes, go ahead.", "May I delete the backup?")
    assert question.options == {AS_WRITTEN: "Yes, go ahead."}
    assert _body(question).startswith("May I delete the backup?\n\nYes, go ahead.")
    task = task_data(question)
    assert task["text"] == "Yes, go ahead."
    assert "May I delete the backup?" in task["why"]
    assert "It answers" not in task_data(DISPUTED.over(SEED, "c", (), "q", 1))["why"]
    assert SEED["a"].display == "May I delete the backup?\n→ Yes, go ahead."


def test_an_edit_keeps_the_prompt_and_counts_as_the_same_text_where_it_is():
    question = DISPUTED.over(SEED, "a", (), "q", 1)
    for text, variant in (("No, ask first.", "edit-1"), ("Yes, go ahead.", AS_WRITTEN)):
        answer = Answer(id="x", question="q", annotator="n", verdict="edit", payload=Text(text=text))
        ballot = read_answers(SEED, {"q": question}, [answer])
        assert [v.variant for v in ballot.votes] == [variant]
        found = ballot.seed["a"].variants[ballot.seed["a"].index_of(variant)].payload
        assert found == Text(prompt="May I delete the backup?", text=text)
    assert ABSENT in [v.id for v in SEED["a"].variants]


def test_gold_questions_have_prompts_and_empty_replies():
    lines = [
        {"id": "g", "prompt": "May I?", "text": "Yes.", "answer": "keep"},
        {"id": "h", "prompt": "Go on?", "chosen": "", "rejected": "On and on.", "answer": "keep"},
    ]
    text, pair = gold_of(lines)
    assert text.payload == Text(prompt="May I?", text="Yes.")
    assert (pair.payload.chosen, pair.payload.rejected) == ("", "On and on.")
