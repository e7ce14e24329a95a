"""Every verdict of every form, one from outside the package among them, answered on a real Label Studio."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.label_studio import LabelStudio
from activeseed.annotators.tasks import offered, task_data
from activeseed.protocols import Assignment, Form, SupportsCollecting
from activeseed.question import Question, Reply, Settled
from activeseed.questions import FORMS, with_form
from activeseed.resolution import check_answer
from activeseed.seed import AS_WRITTEN
from tests.label_studio import Site
from tests.server.asking import CANDIDATES, PAIRS, QUESTIONS, TEXTS, seed_of, token_in
from tests.server.by_api import Api, question_of
from tests.toy_forms import RateIt

pytestmark = pytest.mark.server

OURS = RateIt()
ALL: dict[str, Form] = {**FORMS, OURS.kind: OURS}
RATED = Question(id="q-rated", kind=OURS.kind, items=("a",), text="I'm an AI.", options={AS_WRITTEN: "I'm an AI."})
#: a disagreement about a pair, for what can be said of pairs only
ABOUT_A_PAIR = QUESTIONS["judge_pair"].model_copy(update={"kind": "resolve"})


def asked_with(form: Form, reply: Reply) -> Question:
    """A question that takes a reply, under an id of its own."""
    question = with_form(RATED, lambda: OURS) if form is OURS else QUESTIONS[form.kind]
    if reply.pairs and form.kind == "resolve":
        question = ABOUT_A_PAIR
    return question.model_copy(update={"id": f"{form.kind}-{reply.verdict}"})


def regions(question: Question, reply: Reply) -> list[dict[str, Any]]:
    """The ``result`` of an annotation as the page sends it."""
    if reply.verdict == "skip":
        return []
    written = {"item": {"edited": "Mended."}, "texts": {"texts": "A new one."}, "why": {"comment": "it rains"}}.get(
        reply.needs, {}
    )
    if reply.needs == "item" and seed_of(question) is CANDIDATES:
        written = {"edited": "mass: 0.25"}
    if reply.needs == "pair":
        written = {"edited_prompt": "May I?", "edited_chosen": "Mended.", "edited_rejected": "Worse."}
    chosen = {"verdict": [reply.verdict]}
    if reply.needs in ("variant", "option"):
        chosen["variant"] = [next(iter(offered(question).values()))]
    if reply.needs == "lines":
        chosen["stays"] = [c["alias"] for c in task_data(question)["lines"][:1]]
    return [
        *({"from_name": k, "to_name": "item", "type": "choices", "value": {"choices": v}} for k, v in chosen.items()),
        *({"from_name": k, "to_name": "item", "type": "textarea", "value": {"text": [v]}} for k, v in written.items()),
    ]


@pytest.mark.parametrize("kind", ALL)
def test_every_verdict_comes_back_and_settles(kind: str, server: Site, tmp_path: Path, title: str) -> None:
    form = ALL[kind]
    token_in(tmp_path, server.admin.token)
    assignment = Assignment(tmp_path, uuid.uuid4().hex[:16], title, forms=ALL)
    channel = LabelStudio(url=server.url, title=title).assigned(assignment)
    assert isinstance(channel, SupportsCollecting)
    by_verdict = {reply.verdict: (asked_with(form, reply), reply) for reply in form.replies}
    questions = [q for q, _ in by_verdict.values()]
    for seed in (TEXTS, PAIRS, CANDIDATES):
        channel.submit([q for q in questions if seed_of(q) is seed], seed)
    api, people = Api(server.url, server.admin.token), Api(server.url, server.ann1.token)
    (project,) = api.projects(title)
    assert project["title"].endswith(f": {form.titled}")
    tasks = {question_of(t): t for t in api.tasks(title)}
    for question, reply in by_verdict.values():
        skipped = {"was_cancelled": True} if reply.verdict == "skip" else {}
        body = {"result": regions(question, reply), "lead_time": 2.0, **skipped}
        people.call("POST", f"/api/tasks/{tasks[question.id]['id']}/annotations/", json=body)
    found = channel.collect(questions, [])
    assert not found.problems
    answers = {a.question: a for a in found.answers}
    assert {q.id: answers[q.id].verdict for q in questions} == {q.id: v for v, (q, _) in by_verdict.items()}
    settled = set()
    for question in questions:
        seed = seed_of(question)
        check_answer(question, answers[question.id], seed)
        said = form.settles(question, answers[question.id], {i.id: i for i in seed.items})
        settled |= {answers[question.id].verdict} if said != Settled() else set()
    assert settled == set(by_verdict) - {"depends", "skip"}
