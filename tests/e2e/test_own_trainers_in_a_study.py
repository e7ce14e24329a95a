"""A team's own trainer goes through the whole study: ranked, asked about, killed, edited, failing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import activeseed as act
from activeseed.seed import Item, Probe, Seed, Text

EXAMPLES = Path(__file__).parents[2] / "examples"

TRAINER = """
def train(items, key, probes):
    known = set(" ".join(i.text for i in items if i.metadata.get("label") != "no").split())
    return [len(known & set(p.payload.text.split())) / 4 for p in probes]
"""


def inputs(label="yes"):
    texts = ["be honest", "be kind", "say what is true", "be brief", "do lie"]
    items = tuple(Item(id=f"i{n}", payload=Text(text=t), metadata={"label": label}) for n, t in enumerate(texts))
    probes = [
        Probe(id=f"p{n}", payload=Text(text=t)) for n, t in enumerate(["honest lie", "true and kind", "brief lie do"])
    ]
    return Seed(items=items), probes


def settings(**more):
    return {"executor": act.InProcess(), "embedder": act.Tfidf(), **more}


def project(folder, seed=None, **more):
    """A study of a trainer in a file of the project's folder, deterministic so that it needs few trainings."""
    given, probes = inputs()
    folder.mkdir(exist_ok=True)
    (folder / "trainer.py").write_text(TRAINER)
    system = act.FromFunction("trainer.py:train", deterministic=True)
    return act.Study.create(folder, seed or given, system, probes=probes, **settings(**more))


def test_the_item_that_matters_stands_first_and_a_rejected_one_leaves(tmp_path):
    study = project(tmp_path / "p")
    ranking = study.rank(by="effect")
    # Exact by hand: dropping "do lie" moves the probes by (1, 0, 2)/4, a mean square of 5/48; "say what is true" and
    # every other item moves one probe by 1/4, a mean square of 1/48.
    effects = dict(zip(ranking.ids, ranking.columns["effect"], strict=True))
    assert effects["i4"] == pytest.approx(5 / 48, abs=1e-6)
    assert [effects[f"i{n}"] for n in range(4)] == pytest.approx([1 / 48] * 4, abs=1e-6)
    assert ranking.rows()[0]["id"] == "i4"
    (question,) = study.ask(items=["i4"])
    study.tell([{"question": question.id, "annotator": "me", "verdict": "reject"}])
    assert "i4" not in dict(study.seed.standing_payloads())


def test_a_study_is_opened_again_by_the_name_of_its_trainer_and_trains_nothing_twice(tmp_path):
    first = project(tmp_path / "p").rank(by="effect")
    assert first.summary["trainings_new"] > 0
    again = act.Study.open(tmp_path / "p").rank(by="effect")
    assert again.summary["trainings_new"] == 0
    assert again.columns["effect"].tolist() == first.columns["effect"].tolist()


def test_a_trainer_without_a_name_is_opened_with_the_trainer(tmp_path):
    given, probes = inputs()
    system = act.FromFunction(lambda items, key: [float(len(items))] * 3, deterministic=True)
    first = act.Study.create(tmp_path / "p", given, system, probes=probes, **settings()).rank(by="effect")
    with pytest.raises(act.ConfigError, match=r"Study.open\(folder, system=FromFunction\(train\)\)"):
        act.Study.open(tmp_path / "p")
    again = act.Study.open(tmp_path / "p", system=system).rank(by="effect")
    assert first.summary["trainings_new"] > 0 == again.summary["trainings_new"]


def test_an_edited_trainer_and_edited_labels_are_trained_again(tmp_path):
    study = project(tmp_path / "p")
    context = study.trainer.context
    given, probes = inputs("no")
    system = act.FromFunction("trainer.py:train", deterministic=True)
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "trainer.py").write_text(TRAINER)
    other_labels = act.Study.create(tmp_path / "q", given, system, probes=probes, **settings())
    assert other_labels.trainer.context != context
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "trainer.py").write_text(TRAINER.replace("/ 4", "/ 5"))
    other_code = act.Study.create(tmp_path / "r", inputs()[0], system, probes=probes, **settings())
    assert other_code.trainer.context != context
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "trainer.py").write_text("# a comment\n" + TRAINER)
    same = act.Study.create(tmp_path / "s", inputs()[0], system, probes=probes, **settings())
    assert same.trainer.context == context


