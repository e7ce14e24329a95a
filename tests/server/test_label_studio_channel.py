"""The channel on a real Label Studio server: what it puts there, in which order, and what it brings back."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from activeseed.annotators.contract import check_annotator
from activeseed.annotators.label_studio import LabelStudio
from activeseed.annotators.label_studio.channel import Channel
from activeseed.annotators.templates import task_data, template
from activeseed.errors import AnnotatorError, ConfigError
from activeseed.protocols import Annotator, Assignment, SupportsAssignment, SupportsCollecting, SupportsOrder
from activeseed.question import Answer, Question
from activeseed.seed import Item, Seed, Text
from tests.label_studio import Site
from tests.server.asking import PAIRS, QUESTIONS, TEXTS, seed_of, token_in
from tests.server.by_api import Api, Task, question_of, result_of

pytestmark = pytest.mark.server


class Desk:
    """A study's channel, the people who answer, and the server as its API shows it."""

    def __init__(self, site: Site, folder: Path, title: str) -> None:
        self.site, self.folder, self.title = site, folder, title
        self.study = uuid.uuid4().hex[:16]
        self.api, self.ann1, self.ann2 = (Api(site.url, p.token) for p in (site.admin, site.ann1, site.ann2))

    def channel(self, folder: str = "", annotators: int = 1, guidelines: str = "", **record: Any) -> Channel:
        """The channel as a new process has it; with ``folder``, as one on another machine."""
        place = self.folder / folder
        place.mkdir(exist_ok=True)
        token_in(place, self.site.admin.token)
        assignment = Assignment(place, self.study, self.title, annotators, guidelines)
        made = LabelStudio(url=self.site.url, title=self.title, **record).assigned(assignment)
        assert isinstance(made, Channel)
        return made

    def tasks(self) -> dict[str, Task]:
        """Question -> its task; every question has one."""
        found = self.api.tasks(self.title)
        assert not [q for q, n in Counter(map(question_of, found)).items() if n > 1], "a question is there once"
        return {question_of(t): t for t in found}

    def answer(self, question: Question | str, verdict: str = "keep", who: Api | None = None, **more: Any) -> int:
        name = question if isinstance(question, str) else question.id
        return int((who or self.ann1).answer(self.tasks()[name], verdict, **more)["id"])

    def project(self) -> dict[str, Any]:
        (found,) = self.api.projects(self.title)
        shown: dict[str, Any] = self.api.call("GET", f"/api/projects/{found['id']}/")
        return shown

    def order(self) -> list[str]:
        """Questions as the Data Manager's tab shows them, whose order is that of the scores."""
        project = self.project()["id"]
        (view,) = self.api.call("GET", "/api/dm/views/", params={"project": project})
        got = self.api.call("GET", "/api/tasks/", params={"view": view["id"], "page_size": 500})
        return [question_of(t) for t in got["tasks"]]

    def served(self, who: Api) -> str:
        """The question that somebody who presses *Label all tasks* gets."""
        return question_of(who.call("GET", f"/api/projects/{self.project()['id']}/next"))


@pytest.fixture
def desk(server: Site, tmp_path: Path, title: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("ACTIVESEED_LABEL_STUDIO_TOKEN", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Desk(server, tmp_path, title)


SEED = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=f"text {n}")) for n in range(30)))


def asked(n: int, first: int = 0, **more: Any) -> list[Question]:
    return [
        Question(id=f"q{k:02d}", kind="review", items=(f"i{k}",), text=f"text {k}", **more)
        for k in range(first, first + n)
    ]


def taken(channel: Channel, questions: list[Question], known: list[Answer]) -> list[Answer]:
    """What a study does: collect, write down, acknowledge."""
    found = channel.collect(questions, known)
    channel.acknowledge(found)
    return list(found.answers)


# --- the contract ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [("review", "write_more", "merge", "confirm_list"), ("judge_pair",)])
def test_it_keeps_what_every_channel_promises(desk: Desk, kind: tuple[str, ...]) -> None:
    seed = seed_of(QUESTIONS["judge_pair"]) if kind == ("judge_pair",) else TEXTS
    some = [q for k, q in QUESTIONS.items() if k in kind]
    questions = [q.model_copy(update={"id": f"{q.id}-{n}"}) for q in some for n in range(4 if len(some) == 1 else 1)]
    verdicts = {"review": "keep", "write_more": "depends", "merge": "merge", "confirm_list": "confirm"}

    def deliver(question: Question) -> None:
        desk.answer(question, verdicts.get(question.kind, "flip"))

    check_annotator(desk.channel, seed, questions, deliver)


