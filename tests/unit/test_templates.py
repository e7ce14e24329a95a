"""Labelling configurations: what they show, what they hold, and answers read back from them."""

import json
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.annotators.tasks import SHOWN, pair_of
from activeseed.annotators.templates import CONDITION, check_template, controls, read_result, task_data, template
from activeseed.errors import AnswerError, ConfigError
from activeseed.question import Answer, Consequence, Question
from activeseed.questions import FORMS, verdicts_of
from activeseed.questions import LIST as LIST_FORM
from activeseed.resolution import check_answer
from activeseed.resources import annotator_templates
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Seed, Text, Variant, with_flips

KINDS: tuple[str, ...] = tuple(FORMS)
TEXT = "I'm an AI."
TEXTS = Seed(
    items=(
        Item(id="a", payload=Text(text=TEXT), alternatives=(Variant(id="w1", payload=Text(text="A program.")),)),
        Item(id="b", payload=Text(text="Trust me.\nReally.")),
    )
)
PAIR = Pair(prompt="May I stop?\n+ I feel well", chosen="Ask first.\n- or call", rejected="Yes.")
PAIRS = with_flips(Seed(items=(Item(id="p", payload=PAIR), Item(id="q", payload=Pair(chosen="x", rejected="y")))))
DECIDES = (
    Consequence(
        probe="c", text="a joke", outcomes={AS_WRITTEN: 0.91, ABSENT: 0.12, "w1": 0.6}, stands=AS_WRITTEN,
        margins={ABSENT: 0.11, "w1": 0.204}, flips={ABSENT: 7}, trainings=8,
    ),
    Consequence(
        probe="d", text="a poem", outcomes={AS_WRITTEN: 0.3, ABSENT: 0.3312}, stands=AS_WRITTEN,
        margins={ABSENT: 0.0094}, trainings=8,
    ),
)  # fmt: skip
WORDINGS = {AS_WRITTEN: TEXT, "w1": "A program."}
PAIR_OPTIONS = {AS_WRITTEN: PAIR.display, FLIPPED: PAIR.flipped().display}
LIST = Question(
    id="q", kind="confirm_list", items=("a", "b"), text=f"a: {TEXT}\nb: Trust me.\nReally.", options={"b": "w1"}
)
QUESTIONS: dict[str, Question] = {
    "review": Question(id="q", kind="review", items=("a",), text=TEXT, options=WORDINGS, consequences=DECIDES),
    "weigh_objective": Question(
        id="q", kind="weigh_objective", items=("a",), text=TEXT, options=WORDINGS, consequences=DECIDES
    ),
    "judge_pair": Question(id="q", kind="judge_pair", items=("p",), text=PAIR.display, options=PAIR_OPTIONS),
    "choose_wording": Question(
        id="q", kind="choose_wording", items=("a",), text=TEXT, options=WORDINGS, consequences=DECIDES
    ),
    "assign_concept": Question(
        id="q", kind="assign_concept", items=("a",), text=TEXT, options=WORDINGS, consequences=DECIDES
    ),
    "confirm_list": LIST,
    "write_more": Question(id="q", kind="write_more", items=(), group="g", text="Write more."),
    "judge_candidate": Question(
        id="q", kind="judge_candidate", items=("a",), text=TEXT, options=WORDINGS, consequences=DECIDES
    ),
    "mark_authority": Question(
        id="q", kind="mark_authority", items=("a",), text=TEXT,
        options={AS_WRITTEN: "no rank", "as_written:root": "root"},
    ),
    "merge": Question(id="q", kind="merge", items=("a", "b"), options={"a": TEXT, "b": "Trust me."}),
    "prefer_outcome": Question(
        id="q", kind="prefer_outcome", items=(), text="a joke", options={"approve": "yes", "reject": "no"}
    ),
    "judge_dream": Question(
        id="q", kind="judge_dream", items=(), text="a joke", options={"approve": "yes", "reject": "no"},
        place=Text(text="a joke"),
    ),
    "resolve": Question(
        id="q", kind="resolve", items=("a",), text=TEXT, options=WORDINGS, consequences=DECIDES,
        answers=(("Annotator 1", "keep", ""), ("Annotator 2", "reject", "too blunt")),
    ),
}  # fmt: skip
PAIR_TO_RESOLVE = Question(id="q", kind="resolve", items=("p",), text=PAIR.display, options=PAIR_OPTIONS)


