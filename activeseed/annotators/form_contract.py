"""What every form of a question owes the study and its channels, as a check that a third party can run on its own form.

    check_form(form, seed)

It raises AssertionError with a sentence that names the gap: something that is missing, an answer that a channel can't
give, a verdict that settles what it can't, somebody simulated who answers otherwise than they know.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

from activeseed.annotators.file import FileAnnotator, answers_sheet, read_answers
from activeseed.annotators.simulated import Behaviour, Simulated
from activeseed.annotators.tasks import FIELDS, task_data
from activeseed.annotators.templates import FROM_TASK, check_template, controls, read_result, template
from activeseed.annotators.terminal import annotate, offered
from activeseed.errors import ActiveseedError, ConfigError, describe
from activeseed.protocols import Form, Occasion, SupportsDrawing, SupportsItems
from activeseed.question import SETTLES_NOTHING, Answer, Question, Reply, Settled
from activeseed.questions import FORMS, about, form_of, verdicts_of, with_form
from activeseed.questions.own import PARTS, own_forms
from activeseed.resolution import check_answer
from activeseed.resolution import read_answers as votes_of
from activeseed.seed import ABSENT, Entry, Item, Pair, Seed, Text

#: keys of the terminal's own
TAKEN = frozenset("qu?h0123456789~")
#: draws of somebody simulated, for each way to behave
DRAWS = 12
T = TypeVar("T")
#: what a reply needs -> the fields of a task without which nobody can give it in Label Studio
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "variant": ("variants",), "option": ("variants",), "lines": ("lines",), "pair": ("prompt", "reply_a", "reply_b"),
}  # fmt: skip
_CONTENT = ("verdict", "variant", "payload", "texts", "unticked")


class _Pace:
    minutes, minutes_line, minutes_write_more = 1.0, 0.5, 5.0


def check_form(form: Form, seed: Seed, questions: Sequence[Question] = ()) -> None:
    """Check one form.

    Args:
        seed: at least two items that such questions can be about.
        questions: questions of this kind about items of the seed; needed where the form can't draw them up.
    """
    says = f"the form {getattr(form, 'kind', type(form).__name__)!r}"
    for part in PARTS:
        assert hasattr(form, part), f"{says} has no {part!r}"
    _check_words(form, says)
    asked = [with_form(q, lambda: form) for q in questions or _drawn(form, seed, says)]
    assert asked, f"{says} draws up no question: give some"
    for question in asked:
        _check_question(form, question, seed, says)
    given = {q.id: _check_replies(form, q, seed, says) for q in asked}
    never = set(verdicts_of(form)).difference(*given.values())
    if not _any_pair(asked, seed):
        never -= {r.verdict for r in form.replies if r.pairs}
    assert not never, f"{says}: none of the questions takes {min(never)!r}"
    settling = [a for q in asked for a in given[q.id].values() if _settles(form, q, a, seed, says) != Settled()]
    assert settling, f"{says} settles nothing by any of its verdicts"
    _check_template(form, asked, seed, says)
    for question in asked:
        _check_simulated(form, question, given[question.id], seed, says)


def _check_words(form: Form, says: str) -> None:
    if form is not FORMS.get(form.kind):
        try:
            own_forms([form])
        except ConfigError as error:
            raise AssertionError(str(error)) from error
    verdicts, keys = verdicts_of(form), [r.key for r in form.replies]
    assert "skip" in verdicts, f"{says} takes no 'skip', which every channel offers"
    assert len(set(verdicts)) == len(verdicts), f"{says} has a verdict twice"
    assert all(re.fullmatch(r"[a-z][a-z_]*", v) for v in verdicts), (
        f"{says}: verdicts are words of small letters and '_'"
    )
    assert all(len(k) == 1 and k not in TAKEN for k in keys), f"{says}: a key is one letter, none of the terminal's own"
    assert len(set(keys)) == len(keys), f"{says} has two verdicts under one key"
    assert all(r.meaning for r in form.replies), f"{says} has a verdict without a meaning"
    assert form.about in ("item", "lines", "together", "else"), f"{says} is about {form.about!r}"
    assert not form.sighted or form.about == "item", f"{says} shows what others said of an item, and is about none"
    assert form.asks, f"{says} has no words for 'asks'"
    assert 0 < len(form.titled) <= 30, f"{says} needs 'titled', of 30 characters at most"
    unknown = [f for f in form.fields if f not in FIELDS]
    assert not unknown, f"{says} has a field {unknown[:1]} that tasks don't have"
    needed = [f for r in form.replies for f in _SHOWN.get(r.needs, ()) if f not in form.fields]
    assert not needed, f"{says} has an answer that needs the field {needed[:1]} of a task, which is none of its fields"
    for n in (1, 3):
        due = _called(says, "people", partial(form.people, n))
        assert due in range(1, n + 1), f"{says}: of {n} people, {due} are due"
    one, five = (_called(says, "minutes", partial(form.minutes, _Pace(), n)) for n in (1, 5))
    assert 0 < one <= five, f"{says}: one part takes {one} minutes, five take {five}"


def _drawn(form: Form, seed: Seed, says: str) -> list[Question]:
    able: object = form
    if isinstance(able, SupportsDrawing):
        group = next(iter(seed.groups), "")
        occasion = Occasion(seed, _Pace(), 3, tuple(i.id for i in seed.items[:3]), group, 1)
        made = list(_called(says, "draw", partial(able.draw, occasion)))
        wrong = next((q.kind for q in made if q.kind != form.kind), None)
        assert wrong is None, f"{says} draws up a question of the kind {wrong!r}"
        assert len({q.id for q in made}) == len(made), f"{says} draws up two questions with one id"
        return made
    if form.about == "item":
        suited = [i for i in seed.items if not isinstance(able, SupportsItems) or able.suits(i)]
        return [about(form, seed, i.id, f"q{n}") for n, i in enumerate(suited)]
    raise AssertionError(f"{says} has no 'draw', so nobody can ask for its questions: give some")


def _check_question(form: Form, question: Question, seed: Seed, says: str) -> None:
    back = Question.model_validate_json(question.model_dump_json())
    assert back.model_dump() == question.model_dump(), f"{says}: a question comes back from a journal as another one"
    known = {i.id for i in seed.items}
    assert set(question.items) <= known, f"{says} asks about items that the seed does not have"
    if form.about == "item":
        assert len(question.items) == 1, f"{says} is about one item, and a question names {len(question.items)}"
        wordings = {v.wording for v in seed[question.items[0]].variants}
        assert question.text in wordings, f"{says}: the text of a question about an item is one of its wordings"
    if form.about in ("lines", "together"):
        assert question.items, f"{says} is about several items, and a question names none"
    title = _called(says, "title", partial(form.title, question))
    assert isinstance(title, str), f"{says} has no title"
    assert title, f"{says} has no title"
    assert question.minutes > 0, f"{says}: a question costs {question.minutes} minutes"


# --- every verdict, through every channel ---------------------------------------------------------------------------


def _check_replies(form: Form, question: Question, seed: Seed, says: str) -> dict[str, Answer]:
    """Verdict -> the same answer, as all channels gave it."""
    out: dict[str, Answer] = {}
    for reply in form.replies:
        content = _content(question, reply, seed)
        if content is None:
            continue
        answer = Answer(id="a", question=question.id, annotator="one", **content)
        with _said(says, f"{reply.verdict!r} is no legal answer"):
            check_answer(question, answer, seed)
        for name, channel in (("the terminal", _typed), ("a file", _written), ("Label Studio", _clicked)):
            with _said(says, f"{reply.verdict!r} can't be answered through {name}"):
                found = channel(question, reply, answer, seed)
                check_answer(question, found, seed)
            got, meant = found.model_dump(include=set(_CONTENT)), answer.model_dump(include=set(_CONTENT))
            assert got == meant, f"{says}: {reply.verdict!r} through {name} says {_difference(got, meant)}"
        settled = _settles(form, question, answer, seed, says)
        if reply.verdict in SETTLES_NOTHING:
            assert settled == Settled(), f"{says}: {reply.verdict!r} settles something"
        ballot = votes_of(seed, {question.id: question}, [answer])
        assert not ballot.unused, f"{says}: {reply.verdict!r} names an item or a variant that the seed does not have"
        out[reply.verdict] = answer
    return out


def _content(question: Question, reply: Reply, seed: Seed) -> dict[str, Any] | None:
    """The fields of an answer with a verdict; None where the question offers nothing to give it with."""
    item = seed[question.items[0]] if question.items else None
    said: dict[str, Any] = {"verdict": reply.verdict}
    if reply.pairs and (item is None or not isinstance(item.payload, Pair)):
        return None
    if reply.needs in ("variant", "option"):
        choices = offered(question)
        return {**said, "variant": choices[0]} if choices else None
    if reply.needs in ("item", "pair"):
        if item is None or (reply.needs == "pair" and not isinstance(item.payload, Pair)):
            return None
        payload = item.payload
        if isinstance(payload, Pair):
            return {**said, "payload": Pair(prompt=payload.prompt, chosen="Mended.", rejected="Worse.")}
        # what is typed of an entry is a text as well: lines that change it
        return {**said, "payload": Text(text="Mended.")} if isinstance(payload, Text | Entry) else None
    if reply.needs == "texts":
        return {**said, "texts": ("A new example.",)}
    if reply.needs == "lines":
        return {**said, "unticked": question.items[:1]}
    return {**said, "comment": "it rains"} if reply.needs == "why" else said


def _typed(question: Question, reply: Reply, answer: Answer, seed: Seed) -> Answer:
    from rich.console import Console

    lines = {
        "variant": [f"{reply.key} 1"], "option": [f"{reply.key} 1"], "lines": [f"{reply.key} 1"],
        "texts": [reply.key, *answer.texts, ""], "why": [f"{reply.key} {answer.comment}"],
    }.get(reply.needs, [reply.key])  # fmt: skip
    if isinstance(answer.payload, Pair):
        lines = [reply.key, answer.payload.prompt, answer.payload.chosen, answer.payload.rejected]
    elif isinstance(answer.payload, Text):
        lines = [reply.key, answer.payload.text, ""]
    screen, told = io.StringIO(), iter(lines)
    given: list[Answer] = []
    console = Console(file=screen, width=100)
    annotate([question], seed, given.append, name="one", ask=lambda _: next(told, "q"), console=console)
    assert given, f"typing {lines[0]!r} is answered with: {screen.getvalue().strip().splitlines()[-1]}"
    return given[0]


def _written(question: Question, reply: Reply, answer: Answer, seed: Seed) -> Answer:
    row = {k: v for k, v in answer.model_dump(mode="json").items() if v not in ("", None, [], False) and k != "id"}
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("jsonl", "csv"):
            asked = FileAnnotator(questions=f"q.{ending}", answers=f"a.{ending}").located(Path(folder))
            asked.submit([question], seed)
            path = Path(asked.answers)
            path.write_text(json.dumps(row) if ending == "jsonl" else answers_sheet([row], path), "utf-8")
            (found,) = read_answers(path, {question.id: question})
            assert ending == "csv" or found.verdict == reply.verdict
    return found


def _clicked(question: Question, reply: Reply, answer: Answer, seed: Seed) -> Answer:
    payload = seed[question.items[0]].payload if len(question.items) == 1 else None
    data = task_data(question, payload)
    json.dumps(data)
    labels = {c["alias"]: c["value"] for c in data.get(FROM_TASK["stays"], ())}
    said: dict[str, dict[str, Any]] = {"verdict": {"choices": [reply.verdict]}}
    if answer.variant:
        said["variant"] = {"choices": [c["alias"] for c in data[FROM_TASK["variant"]] if c["alias"] == answer.variant]}
    if isinstance(answer.payload, Pair) and reply.needs == "pair":
        for part in ("prompt", "chosen", "rejected"):
            said[f"edited_{part}"] = {"text": [getattr(answer.payload, part)]}
    elif answer.payload is not None:
        said["edited"] = {"text": [answer.payload.wording]}
    if answer.texts:
        said["texts"] = {"text": list(answer.texts)}
    if answer.unticked:
        said["stays"] = {"choices": [labels[i] for i in answer.unticked]}
    if answer.comment:
        said["comment"] = {"text": [answer.comment]}
    lacking = set(said) - set(controls(form_of(question)))
    assert not lacking, f"there is no control {min(lacking)!r}"
    result = [] if reply.verdict == "skip" else [{"from_name": k, "value": v} for k, v in said.items()]
    fields = read_result(question, result, payload)
    return Answer(id="a", question=question.id, annotator="one", **fields)


def _check_template(form: Form, asked: Sequence[Question], seed: Seed, says: str) -> None:
    with _said(says, "its labelling configuration can't carry its questions"):
        xml = template(form)
        check_template(xml, form)
    there = {c.get("alias") or c.get("value") for c in ET.fromstring(xml).iter("Choice")}
    lacking = set(verdicts_of(form)) - there - {"skip"}
    assert not lacking, f"{says}: its labelling configuration has no answer {min(lacking)!r}"


# --- what it settles, and somebody simulated ------------------------------------------------------------------------


def _settles(form: Form, question: Question, answer: Answer, seed: Seed, says: str) -> Settled:
    items = {i.id: i for i in seed.items}
    settled, again = (_called(says, "settles", partial(form.settles, question, answer, items)) for _ in range(2))
    what = f"{says}: what {answer.verdict!r} settles"
    assert isinstance(settled, Settled), f"{what} is {type(settled).__name__}, not Settled"
    assert settled == again, f"{what} is another thing each time"
    assert {s.item for s in settled.says} <= set(question.items), f"{what} is about items that were not asked about"
    assert all(0.0 <= p <= 1.0 for p in settled.prefers.values()), f"{what} is an outcome outside of 0 to 1"
    gone = _called(says, "settles", partial(form.settles, question, answer, {}))
    assert isinstance(gone, Settled), f"{what} can't be said once the seed has lost the item"
    return settled


def _check_simulated(form: Form, question: Question, given: Mapping[str, Answer], seed: Seed, says: str) -> None:
    item = question.items[0] if question.items else ""
    for behaviour in get_args(Behaviour):
        for n in range(DRAWS):
            asked = question.model_copy(update={"id": f"{question.id}-{n}"})
            person = Simulated(behaviour=behaviour, error=0.5, truth=dict.fromkeys(question.items, ABSENT), key=n)
            answer = _called(says, "simulated", partial(person.answer, asked))
            with _said(says, f"somebody simulated ({behaviour}) gives an answer that is not legal"):
                check_answer(asked, answer, seed)
            assert answer == person.answer(asked), f"{says}: somebody simulated answers otherwise each time"
    if form.about != "item":
        return
    named = {
        s.variant for a in given.values() if a.payload is None for s in _settles(form, question, a, seed, says).says
    }
    for right in sorted(named):
        told = Simulated(truth={item: right}).answer(question)
        found = [s.variant for s in _settles(form, question, told, seed, says).says]
        assert found == [right], f"{says}: who knows that {right!r} is right says {found or told.verdict}"


# --- in words -------------------------------------------------------------------------------------------------------


@contextmanager
def _said(says: str, what: str) -> Iterator[None]:
    try:
        yield
    except ActiveseedError as error:
        raise AssertionError(f"{says}: {what}. {error}") from error
    except AssertionError as error:
        raise AssertionError(f"{says}: {what}: {error}") from error


def _called(says: str, part: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except ActiveseedError as error:
        raise AssertionError(f"{says}: {part}: {error}") from error
    except Exception as error:
        raise AssertionError(f"{says}: {part!r} fails: {describe(error)}") from error


def _any_pair(asked: Sequence[Question], seed: Seed) -> bool:
    items: list[Item] = [seed[q.items[0]] for q in asked if q.items]
    return any(isinstance(i.payload, Pair) for i in items)


def _difference(got: Mapping[str, Any], meant: Mapping[str, Any]) -> str:
    field = next(f for f in _CONTENT if got[f] != meant[f])
    return f"{field} = {got[field]!r} where {meant[field]!r} was meant"