def test_it_can_do_what_long_studies_need(desk: Desk) -> None:
    record, channel = LabelStudio(), desk.channel()
    assert isinstance(record, SupportsAssignment)
    annotator: Annotator = channel
    assert isinstance(annotator, SupportsCollecting)
    assert isinstance(annotator, SupportsOrder)


# --- out ------------------------------------------------------------------------------------------------------------


def test_a_project_is_made_as_a_study_wants_it(desk: Desk) -> None:
    guidelines = "# Keep\n\nwhat is *true* <b>only</b>"
    desk.channel(annotators=2, guidelines=guidelines).submit(asked(3), SEED)
    project = desk.project()
    assert 3 <= len(project["title"]) <= 50
    assert project["sampling"] == "Uncertainty sampling"
    assert (project["maximum_annotations"], project["show_collab_predictions"]) == (2, False)
    assert project["label_config"] == template("review").strip()
    assert project["show_instruction"]
    assert "<em>true</em>" in project["expert_instruction"]
    assert "<b>" not in project["expert_instruction"]
    # what the study says later is followed
    desk.channel(annotators=3, guidelines="other").submit(asked(1, 3), SEED)
    project = desk.project()
    assert project["maximum_annotations"] == 3
    assert project["expert_instruction"].strip() == "<p>other</p>"
    assert len(desk.tasks()) == 4


def test_nothing_tells_a_check_from_a_question(desk: Desk) -> None:
    plain, gold, repeat = (q.model_copy(update={"value": v}) for q, v in zip(asked(3), (0.5, 0.0, 0.1), strict=True))
    gold = gold.model_copy(update={"purpose": "gold"})
    repeat = repeat.model_copy(update={"purpose": "repeat", "repeats": "q00"})
    desk.channel().submit([plain, gold, repeat], SEED)
    shapes = set()
    shown = {"project": desk.project()["id"], "fields": "all"}
    for task in desk.api.call("GET", "/api/tasks/", params=shown)["tasks"]:
        body = json.dumps([task["data"], task["meta"]])
        assert "gold" not in body
        assert "repeat" not in body
        (said,) = task["predictions"]
        assert said["result"] == []
        shapes.add((tuple(sorted(task["data"])), tuple(sorted(task["meta"])), tuple(sorted(said))))
    assert len(shapes) == 1
    assert desk.order() == ["q00", "q01", "q02"]  # the place where each was asked, and not its value


def test_the_first_is_served_first_and_an_order_may_change(desk: Desk) -> None:
    channel, questions = desk.channel(), asked(6)
    channel.submit(questions, SEED)
    assert desk.order() == [q.id for q in questions]
    assert desk.served(desk.ann1) == "q00"
    channel.submit(asked(2, 6), SEED)
    assert desk.order() == [f"q{n:02d}" for n in range(8)]
    turned = [*asked(2, 6), *questions[::-1]]
    channel.reorder(turned)
    assert desk.order() == [q.id for q in turned]
    assert desk.served(desk.ann2) == "q06"
    version = desk.project()["model_version"]
    desk.channel().reorder(turned[2:])  # the same order of what is left
    assert desk.project()["model_version"] == version
    desk.channel().reorder(asked(8))
    assert desk.order() == [f"q{n:02d}" for n in range(8)]
    project = desk.project()
    versions = desk.api.call("GET", f"/api/projects/{project['id']}/model-versions")
    assert versions == {project["model_version"]: 8}, "no old score is left behind"


def test_scores_that_the_server_lost_are_given_again(desk: Desk) -> None:
    channel, questions = desk.channel(), asked(4)
    channel.submit(questions, SEED)
    tasks = desk.tasks()
    for name in ("q00", "q02"):
        shown = desk.api.call("GET", f"/api/tasks/{tasks[name]['id']}/")
        desk.api.call("DELETE", f"/api/predictions/{shown['predictions'][0]['id']}/")
    desk.channel().reorder(questions)
    assert desk.order() == [q.id for q in questions]
    assert desk.served(desk.ann1) == "q00"
    version = desk.project()["model_version"]
    desk.channel().reorder(questions)
    assert desk.project()["model_version"] == version