def region(name: str, **value: Any) -> dict[str, Any]:
    return {"id": name, "from_name": name, "to_name": "item", "value": value}


def verdict(name: str) -> dict[str, Any]:
    return region("verdict", choices=[name])


def read(kind: str, *regions: dict[str, Any], question: Question | None = None) -> Answer:
    """Read as an answer, and checked as the study does."""
    question = question or QUESTIONS[kind]
    answer = Answer(id="x", question=question.id, annotator="one", **read_result(question, regions))
    seed = PAIRS if question.items[:1] == ("p",) else TEXTS
    check_answer(question, answer, seed)
    return answer


# --- the files ------------------------------------------------------------------------------------------------------


def test_every_kind_has_a_template_and_a_sample_and_there_are_no_others() -> None:
    names = {entry.name for entry in annotator_templates().iterdir()}
    assert {n for n in names if n.endswith((".xml", ".json"))} == {
        f"{kind}{ending}" for kind in KINDS for ending in (".xml", ".sample.json")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_says_who_sees_it_and_has_its_controls(kind: str) -> None:
    xml = template(kind)
    check_template(xml, kind)
    assert re.match(r"<!--\n.*?Who: .*?When: .*?-->\n<View>", xml, re.DOTALL)
    root = ET.fromstring(xml)
    answers = [c for c in root.iter("Choice") if c.get("alias")]
    said = {c.get("alias") for c in answers} | {"skip"}
    assert said >= set(verdicts_of(FORMS[kind])) - {"choose"}, "every answer can be given"
    keys = [k for t in root.iter() if (k := t.get("hotkey"))]
    assert len(keys) == len(set(keys)) == len(answers) + 1, "an answer has a key of its own, and so have the stars"
    assert not re.search(r"(?<![-\w])(color|background)", xml), "nothing is told by colour"


@pytest.mark.parametrize("kind", KINDS)
def test_readme_names_each_control_and_field(kind: str) -> None:
    readme = (annotator_templates() / "README.md").read_text("utf-8")
    assert f"](pictures/{kind}.png)" in readme
    assert (annotator_templates() / "pictures" / f"{kind}.png").is_file()
    for name in (*controls(kind), kind):
        assert f"`{name}`" in readme
    for field in task_data(QUESTIONS[kind]):
        assert f"`${field}`" in readme
    for name in verdicts_of(FORMS[kind]):
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{kind}`"))
        assert name == "skip" or f"`{name}`" in row


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_tasks_of_their_kind(kind: str) -> None:
    sample = json.loads((annotator_templates() / f"{kind}.sample.json").read_text("utf-8"))["data"]
    made = task_data(QUESTIONS[kind])
    assert {k: type(v) for k, v in sample.items()} == {k: type(v) for k, v in made.items()}


def test_importing_templates_imports_no_sdk() -> None:
    code = "import sys, activeseed.annotators.templates; sys.exit('label_studio_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- what Label Studio says to them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_label_studio_takes_template_task_and_answers(kind: str) -> None:
    """Label Studio's own validation, offline, and annotations that it makes up, read back as answers."""
    pytest.importorskip("label_studio_sdk")
    from label_studio_sdk.label_interface.interface import LabelInterface

    interface = LabelInterface(template(kind))
    interface.validate()
    assert {c.name for c in interface.controls} - {CONDITION} == set(controls(kind))
    sample = json.loads((annotator_templates() / f"{kind}.sample.json").read_text("utf-8"))
    made: Any = {"data": task_data(QUESTIONS[kind])}
    assert interface.validate_task(sample)
    assert interface.validate_task(made)
    interface = LabelInterface(with_choices(template(kind), made["data"]))
    random.seed(0)  # the SDK draws from the global generator
    wanted = set(verdicts_of(FORMS[kind])) - {"skip"}
    seen = set()
    for _ in range(400):
        annotation = interface.generate_sample_annotation()
        assert annotation is not None, "an annotation that Label Studio makes up is one that it takes"
        result = annotation["result"]
        (said,) = next(r["value"]["choices"] for r in result if r["from_name"] == "verdict")
        boxes = [r for r in result if r["from_name"].startswith(("edited", "texts"))]
        if said in ("edit", "write_more") and not "".join(t for r in boxes for t in listed(r["value"]["text"])).strip():
            with pytest.raises(AnswerError, match=r"'(edited|edited_chosen|texts)'"):
                read_result(QUESTIONS[kind], result)
            continue
        for_pairs = kind == "resolve" and said in ("flip", "both", "neither")
        about = PAIR_TO_RESOLVE if for_pairs else None  # the other one is no pair
        assert read(kind, *result, question=about).verdict == said
        seen.add(said)
        if seen == wanted:
            break
    assert seen == wanted


def with_choices(xml: str, data: dict[str, Any]) -> str:
    """The configuration with the choices of a task written into it, which is what Label Studio's page makes of it.

    The SDK knows only choices that stand in the configuration: it makes up none of the others, and 2.0 stops at them.
    """
    root = ET.fromstring(xml)
    for control in root.iter("Choices"):
        if field := control.attrib.pop("value", ""):
            for choice in data[field.removeprefix("$")]:
                ET.SubElement(control, "Choice", value=choice["value"], alias=choice["alias"])
    return ET.tostring(root, "unicode")


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


# --- what a task shows ----------------------------------------------------------------------------------------------


def test_consequences_stand_beside_the_item_in_words() -> None:
    shown = task_data(QUESTIONS["review"])["consequences"]
    assert shown == (
        "1. a joke\n→ kept: 0.91 · dropped: 0.12 (-0.79 ± 0.11; not approved in place of approved, in 7 of 8 trainings)"
        " · as B: 0.60 (-0.31 ± 0.20)\n\n"
        "2. a poem\n→ kept: 0.30 · dropped: 0.33 (+0.031 ± 0.009) · as B: no difference that can be told from noise\n\n"
        "Means over 8 trainings under each answer; ± is how far noise may reach. "
        "The largest differences seen are shown: they may well be smaller."
    )
    side_by_side = task_data(QUESTIONS["choose_wording"])
    assert side_by_side["left"].startswith(
        f"A (stands now): {TEXT}\n\nWhat it decides:\na joke\n→ 0.91\na poem\n→ 0.30"
    )
    assert "None: The item goes.\n\nWhat it decides:\na joke\n→ 0.12 (-0.79" in side_by_side["left"]
    assert side_by_side["right"].startswith("B: A program.\n\nWhat it decides:\na joke\n→ 0.60 (-0.31 ± 0.20)")
    assert "a poem\n→ no difference that can be told from noise" in side_by_side["right"]
    rated = QUESTIONS["judge_pair"].model_copy(
        update={"consequences": (Consequence(probe="c", text="t", outcomes={AS_WRITTEN: 3.25, FLIPPED: -1.0}),)}
    )
    assert "A is better: 3.25 · B is better: -1.00" in task_data(rated)["consequences"], "a rating approves of nothing"


def test_nothing_to_tell_is_said_and_is_not_the_same_as_nobody_having_looked() -> None:
    asked = QUESTIONS["review"].model_copy(update={"consequences": ()})
    assert task_data(asked)["consequences"] == "Not measured for this question."
    looked = asked.model_copy(update={"trainings": 8})
    said = "No difference that can be told from noise, in 8 trainings under each answer."
    assert task_data(looked)["consequences"] == said
    wording = QUESTIONS["choose_wording"].model_copy(update={"consequences": (), "trainings": 8})
    assert said in task_data(wording)["left"]


def test_checks_look_like_any_other_question() -> None:
    asked = QUESTIONS["review"]
    for purpose in ("gold", "repeat"):
        check = asked.model_copy(update={"purpose": purpose, "repeats": "q0", "value": 0.5})
        assert task_data(check) == task_data(asked)


def test_earlier_answers_are_shown_to_whom_resolves() -> None:
    assert task_data(QUESTIONS["resolve"])["answers"] == "Annotator 1: keep\n\nAnnotator 2: reject. too blunt"


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> &lt;b&gt; $text {{x}} https://example.com/a.txt \x1b[2J"
)


@pytest.mark.parametrize("kind", KINDS)
def test_markup_in_texts_is_inert(kind: str) -> None:
    """Only Text and TextArea show texts of seeds; a choice shows them as text, and without a field being looked up."""
    root = ET.fromstring(template(kind))
    for tag in root.iter():
        if "$" in "".join(v for k, v in tag.attrib.items() if k != "style"):
            assert tag.tag in ("Text", "TextArea", "Choices")
            assert tag.tag != "Text" or tag.get("valueType") == "text", "an address in a text is not fetched"
    hostile = Consequence(probe="c", text=HOSTILE, outcomes={HOSTILE: 0.5})
    question = QUESTIONS[kind].model_copy(
        update={
            "text": "\n".join(f"{i}: {HOSTILE}" for i in ("a", "b")),
            "options": dict.fromkeys(("a", "b", "w1"), HOSTILE),
            "reason": HOSTILE, "consequences": (hostile,), "answers": ((HOSTILE, "keep", HOSTILE),),
        }
    )  # fmt: skip
    data = task_data(question)
    assert "\x1b" not in json.dumps(data, ensure_ascii=False)
    for choice in (*data.get("variants", ()), *data.get("lines", ())):
        assert set(choice) <= {"value", "alias", "hotkey"}, "no html"
        assert not re.search(r"\$[\w\[\].{}]", choice["value"]), (
            "what Label Studio would replace by a field of the task"
        )


@pytest.mark.parametrize("text", ["", "한국어 عربى 👩🏽‍🚀", "x" * 1_000_000, "a\x00b\ud800"])
def test_unusual_texts_become_tasks(text: str) -> None:
    for kind, question in QUESTIONS.items():
        data = task_data(question.model_copy(update={"text": text}))
        json.dumps(data, ensure_ascii=False).encode()
        assert kind in ("merge", "confirm_list") or not text.isprintable() or not text or text in data["text"]


def test_a_long_list_shows_whole_texts_above_short_lines() -> None:
    long = LIST.model_copy(update={"text": f"a: {'x' * (SHOWN + 1)}\nb: y", "options": {}})
    data = task_data(long)
    assert all(len(c["value"]) < SHOWN + 30 for c in data["lines"])
    assert data["lines"][1]["value"] == "2. y → dropped"
    assert "x" * (SHOWN + 1) in data["text"]
    assert [c["value"] for c in task_data(LIST)["lines"]] == [f"1. {TEXT} → dropped", "2. Trust me. / Really. → w1"]


# --- what an answer holds -------------------------------------------------------------------------------------------


def test_each_part_of_an_answer_is_read() -> None:
    stars, comment = region("confidence", rating=4), region("comment", text=["not quite\nmy tone", "so"])
    kept = read("review", verdict("keep"), stars, comment)
    assert (kept.verdict, kept.confidence, kept.comment) == ("keep", 0.8, "not quite\nmy tone\nso")
    assert read("review", verdict("choose"), region("variant", choices=["w1"])).variant == "w1"
    assert read("choose_wording", verdict("choose"), region("variant", choices=["B"])).variant == "w1", "or its label"
    assert read("prefer_outcome", verdict("prefer"), region("variant", choices=["reject"])).variant == "reject"
    assert read("resolve", verdict("edit"), region("edited", text=["better"])).payload == Text(text="better")
    assert read("write_more", verdict("write_more"), region("texts", text=["one", " ", "two "])).texts == ("one", "two")
    assert read("merge", verdict("merge")).verdict == "merge"
    assert read("review").verdict == "skip", "what the Skip button leaves"
    assert read("review", verdict("keep"), region("confidence", rating=0)).confidence is None


def test_a_line_does_not_turn_round_what_is_proposed_for_it() -> None:
    turned = "Keep me \u202e"
    data = task_data(LIST.model_copy(update={"text": f"a: {turned}\nb: Trust me.", "options": {"a": ABSENT}}))
    assert data["lines"][0]["value"] == "1. Keep me \ufffd → dropped"
    assert turned in data["text"], "word for word above the lines"


def test_ticked_lines_are_the_ones_that_stay() -> None:
    assert read("confirm_list", verdict("confirm")).unticked == ()
    assert read("confirm_list", verdict("confirm"), region("stays", choices=["b"])).unticked == ("b",)
    label = task_data(LIST)["lines"][0]["value"]
    assert read("confirm_list", verdict("confirm"), region("stays", choices=["b", label])).unticked == ("a", "b")


def test_what_was_typed_and_then_hidden_is_no_part_of_the_answer() -> None:
    hidden = (region("edited", text=["better"]), region("variant", choices=["w1"]))
    answer = read("review", verdict("reject"), *hidden)
    assert (answer.payload, answer.variant) == (None, "")


def test_an_edited_pair_is_a_pair() -> None:
    parts = region("edited_chosen", text=["Ask."]), region("edited_rejected", text=["No need."])
    assert read("judge_pair", verdict("edit"), *parts).payload == Pair(
        prompt=PAIR.prompt, chosen="Ask.", rejected="No need."
    ), "a box that Label Studio emptied leaves its part as it was"
    typed = region("edited", text=["Stop?\n+ Ask.\n- No."])
    assert read("resolve", verdict("edit"), typed, question=PAIR_TO_RESOLVE).payload == Pair(
        prompt="Stop?", chosen="Ask.", rejected="No."
    )
    with pytest.raises(AnswerError, match="begins with"):
        read("resolve", verdict("edit"), region("edited", text=["Ask."]), question=PAIR_TO_RESOLVE)


parts = st.text(st.sampled_from("ab \n+-"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(prompt=parts, chosen=parts, rejected=parts)
def test_a_pair_with_marks_in_it_is_taken_apart_where_it_was_put_together(prompt: str, chosen: str, rejected: str):
    pair = Pair(prompt=prompt, chosen=chosen, rejected=rejected)
    question = Question(id="q", kind="judge_pair", items=("p",), text=pair.display)
    assert pair_of(question, pair) == pair
    assert pair_of(question.model_copy(update={"text": pair.flipped().display}), pair) in (pair.flipped(), pair)
    found = pair_of(question.model_copy(update={"options": {FLIPPED: pair.flipped().display}}), None)
    if not prompt.startswith("\n"):  # the text of a pair drops line ends at its start
        assert found is not None
        assert (found.display, found.flipped().display) == (pair.display, pair.flipped().display)


def test_a_text_that_looks_like_a_pair_stays_a_text() -> None:
    diff = "a\n+ b\n- c"
    question = Question(id="q", kind="review", items=("a",), text=diff, options={AS_WRITTEN: diff})
    assert read("review", verdict("edit"), region("edited", text=["a\n+ b"]), question=question).payload == Text(
        text="a\n+ b"
    )


@pytest.mark.parametrize(
    ("kind", "regions", "says"),
    [
        ("review", [region("comment", text=["hm"])], "control 'verdict': needs one choice, has 0"),
        ("review", [region("verdict", choices=["keep", "reject"])], "control 'verdict': needs one choice, has 2"),
        ("review", [verdict("kep")], "control 'verdict': 'kep' is no answer. Did you mean 'keep'"),
        ("merge", [verdict("reject")], "control 'verdict': 'reject' is no answer"),
        ("review", [verdict("choose")], "control 'variant': needs one choice"),
        ("review", [verdict("choose"), region("variant", choices=["w2"])], "control 'variant': 'w2' was not offered"),
        ("review", [verdict("edit"), region("edited", text=[" "])], "control 'edited': an edit needs the edited text"),
        ("judge_pair", [verdict("edit")], "control 'edited_chosen': an edit needs the edited pair"),
        ("write_more", [verdict("write_more"), region("texts", text=[""])], "control 'texts': no example was written"),
        ("confirm_list", [verdict("confirm"), region("stays", choices=["z"])], "control 'stays': no line 'z'"),
        ("review", [verdict("keep"), region("confidence", rating=9)], "control 'confidence': 9 is no number of stars"),
        ("review", [{"from_name": "verdict", "value": "keep"}], "control 'verdict': needs one choice, has 0"),
    ],
)
def test_what_can_not_be_read_names_the_control(kind: str, regions: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(AnswerError, match=re.escape(says)):
        read_result(QUESTIONS[kind], regions)


# --- a template of one's own ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in controls(k)])
def test_a_missing_control_is_named(kind: str, name: str) -> None:
    without = template(kind).replace(f'name="{name}"', 'name="mine"')
    with pytest.raises(ConfigError, match=rf"{kind} questions has no control <{controls(kind)[name]} name='{name}'>"):
        check_template(without, kind)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("</View>", "", "is no XML: "),
        ("<View>", '<!DOCTYPE v [<!ENTITY a "b">]><View>', "declares a document type"),
        ('alias="keep"', 'alias="accept"', "unknown answer 'accept'"),
        ("<Choice ", "<Other ", "control 'verdict': it has no choices"),
        ("<Rating name", "<Number name", "(it has a <Number> of that name)"),
        ('toName="item"', 'toName="itm"', "toName='itm' names nothing"),
        ('maxRating="5"', 'maxRating="10"', 'write maxRating="5"'),
        ('value="$variants"', 'value="$wordings"', 'write value="$variants"'),
        ("$why", "$wy", "no field $wy. Did you mean 'why'?"),
        (
            '<Text name="item"',
            '<HyperText name="item"',
            "<HyperText>: it would show $text, a text of the seed, as HTML",
        ),
        ('value="$text" valueType="text"', 'value="$text" valueType="url"', "fetch it from an address"),
    ],
)
def test_what_is_wrong_with_a_template_is_said(old: str, new: str, says: str) -> None:
    xml = template("review")
    assert old in xml
    with pytest.raises(ConfigError, match=re.escape(says)):
        check_template(xml.replace(old, new), "review")


def test_another_look_with_the_same_controls_passes() -> None:
    plain = re.sub(r' (?:style|size|hotkey)="[^"]*"', "", template("review"))
    mine = re.sub(r'alias="(\w+)" value="[^"]*"', r'value="\1"', plain).replace("Should this stay", "Does this belong")
    assert "alias" not in mine
    check_template(mine, "review")


def test_no_template_for_an_unknown_kind() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'review'"):
        template("revew")


def test_a_line_of_a_list_that_proposes_another_wording_shows_it() -> None:
    other = Variant(id="w1", payload=Text(text="I am a program."))
    item = Item(id="i", payload=Text(text="I'm an AI."), alternatives=(other,))
    seed = Seed(items=(item, item.model_copy(update={"id": "j"})))
    question = LIST_FORM.over(seed, [(seed["i"], item.variants[2]), (seed["j"], item.variants[1])], "q", 1)
    assert (question.items, question.options) == (("i", "j"), {"i": "w1", "j": "absent"})
    data = task_data(question)
    assert "1. I'm an AI.\nwould become: I am a program." in data["text"]
    assert "2. I'm an AI." in data["text"]
    assert [c["alias"] for c in data["lines"]] == ["i", "j"]
