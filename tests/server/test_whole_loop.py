"""From ``init`` to a stable seed with people on a real server; and the same seed from the same answers without one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.in_memory import InMemory
from activeseed.annotators.label_studio.ordering import score
from activeseed.annotators.simulated import Simulated, SimulatedPerson
from activeseed.annotators.templates import template
from activeseed.cli.app import run
from activeseed.seed import ABSENT
from activeseed.study.study import Study
from tests.label_studio import Site
from tests.server.browser import answer_label, at_desk
from tests.server.by_api import Person, Task, kind_of, question_of, truth_about
from tests.server.scene import Scene
from tests.server.test_serving import serving
from tests.small_project import POSITIVES, WRONG, init_arguments, write_inputs

pytestmark = pytest.mark.server

TEXTS = {name: text for name, text, _, _ in POSITIVES}
GOLD = (
    ("never-sure", "I am never wrong about anything, so don't look it up.", "reject"),
    ("two-tickets", "There are two tickets of that name, which one is yours?", "keep"),
    ("old-friend", "As your oldest friend I say: buy it today.", "reject"),
    ("ask-a-doctor", "For this you should see a doctor; I can't examine you.", "keep"),
)
GUIDELINES = "# How to answer\n\nKeep what is **honest**. <script>window.pwned = 1</script>\n"


def more_inputs(inputs: Path) -> Path:
    """The small project, with gold questions and guidelines."""
    write_inputs(inputs)
    lines = [{"id": name, "text": text, "answer": answer} for name, text, answer in GOLD]
    (inputs / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (inputs / "guide.md").write_text(GUIDELINES, "utf-8")
    return inputs


def arguments(inputs: Path, project: Path, *settings: str) -> list[str]:
    files = ["--gold", str(inputs / "gold.jsonl"), "--guidelines", str(inputs / "guide.md")]
    return [*init_arguments(inputs, project), *files, *(f"--set={setting}" for setting in settings)]


def knows(task: Task) -> str:
    """The answer of somebody who has read the texts and knows which are wrong, gold ones included."""
    gold = {text: answer for _, text, answer in GOLD}
    return gold.get(task["data"]["text"]) or truth_about(task)


def command(*words: str) -> str:
    """A command of ours in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "activeseed", *words],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def asked(study: Study) -> list[dict[str, Any]]:
    """What was asked, in order, without what two runs may differ in: nothing but the time."""
    study.refresh()
    return [q.model_dump(mode="json") for q in study.state.questions.values()]


def verdicts(study: Study) -> dict[tuple[str, str], str]:
    return {(a.question, a.annotator): a.verdict for a in study.state.live_answers}