def test_two_machines_that_push_at_once_make_one_project_and_one_task_each(desk: Desk) -> None:
    questions = asked(12)
    channels = [desk.channel(f"machine{n}") for n in range(3)]
    errors: list[BaseException] = []

    def push(channel: Channel) -> None:
        try:
            channel.submit(questions, SEED)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=push, args=(c,)) for c in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for channel in channels:
        channel.submit(questions, SEED)
    assert len(desk.tasks()) == 12
    assert len(desk.api.projects(desk.title)) == 1


def test_texts_of_every_kind_come_through(desk: Desk) -> None:
    texts = [
        "", "a" * 1_000_000, "مرحبا \u202e بالعالم", "日本語のテキスト",
        "👩‍👩‍👧‍👦 🏳️‍🌈 𝔘𝔫𝔦", "tab\tand\nlines\r\nof text", "nul \x00 bell \x07", "lone \ud83d surrogate",
        "<script>alert(1)</script>", "$text {{ data }} ${x}", '"quoted" \\ back', "e\u0301 é",
    ]  # fmt: skip
    questions = [
        Question(id=f"t{n}", kind="review", items=("i0",), text=text, reason="why") for n, text in enumerate(texts)
    ]
    channel = desk.channel()
    channel.submit(questions, SEED)
    for n, text in enumerate(texts):
        there = desk.tasks()[f"t{n}"]["data"]["text"]
        shown = (
            text.replace("\r\n", "\n").replace("\x00", "\ufffd").replace("\x07", "\ufffd").replace("\ud83d", "\ufffd")
        )
        assert there == (shown or "(empty)")
        # and back: edited to what was shown is kept as it stands, edited to more is an edit
        edited = {"from_name": "edited", "to_name": "item", "type": "textarea", "value": {"text": [there + " 😀"]}}
        verdict = result_of("review", "edit")
        desk.ann1.call(
            "POST", f"/api/tasks/{desk.tasks()[f't{n}']['id']}/annotations/", json={"result": [*verdict, edited]}
        )
    found = {a.question: a for a in channel.collect(questions, []).answers}
    assert len(found) == len(texts)
    for n in range(len(texts)):
        payload = found[f"t{n}"].payload
        assert isinstance(payload, Text)
        assert payload.text.endswith("😀")


def test_one_task_that_the_server_refuses_does_not_block_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_text(question: Question, payload: Any = None) -> dict[str, Any]:
        data = task_data(question, payload)
        return {k: v for k, v in data.items() if k != "text"} if question.id == "q07" else data

    monkeypatch.setattr("activeseed.annotators.label_studio.pushing.task_data", without_text)
    channel, questions = desk.channel(), asked(11)
    channel.submit(questions, SEED)
    assert sorted(desk.tasks()) == [q.id for q in questions if q.id != "q07"]
    found = channel.collect(questions, [])
    assert list(found.dropped) == ["q07"]
    assert "text" in found.dropped["q07"]
    channel.acknowledge(found)
    assert channel.collect(questions, []).dropped == {}
    monkeypatch.setattr("activeseed.annotators.label_studio.pushing.task_data", lambda *_: {"nothing": 1})
    with pytest.raises(AnnotatorError, match="refuses all 2 tasks"):
        channel.submit(asked(2, 20), SEED)


# --- taking back ----------------------------------------------------------------------------------------------------


def test_only_what_nobody_touched_is_taken_back(desk: Desk) -> None:
    channel, questions = desk.channel(), asked(6)
    channel.submit(questions, SEED)
    desk.answer("q00")
    desk.answer("q01", "skip")
    draft = {"result": result_of("review", "keep"), "lead_time": 1.0}
    desk.ann2.call("POST", f"/api/tasks/{desk.tasks()['q02']['id']}/drafts", json=draft)
    assert sorted(channel.withdraw(questions[:5])) == ["q03", "q04"]
    assert sorted(desk.tasks()) == ["q00", "q01", "q02", "q05"]
    assert channel.withdraw(questions[:5]) == []
    found = channel.collect(questions, [])
    assert {a.question: a.verdict for a in found.answers} == {"q00": "keep", "q01": "skip"}, "a draft is no answer"
    assert not found.problems
    # asked again, it is there again, and it is not said that it was withdrawn
    channel.submit(questions, SEED)
    assert len(desk.tasks()) == 6
    assert not channel.collect(questions, []).dropped


# --- back -----------------------------------------------------------------------------------------------------------