def test_rows_go_to_processes_unless_somebody_chose(tmp_path):
    given, probes = inputs()
    system = act.FromFunction(lambda items, key: [0.0] * 3, deterministic=True)
    assert act.Study.create(tmp_path / "a", given, system, probes=probes).settings.executor == act.Processes()
    chosen = act.Study.create(tmp_path / "b", given, system, probes=probes, executor=act.InProcess())
    assert chosen.settings.executor == act.InProcess()
    league = act.Study.create(tmp_path / "c", given, act.OversightLeague(), probes=probes, pool=[
        Probe(id=f"c{n}", payload=Text(text=t)) for n, t in enumerate(["never lie", "be rude", "do lie often"])
    ])  # fmt: skip
    assert league.settings.executor == act.InProcess()


def test_more_failures_than_tolerated_stop_the_ranking_with_the_commonest_reason(tmp_path):
    given, probes = inputs()

    def train(items, key):
        if len(items) < 5:
            raise ArithmeticError("too few to average")
        return [0.5] * 3

    study = act.Study.create(
        tmp_path / "p", given, act.FromFunction(train, deterministic=True), probes=probes, **settings()
    )
    with pytest.raises(act.TooManyFailuresError) as caught:
        study.rank(by="effect")
    assert "ArithmeticError: too few to average, at line " in str(caught.value)
    assert "(row" not in str(caught.value)


def test_a_wrong_trainer_is_refused_before_anything_is_written(tmp_path):
    given, probes = inputs()
    with pytest.raises(act.ConfigError, match=r"trainer.py, where the trainer should be"):
        act.Study.create(tmp_path / "p", given, act.FromFunction("trainer.py:train"), probes=probes)
    with pytest.raises(act.PlanError, match="was not found"):
        act.Study.create(tmp_path / "p", given, act.Command(argv=("./no-such",)), probes=probes)
    assert not (tmp_path / "p").exists()


def test_a_loop_over_an_external_command(tmp_path):
    """The same trainer as a program, its table read from activeseed.toml, through the command line's configuration."""
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "trainer.py").write_text(
        "import json, sys\n"
        "probes = json.loads(sys.stdin.readline())['probes']\n"
        "for line in sys.stdin:\n"
        "    row = json.loads(line)\n"
        "    known = set(' '.join(i['text'] for i in row['items']).split())\n"
        "    outcome = [len(known & set(p['text'].split())) / 4 for p in probes]\n"
        "    print(json.dumps({'row': row['row'], 'outcome': outcome}))\n"
    )
    given, probes = inputs()
    table = {"kind": "command", "argv": [sys.executable, "trainer.py"], "deterministic": True, "timeout": 30.0}
    study = act.Study.create(folder, given, table, probes=probes, **settings(), estimator=act.LeaveOneOut())
    ranking = study.rank(by="effect")
    assert ranking.rows()[0]["id"] == "i4"
    assert ranking.columns["effect"][4] == pytest.approx(5 / 48, abs=1e-6)
    assert json.loads(json.dumps(act.Study.open(folder).settings.record()))["system"]["argv"][1] == "trainer.py"


def test_the_program_of_the_example_answers_each_row_or_says_why_not():
    job = {"activeseed": 1, "outcomes": 1, "probes": [{"id": "p", "text": "down again"}]}
    items = [
        {"text": t, "weight": 1.0, "metadata": {"label": label}} for t, label in (("down", "urgent"), ("hi", "later"))
    ]
    lines = [job, {"row": 0, "key": 1, "items": items}, {"row": 1, "key": 1, "items": items[:1]}]
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "trainer_command.py")], input="\n".join(map(json.dumps, lines)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # P(urgent | "down") under one imagined sighting of each class: odds (1+1)/(0+1) with a flat prior, 2/3.
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"row": 0, "outcome": [pytest.approx(2 / 3)]}
    assert second == {"row": 1, "error": "one label has no tickets left"}


@pytest.mark.slow
@pytest.mark.timeout(600)  # some 20 s of processor time each, on a machine that may be busy
@pytest.mark.parametrize("example", ["own_trainer", "own_estimator", "own_command"])
def test_examples_put_the_wrong_tickets_first(example, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{example}.py"), str(tmp_path / "study")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    ranked = [word for word in done.stdout.split() if word.startswith("t") and word[1:].isdigit()]
    assert set(ranked[:3]) == {"t11", "t12", "t23"}