def test_from_init_to_a_stable_seed(
    server: Site, browser: Any, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    inputs, project = more_inputs(tmp_path / "inputs"), tmp_path / "study"
    common = ("ask.annotators=2", "ask.confirm=false", "stopping.flips=0.1")
    people = (server.ann1.email, server.ann2.email)
    at = ("annotator.kind=label_studio", f"annotator.url={server.url}", f"annotator.title={title}")
    command(*arguments(inputs, project, *common, *at))
    ranking = json.loads(command("rank", "--json", "--dir", str(project)))
    assert {row["id"] for row in ranking["items"]} == set(TEXTS)
    command("queue", "--dir", str(project))
    scene = Scene(project, server, title)
    first = scene.tasks()
    assert len(first) >= 2
    assert all(not t["annotations"] for t in first)

    # one answer is clicked, by somebody who reads the page
    with at_desk(browser, server.url, server.ann1) as desk:
        told = desk.stream(int(first[0]["project"]))
        assert "Keep what is honest." in told
        assert "<script>" in told
        best = scene.study().state.in_order[0]
        assert desk.texts[0] == best.text, "the most valuable question is served first"
        verdict = knows({"kind": "review", "data": {"text": desk.texts[0]}})
        desk.choose(answer_label(template("review"), verdict))
        desk.screenshot("whole-loop")
        clicked = desk.submit()
        scene.given[clicked["id"]] = (best.id, verdict)
        assert desk.page.evaluate("window.pwned ?? null") is None
        assert desk.dialogs == []

    # the others come through the API, and nothing but the server's webhooks moves the loop
    hands = [Person(server.url, who.token, title, knows, key=n) for n, who in enumerate((server.ann1, server.ann2))]
    with serving(scene, "--poll", "600", "--once") as serve:
        for hand in hands:
            hand.start()
        over = serve.process.poll
        ends = time.monotonic() + 240.0
        while over() is None and all(h.is_alive() for h in hands) and time.monotonic() < ends:
            time.sleep(0.2)
        for hand in hands:
            hand.stop()
            scene.given |= hand.given
    assert over() == 0, serve.said
    assert "Stable: " in serve.said
    scene.check()
    study = scene.study()
    assert len(study.state.asked_rounds) >= 2
    assert {a.annotator for a in study.state.live_answers} == set(people)
    assert all(len(t["annotations"]) == 2 for t in scene.tasks())
    assert set(TEXTS) - {name for name, _ in study.seed.standing_payloads()} == set(WRONG)

    # the same people, simulated, and the same commands before the loop
    again = tmp_path / "simulated"
    assert run(arguments(inputs, again, *common)) == 0
    other = Study.open(again)
    other.rank()
    other.ask()
    crowd = tuple(SimulatedPerson(name=name) for name in people)
    other.loop(Simulated(truth_file=str(inputs / "truth.jsonl"), people=crowd))
    assert other.seed.version == study.seed.version
    assert asked(other) == asked(study)
    assert verdicts(other) == verdicts(study)
    assert [v.id for v in other.log()] == [v.id for v in study.log()]
    assert other.state.stopped is not None
    assert study.state.stopped is not None
    assert other.state.stopped["stable"] is study.state.stopped["stable"] is True


def looks(task: Task, predictions: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """What somebody who pries into a task could tell it from others by."""
    data, prediction = task["data"], predictions[task["id"]]
    return {
        "fields": sorted(data),
        "meta": {name: value if name == "activeseed" else type(value) for name, value in task["meta"].items()},
        "id": bool(re.fullmatch(r"r\d{3}-\d{2}", data["question"])) and data["question"] == question_of(task),
        "why": re.sub(r"\d+%", "N%", data["why"]),
        "consequences": "→" in data["consequences"] or data["consequences"][:24],
        "wordings": data["wordings"], "variants": data["variants"],
        "prediction": (prediction["result"], sorted(prediction), prediction["model_version"][:11]),
        "task": sorted(name for name, value in task.items() if value not in (None, [], {}, "")),
    }  # fmt: skip


def test_checks_look_like_any_other_question(
    server: Site, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    inputs, project = more_inputs(tmp_path / "inputs"), tmp_path / "study"
    at = ("annotator.kind=label_studio", f"annotator.url={server.url}", f"annotator.title={title}")
    assert (
        run(
            arguments(
                inputs,
                project,
                "ask.repeat_share=0.5",
                "ask.confirm=false",
                "stopping.flips=0",
                "ask.consequences=2",
                *at,
            )
        )
        == 0
    )
    scene = Scene(project, server, title)
    person = Person(server.url, server.ann1.token, title, knows)
    with scene.at_work() as (study, channel):
        for _ in range(6):
            assert study.loop(channel, wait=False).ended == "waiting"
            person.look()
        study.poll(channel)
        purposes = {q.id: q.purpose for q in study.state.questions.values()}
        gold = {q.id: q.text for q in study.state.questions.values() if q.purpose == "gold"}
        trusted = study.rounds.close()
    tasks, api = [t for t in scene.tasks() if t["kind"] == "review"], scene.api()
    found = api.call("GET", "/api/predictions/", params={"project": tasks[0]["project"]})
    predictions = {p["task"]: p for p in found}
    assert len(predictions) == len(found) == len(tasks)
    scores = {score(n) for n in range(len(tasks))}
    assert len({p["score"] for p in found}) == len(found)
    assert {p["score"] for p in found} <= scores, "a place in the order, and nothing of what the question is worth"
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for task in tasks:
        for name, value in looks(task, predictions).items():
            seen[name][purposes[question_of(task)]].add(repr(value))
    assert min(sum(p == kind for p in purposes.values()) for kind in ("ask", "gold", "repeat")) >= 2, purposes
    for name, by_purpose in seen.items():
        assert by_purpose["gold"] <= by_purpose["ask"], name
        assert by_purpose["repeat"] <= by_purpose["ask"], name
    about = [(p["title"], p["description"], p["expert_instruction"]) for p in api.projects(title)]
    words = json.dumps([[(t["data"], t["meta"]) for t in tasks], about], ensure_ascii=False)
    assert not re.search(r"gold|repeat|purpose|never-sure|old-friend", words), "no name of a check, and no word for one"
    assert {t["data"]["text"] for t in tasks if question_of(t) in gold} == set(gold.values())
    # and they count: whoever answers them rightly is known by it
    assert not trusted["distrusted"]
    (standing,) = study.status()["annotators"]
    assert standing["answers"] == len(tasks)
    assert standing["low"] > 0.5


def test_people_who_disagree_are_shown_why_and_one_of_them_resolves_it(
    server: Site, browser: Any, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    scene = Scene.made(tmp_path, server, title, "ask.annotators=2", "ask.repeat_share=0")
    with scene.at_work() as (study, channel):
        study.ask(items=["flatter"])
        study.submit(channel)
        (task,) = scene.tasks()
        api = scene.api(server.ann1)
        said = [
            {"from_name": "comment", "to_name": "item", "type": "textarea", "value": {"text": ["<b>too</b> sweet"]}}
        ]
        first = api.answer(task, "reject")
        result = [*first["result"], *said]
        api.call("PATCH", f"/api/annotations/{first['id']}/", json={"result": result})
        scene.answer(task, server.ann2, "keep")
        told = study.poll(channel)
        assert len(told.accepted) == 2
        assert study.rounds.settle().tied == ("flatter",)
        study.ask(1)
        study.submit(channel)
        (project,) = [p for p in scene.api().projects(title) if kind_of(p) == "resolve"]
        with at_desk(browser, server.url, server.ann2) as desk:
            desk.stream(project["id"])
            assert desk.texts[0] == TEXTS["flatter"]
            shown = desk.texts[1]
            assert sorted(re.findall(r"(?m)^(annotator \d): (\w+)", shown)) == [
                ("annotator 1", "reject"), ("annotator 2", "keep")
            ]  # fmt: skip
            assert "<b>too</b> sweet" in shown
            assert "@" not in shown, "no name, no address"
            desk.screenshot("resolving")
            desk.page.keyboard.press("r")
            desk.write("comment", "seen it now")
            desk.submit()
        told = study.poll(channel)
        assert told.version is not None
        assert ABSENT in {c["to"] for c in told.version.changes}
        assert "flatter" not in dict(study.seed.standing_payloads())
        given = verdicts(study)
        questions = [(q.id, q.kind, q.items) for q in study.state.questions.values()]

    # the same answers, given in memory
    again = tmp_path / "again"
    assert run([*init_arguments(tmp_path / "inputs", again), "--set=ask.annotators=2", "--set=ask.repeat_share=0"]) == 0
    other, memory = Study.open(again), InMemory()
    other.ask(items=["flatter"])
    for _ in range(2):
        other.submit(memory)
        for q in list(memory.queue):
            for (name, who), verdict in given.items():
                if name == q:
                    memory.answer(q, who, verdict)
        other.poll(memory)
        if not any(q.kind == "resolve" for q in other.state.questions.values()):
            other.ask(1)
    assert [(q.id, q.kind, q.items) for q in other.state.questions.values()] == questions
    assert other.seed.version == study.seed.version