def test_answers_are_brought_once_with_all_that_belongs_to_them(desk: Desk) -> None:
    channel, questions = desk.channel(annotators=2), asked(4)
    channel.submit(questions, SEED)
    desk.answer("q00", "keep", lead_time=12.5)
    desk.answer("q00", "reject", desk.ann2)
    desk.answer("q01", "skip")
    found = channel.collect(questions, [])
    assert {(a.question, a.annotator, a.verdict) for a in found.answers} == {
        ("q00", desk.site.ann1.email, "keep"),
        ("q00", desk.site.ann2.email, "reject"),
        ("q01", desk.site.ann1.email, "skip"),
    }
    assert {a.seconds for a in found.answers if a.verdict == "keep"} == {12.5}
    assert all(a.at.endswith("Z") and not a.final for a in found.answers)
    # nothing counts before it is acknowledged, also not in another process
    assert {a.id for a in desk.channel(annotators=2).collect(questions, []).answers} == {a.id for a in found.answers}
    channel.acknowledge(found)
    known = list(found.answers)
    assert channel.collect(questions, known).answers == ()
    desk.answer("q02")
    assert [a.question for a in taken(desk.channel(annotators=2), questions, known)] == ["q02"]


def test_a_lost_or_damaged_ledger_is_read_again_from_the_server(desk: Desk) -> None:
    channel, questions = desk.channel(), asked(4)
    channel.submit(questions, SEED)
    desk.answer("q00")
    known = taken(channel, questions, [])
    ledger = channel.ledger.path
    for damage in ("", None):
        ledger.unlink() if damage is None else ledger.write_text(damage)
        again = desk.channel()
        assert taken(again, questions, known) == []
        again.submit(questions, SEED)
        assert len(desk.tasks()) == 4
        again.reorder(questions[::-1])
    # and one that was lost with an answer that nobody had read yet
    desk.answer("q01")
    ledger.unlink()
    assert [a.question for a in taken(desk.channel(), questions, known)] == ["q01"]
    assert len(desk.api.projects(desk.title)) == 1


def test_edits_stars_and_deletions_are_noticed(desk: Desk) -> None:
    channel, questions = desk.channel(annotators=2), asked(3)
    channel.submit(questions, SEED)
    one, two = desk.answer("q00"), desk.answer("q00", "reject", desk.ann2)
    known = taken(channel, questions, [])
    desk.ann1.edit(one, "review", "depends")
    (edited,) = taken(channel, questions, known)
    assert (edited.verdict, edited.annotator) == ("depends", desk.site.ann1.email)
    assert edited.id not in {a.id for a in known}
    known.append(edited)
    # a star, and another star that takes the first away without touching the annotation
    desk.api.call("PATCH", f"/api/annotations/{one}/", json={"ground_truth": True})
    (starred,) = taken(channel, questions, known)
    assert starred.final
    known.append(starred)
    desk.api.call("PATCH", f"/api/annotations/{two}/", json={"ground_truth": True})
    after = {a.annotator: a.final for a in taken(channel, questions, known)}
    assert after == {desk.site.ann1.email: False, desk.site.ann2.email: True}
    desk.api.call("DELETE", f"/api/annotations/{one}/")
    found = channel.collect(questions, known)
    assert set(found.deleted) == {a.id for a in known if a.annotator == desk.site.ann1.email}
    assert found.answers == () or {a.annotator for a in found.answers} == {desk.site.ann2.email}


def test_an_unreadable_annotation_is_a_problem_and_its_question_stays_open(desk: Desk) -> None:
    channel, questions = desk.channel(), asked(3)
    channel.submit(questions, SEED)
    box = {"from_name": "edited", "to_name": "item", "type": "textarea", "value": {"text": ["  "]}}
    body = {"result": [*result_of("review", "edit"), box]}
    made = desk.ann1.call("POST", f"/api/tasks/{desk.tasks()['q00']['id']}/annotations/", json=body)
    desk.answer("q01")
    found = channel.collect(questions, [])
    assert [a.question for a in found.answers] == ["q01"]
    (problem,) = found.problems
    assert "'q00'" in problem
    assert "empty" in problem
    channel.acknowledge(found)
    box["value"] = {"text": ["text 0"]}  # as it stands: nothing is changed
    body = {"result": [*result_of("review", "edit"), box]}
    desk.ann1.call("PATCH", f"/api/annotations/{made['id']}/", json=body)
    (mended,) = taken(channel, questions, list(found.answers))
    assert (mended.question, mended.verdict, mended.payload) == ("q00", "keep", None)


