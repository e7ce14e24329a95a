"""A form from outside the package does the whole main job: asked, shown, answered in any channel, settled, reopened."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from activeseed.annotators.file import FileAnnotator
from activeseed.annotators.in_memory import InMemory
from activeseed.annotators.simulated import Simulated
from activeseed.annotators.terminal import annotate
from activeseed.errors import AnswerError, ConfigError, PlanError, TrustError
from activeseed.questions import form_of
from activeseed.seed import ABSENT
from activeseed.study import Study
from tests.toy_forms import RateIt

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(make_study) -> Study:
    return make_study(questions=(RateIt(pace=0.7),))


def test_it_is_asked_for_by_its_name_and_costs_what_it_says(study):
    asked = study.ask(kind="rate_it", items=["i01", "i12"])
    assert [(q.kind, q.items, q.minutes) for q in asked] == [("rate_it", ("i01",), 0.7), ("rate_it", ("i12",), 0.7)]
    assert study.pending == asked
    assert study.check()["questions"] == ["rate_it"]
    values = dict(zip(study.rank().ids, study.rank().columns["value"], strict=True))
    for question in asked:
        assert question.trainings == 3, "what hangs on the answer was looked at, as for the package's own forms"
        assert question.value == pytest.approx(values[question.items[0]])
    with pytest.raises(PlanError, match="Name them"):
        study.ask(kind="rate_it")
    with pytest.raises(PlanError, match="Did you mean 'rate_it'"):
        study.ask(kind="rateit", items=["i01"])
    with pytest.raises(PlanError, match="no questions of the kind 'review'"):
        study.ask(kind="review", items=["i01"])


def test_it_is_answered_on_a_terminal(study):
    asked = study.ask(kind="rate_it", items=["i01", "i12", "i13"])
    lines = iter(["?", "k", "g", "poor ~80 too smooth", "a", "share what you may", "q"])
    screen = io.StringIO()
    told = annotate(
        asked, study.seed, lambda a: study.tell([a], take_in=False), name="me", ask=lambda _: next(lines, "q"),
        console=Console(file=screen, width=100),
    )  # fmt: skip
    shown = " ".join(screen.getvalue().split())
    assert "Would you talk like this?" in shown
    assert "o poor: so should no model talk" in shown
    assert "'k' is no answer to this question" in shown
    assert [(a.verdict, a.confidence, a.comment) for a in told.answers] == [
        ("good", None, ""), ("poor", 0.8, "too smooth"), ("mended", None, ""),
    ]  # fmt: skip
    study.take_in()
    assert not study.pending
    assert dict(study.seed.standing) == {"i12": ABSENT, "i13": "edit-1"}
    assert study.seed["i13"].variants[2].wording == "share what you may"


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_it_is_answered_from_a_file(study, tmp_path, ending):
    channel = FileAnnotator(questions=f"q.{ending}", answers=f"a.{ending}").located(tmp_path)
    asked = study.ask(kind="rate_it", items=["i12"])
    study.submit(channel)
    written = Path(channel.questions).read_text()
    assert "good" in written
    assert "mended" in written

    def answered(question: str, verdict: str) -> None:
        row = {"question": question, "annotator": "me", "verdict": verdict}
        text = json.dumps(row) if ending == "jsonl" else ",".join(row) + "\n" + ",".join(row.values())
        Path(channel.answers).write_text(text + "\n")

    answered(asked[0].id, "POOR")
    assert len(study.poll(channel).accepted) == 1
    assert study.seed.standing["i12"] == ABSENT
    again = study.ask(kind="rate_it", items=["i11"])
    answered(again[0].id, "god")
    with pytest.raises(AnswerError, match=r"'god' does not answer a rate_it question. Did you mean 'good'"):
        study.poll(channel)


def test_it_is_answered_by_somebody_simulated_and_in_memory(study):
    channel = Simulated(truth={"i12": ABSENT, "i01": "as_written"})
    study.ask(kind="rate_it", items=["i01", "i12"])
    study.submit(channel)
    assert len(study.poll(channel).accepted) == 2
    assert study.seed.standing["i12"] == ABSENT
    ours = InMemory()
    (question,) = study.ask(kind="rate_it", items=["i11"])
    study.submit(ours)
    with pytest.raises(AnswerError, match=r"a rate_it question takes no verdict 'keep'. Use: good, poor, mended"):
        study.tell([{"question": question.id, "annotator": "me", "verdict": "keep"}])
    ours.answer(question.id, "me", "poor")
    study.poll(ours)
    assert study.seed.standing["i11"] == ABSENT
    assert set(study.resolution.reliability) == {"simulated", "me"}, "answers about one item measure who gives them"


def test_it_is_there_again_in_a_new_process(study):
    study.ask(kind="rate_it", items=["i01", "i12"])
    folder = study.folder
    assert 'kind = "tests.toy_forms:RateIt"' in (folder / "activeseed.toml").read_text()
    code = (
        "import sys; from activeseed.study import Study; s = Study.open(sys.argv[1]); "
        "s.tell([{'question': s.pending[1].id, 'annotator': 'me', 'verdict': 'poor'}]); "
        "print(s.seed.standing, [q.minutes for q in s.pending], s.forms['rate_it'].pace, s.status()['pending'])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{'i12': 'absent'} [0.7] 0.7 ")
    listed = subprocess.run(
        [sys.executable, "-m", "activeseed", "queue", "--dir", str(folder), "--item", "i03"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert listed.returncode == 0, listed.stderr


def test_somebody_elses_folder_imports_nothing_before_anybody_agreed(study, tmp_path, monkeypatch):
    study.ask(kind="rate_it", items=["i01"])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "somebody else's"))
    there = Study.open(study.folder)
    assert there.seed.items
    with pytest.raises(TrustError, match=r"import 'tests.toy_forms:RateIt'"):
        _ = there.pending
    assert len(Study.open(study.folder, trust=True).pending) == 1


def test_an_object_that_only_python_holds_is_given_again(make_study):
    @dataclass(frozen=True)
    class Local(RateIt):
        kind: str = "local"

    study = make_study(questions=(Local(),))
    (question,) = study.ask(kind="local", items=["i01"])
    assert "questions" not in (study.folder / "activeseed.toml").read_text()
    there = Study.open(study.folder, questions=[Local()])
    assert isinstance(form_of(there.pending[0]), Local)
    assert there.pending[0].id == question.id
    with pytest.raises(AnswerError, match=r"No kind of question is called 'local'.*\[\[questions\]\]"):
        _ = Study.open(study.folder).pending


@pytest.mark.parametrize(
    ("forms", "said"),
    [
        ((RateIt(kind="merge"),), "calls itself 'merge', which is taken"),
        ((RateIt(), RateIt()), "calls itself 'rate_it', which is taken"),
        ((object(),), r"\[questions\] builtins:object has no kind and .*: add what `activeseed.protocols.Form`"),
        (({"kind": "tests.toy_forms:RateThis"},), "can't be imported"),
        (({"kind": "tests.toy_forms:RateIt", "price": 3},), "does not take these settings"),
        (({"kind": "rate_it"},), "'rate_it' is unknown. Write it as package.module:Name"),
        (({},), "is unknown"),
        ("rate_it", "has to be a list of tables"),
        (("rate_it",), "has to be a table with a kind"),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused_before_anything_is_written(make_study, tmp_path, forms, said):
    with pytest.raises(ConfigError, match=said):
        make_study(questions=forms)
    assert not (tmp_path / "study-1").exists()