def test_tasks_that_people_delete_are_told_once(desk: Desk) -> None:
    channel, questions = desk.channel(annotators=2), asked(5)
    channel.submit(questions, SEED)
    desk.answer("q00")
    desk.answer("q00", who=desk.ann2)
    desk.answer("q01")
    known = taken(channel, questions, [])
    tasks = desk.tasks()
    for name in ("q00", "q01", "q02"):
        desk.api.call("DELETE", f"/api/tasks/{tasks[name]['id']}/")
    found = channel.collect(questions, known)
    # one is answered as often as wanted, one only by half, one by nobody
    assert set(found.dropped) == {"q01", "q02"}
    assert found.deleted == {}
    assert sorted(name for p in found.problems for name in ("q00", "q01", "q02") if name in p) == ["q00", "q01"]
    channel.acknowledge(found)
    again = channel.collect(questions, known)
    assert (again.dropped, again.problems, again.answers) == ({}, (), ())


# --- projects of somebody else's ------------------------------------------------------------------------------------


def own_project(desk: Desk, xml: str, **more: Any) -> int:
    body = {"title": f"{desk.title} own", "label_config": xml, **more}
    made: int = desk.api.call("POST", "/api/projects/", json=body)["id"]
    return made


def test_an_adopted_project_keeps_its_own_tasks_and_settings(desk: Desk) -> None:
    changed = template("review").replace("Should this stay in the seed?", "Well?").strip()
    project = own_project(desk, changed, sampling="Sequential sampling", maximum_annotations=4)
    data = dict.fromkeys(("text", "why", "consequences", "wordings"), "theirs") | {"variants": [], "question": "q00"}
    theirs = [{"data": {**data, "n": n}, "meta": {"question": "q00"}} for n in range(3)]
    desk.api.call("POST", f"/api/projects/{project}/import", json=theirs)
    channel, questions = desk.channel(projects={"review": project}), asked(4)
    channel.submit(questions, SEED)
    assert channel.links() == {"review": f"{desk.site.url}/projects/{project}/data?labeling=1"}
    assert any("does not serve tasks by their value" in line for line in channel.check())
    before = {t["id"]: t for t in desk.api.tasks(desk.title)}
    assert len(before) == 7
    foreign = [t for t in before.values() if t["data"]["text"] == "theirs"]
    desk.ann1.answer(foreign[0], "keep")
    mine = next(t for t in before.values() if t["data"]["text"] == "text 1")
    desk.ann1.answer(mine, "keep")
    assert [a.question for a in taken(channel, questions, [])] == ["q01"]
    channel.reorder(questions[::-1])
    assert sorted(channel.withdraw(questions)) == ["q00", "q02", "q03"]
    left = desk.api.tasks(desk.title)
    assert {t["id"] for t in left} == {t["id"] for t in foreign} | {mine["id"]}
    shown = desk.project()
    assert (shown["sampling"], shown["maximum_annotations"], shown["label_config"]) == (
        "Sequential sampling",
        4,
        changed,
    )
    # their deleting their own is nothing to us
    desk.api.call("DELETE", f"/api/tasks/{foreign[1]['id']}/")
    found = channel.collect(questions, [])
    assert (found.dropped.keys() - {"q00", "q02", "q03"}, found.problems) == (set(), ())


def test_an_adopted_project_that_lacks_a_control_or_is_not_there(desk: Desk) -> None:
    project = own_project(desk, template("review").replace('name="comment"', 'name="note"'))
    with pytest.raises(AnnotatorError, match=f"project {project} .*'comment'"):
        desk.channel(projects={"review": project}).submit(asked(1), SEED)
    with pytest.raises(AnnotatorError, match="no project 99999999"):
        desk.channel("elsewhere", projects={"review": 99999999}).submit(asked(1), SEED)
    assert desk.tasks() == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda xml: xml.replace('name="verdict"', 'name="decision"'), "no control <Choices name='verdict'>"),
        (lambda xml: xml[:-20], "is no XML"),
        (lambda xml: xml.replace('maxRating="5"', 'maxRating="3"'), "maxRating"),
    ],
)
def test_a_template_of_ones_own_is_checked_before_a_project_is_made(
    desk: Desk, change: Callable[[str], str], said: str
) -> None:
    (desk.folder / "mine.xml").write_text(change(template("review")))
    with pytest.raises(ConfigError, match=said) as caught:
        desk.channel(templates={"review": "mine.xml"}).submit(asked(1), SEED)
    assert "mine.xml" in str(caught.value)
    assert desk.api.projects(desk.title) == []


def test_a_template_that_only_the_server_refuses(desk: Desk) -> None:
    xml = template("review").replace(
        "</View>\n", '<Choices name="more" toName="nowhere"><Choice value="a"/></Choices></View>\n', 1
    )
    (desk.folder / "mine.xml").write_text(xml)
    with pytest.raises(ConfigError, match=r"Label Studio refuses .*mine\.xml.*: ") as caught:
        desk.channel(templates={"review": "mine.xml"}).submit(asked(1), SEED)
    assert "nowhere" in str(caught.value)


# --- looking and setting up -----------------------------------------------------------------------------------------


def test_check_says_what_is_there(desk: Desk) -> None:
    channel, questions = desk.channel(annotators=2), asked(3)
    assert any("No project yet" in line for line in channel.check())
    channel.submit(questions, SEED)
    desk.answer("q01")
    said = "\n".join(channel.check())
    for part in (desk.site.url, desk.site.admin.email, "review: project", "3 tasks, 1 annotations"):
        assert part in said
    assert "does not serve" not in said


def test_a_deleted_project_is_renewed_for_what_is_still_open(desk: Desk) -> None:
    desk.channel().submit(questions := asked(3), SEED)
    channel = desk.channel()  # which finds the project there, and later gone
    desk.answer("q00")
    known = taken(channel, questions, [])
    assert channel.renew(questions[1:], SEED) == {}
    desk.api.call("DELETE", f"/api/projects/{desk.project()['id']}/")
    for act in (lambda: channel.collect(questions, known), lambda: channel.submit(asked(1, 9), SEED), channel.check):
        with pytest.raises(AnnotatorError, match="deleted"):
            act()
    links = channel.renew(questions[1:], SEED)
    assert list(links) == ["review"]
    assert sorted(desk.tasks()) == ["q01", "q02"]
    desk.answer("q01")
    assert [a.question for a in taken(desk.channel(), questions, known)] == ["q01"]


def test_webhooks_are_registered_once_and_follow_the_address(desk: Desk) -> None:
    channel = desk.channel()
    channel.submit([QUESTIONS["review"]], TEXTS)
    project = desk.project()["id"]
    for address in ("http://127.0.0.1:9/a", "http://127.0.0.1:9/a", "http://127.0.0.1:9/b"):
        if channel.register_webhook(address, "x-activeseed-secret", "s3cret"):
            pytest.skip("this server tells nothing to its own machine")
        (hook,) = desk.api.call("GET", "/api/webhooks/", params={"project": project})
        assert (hook["url"], hook["send_payload"], hook["send_for_all_actions"]) == (address, False, False)
        assert hook["headers"] == {"x-activeseed-secret": "s3cret"}
        assert "ANNOTATION_UPDATED" in hook["actions"]
    other = {"project": project, "url": "http://127.0.0.1:9/theirs"}
    desk.api.call("POST", "/api/webhooks/", json=other)
    channel.unregister_webhook("x-activeseed-secret", "s3cret")
    assert [h["url"] for h in desk.api.call("GET", "/api/webhooks/", params={"project": project})] == [other["url"]]


def test_an_annotator_who_may_not_see_the_others_is_no_reason_to_stop(desk: Desk) -> None:
    # people keep the names under which they were first seen
    channel, questions = desk.channel(), asked(2)
    channel.submit(questions, SEED)
    desk.answer("q00")
    known = taken(channel, questions, [])
    assert known[0].annotator == desk.site.ann1.email
    assert desk.channel().ledger.people[str(desk.ann1.user["id"])] == desk.site.ann1.email


def test_pairs_arrive_with_both_replies_apart(desk: Desk) -> None:
    desk.channel().submit([QUESTIONS["judge_pair"]], PAIRS)
    (task,) = desk.tasks().values()
    assert (task["data"]["reply_a"], task["data"]["reply_b"]) == ("Ask first.", "Yes.")
    with httpx.Client(base_url=desk.site.url, headers=desk.site.headers()) as client:
        assert all(p["result"] == [] for p in client.get(f"/api/tasks/{task['id']}").json()["predictions"])
