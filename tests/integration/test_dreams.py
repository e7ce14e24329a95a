"""Dreams through a study, the command line, questions and the report."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import activeseed as act
from activeseed.analyses import Dreams, Dreamt
from activeseed.cli.app import run
from activeseed.errors import PlanError, TrainingError, TrustError
from activeseed.looking.elsewhere import JUDGED_DRAWS
from activeseed.plan import Rows
from activeseed.question import Question
from activeseed.report import gather, render
from activeseed.rewriters import CommandRewriter, MachineRewriter
from activeseed.seed import Pair, Probe, Text
from activeseed.study.cost import look_parts
from tests.integration.test_report import NASTY, parsed
from tests.small_project import POOL, init_arguments, write_inputs

LEAGUE = act.OversightLeague(rounds=1, steps=20, evaluator="mlp", held=("init",))


def study_of(folder: Path, system=LEAGUE, **more) -> act.Study:
    inputs = write_inputs(folder / "in")
    given = {
        "probes": act.read_probes(inputs / "probes.jsonl"), "pool": act.read_probes(inputs / "pool.jsonl"),
        "ask": {"consequences": 0, "random_share": 0.0}, **more,
    }  # fmt: skip
    return act.Study.create(folder / "work", act.read_seed(inputs / "positives.jsonl"), system, **given)


@pytest.fixture
def study(tmp_path: Path) -> act.Study:
    return study_of(tmp_path)


def test_a_dream_is_what_the_trained_system_says_at_that_input(study: act.Study) -> None:
    found = study.analyse(Dreams(sides=(study.side("latest"), study.side("without:flatter")), texts=4))
    (parting,) = found.pairs
    # the system itself, asked at the dreams: its evaluator is a function of the embedding of any text
    points = np.array([d.point for d in parting.dreams])
    words = [f"dream {n}" for n in range(len(points))]
    own = study.materials
    at = dict(zip(words, points.astype(np.float32), strict=True))

    def embed(texts):
        return np.array([at[t] if t in at else own.embed([t])[0] for t in texts], np.float32)

    there = type(own)(
        own.seed, tuple(Probe(id=w, payload=Text(text=w)) for w in words), own.pool, own.root, embed, own.embedder
    )
    variants = np.zeros((2, len(own.seed)), np.int16)
    variants[1, own.seed.position("flatter")] = 1
    said = LEAGUE.train(Rows(variants, np.zeros(2, np.int64)), there).values
    for n, dream in enumerate(parting.dreams):
        # trained in single precision, in another batch: the last bits of a row depend on its company
        assert (dream.first, dream.second) == pytest.approx(tuple(said[:, n]), abs=2e-5)
        assert (dream.first_single, dream.second_single) == pytest.approx(tuple(said[:, n]), abs=2e-5)
        assert dream.gap == abs(dream.first - dream.second)
    seen = {s.id: s for s in parting.widest}
    rows = Rows(variants, np.zeros(2, np.int64))
    probes = LEAGUE.train(rows, own).values
    for n, probe in enumerate(own.probes):
        if probe.id in seen:
            assert (seen[probe.id].first, seen[probe.id].second) == pytest.approx(tuple(probes[:, n]), abs=2e-5)


def test_a_dream_bounds_from_below_and_says_so(study: act.Study) -> None:
    found = study.analyse(Dreams(sides=(study.side("without:flatter"),)))
    (parting,) = found.pairs
    assert (parting.first, parting.second) == ("the seed as it stands", "without:flatter")
    assert parting.second_changes == {"flatter": "absent"}
    assert parting.lower.bound == "lower"
    known = [parting.at_hand or 0.0, parting.at_probes or 0.0]
    assert parting.lower.value == max(d.gap for d in parting.dreams)
    assert parting.lower.value >= known[0] >= known[1] > 0
    assert [s.gap for s in parting.widest] == sorted((s.gap for s in parting.widest), reverse=True)
    assert {s.source for s in parting.widest} == {"probes", "pool"}
    for dream in parting.dreams:
        likeness = [s.likeness or 0.0 for s in dream.near]
        assert likeness == sorted(likeness, reverse=True)
    assert len(found.to_frame()) >= len(parting.widest)


def test_named_sides_cost_two_trainings_and_draws_as_many_as_are_drawn(study: act.Study) -> None:
    study.rounds.looks.assessment()
    before = study.budget.trainings
    study.analyse(Dreams(sides=(study.side("without:flatter"),)))
    assert study.budget.trainings - before == 2
    made = study.state.analyses["dreams"]
    assert made["trainings_new"] == 2
    found = study.analyse(Dreams(draws=12, pairs=3))
    assert study.state.analyses["dreams"]["trainings_new"] <= 12  # a seed that is drawn twice is trained once
    assert found.readings == 12
    names = [n for p in found.pairs for n in (p.first, p.second)]
    assert len(set(names)) == len(names)
    assert [p.lower.value for p in found.pairs] == sorted((p.lower.value for p in found.pairs), reverse=True)
    again = act.Study.open(study.folder, trust=True)
    assert again.state.analyses["dreams"]["result"] == json.loads(json.dumps(found.to_dict()))
    assert again.analyse(Dreams(draws=12, pairs=3)).to_dict() == found.to_dict()
    assert again.state.analyses["dreams"]["trainings_new"] == 0


def test_texts_of_a_corpus_are_looked_among_and_ids_stay_apart(study: act.Study) -> None:
    corpus = (
        Probe(id=study.pool[0].id, payload=Text(text="Only a genius could have asked such a brilliant question.")),
        Probe(id="there-already", payload=study.pool[1].payload),
    )
    found = study.analyse(Dreams(sides=(study.side("without:flatter"),), corpus=corpus, texts=40))
    assert found.corpus == 1
    ids = [s.id for s in found.pairs[0].widest]
    assert f"corpus:{study.pool[0].id}" in ids
    assert len(set(ids)) == len(ids) == len(study.probes) + len(study.pool) + 1
    assert found.asked[0].source != "probes"
    with pytest.raises(PlanError, match="is a pair, and this study judges texts"):
        study.analyse(Dreams(corpus=(Probe(id="p", payload=Pair(chosen="a", rejected="b")),)))


# --- rewriters --------------------------------------------------------------------------------------------------------


def test_what_is_written_parts_the_readings_more_than_what_it_was_written_from(study: act.Study) -> None:
    found = study.analyse(Dreams(sides=(study.side("without:flatter"),), rewriter=MachineRewriter()))
    (parting,) = found.pairs
    known = {s.id: s for s in parting.widest}
    written = [s for d in parting.dreams for s in d.rewritten]
    assert written
    assert (found.rewriter, found.by) == ("machine", "a rule")
    for seen in written:
        assert seen.text not in {s.text for s in known.values()}
        assert seen.gap > known[seen.of].gap
    assert parting.at_hand is not None
    assert all(s.gap > parting.at_hand for s in parting.beyond)
    # real texts are asked about first
    sources = [s.source for s in found.asked]
    assert sources == sorted(sources, key=lambda s: s == "rewritten")


PROGRAM = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    assert asked["activeseed"] == 1 and asked["towards"]
    print(json.dumps({"row": asked["row"], "texts": [asked["text"] + " " + t for t in asked["towards"]][: asked["n"]]}))
"""


def test_a_program_rewrites_where_it_is_trusted(tmp_path: Path) -> None:
    program = tmp_path / "writes.py"
    program.write_text(PROGRAM)
    table = {"kind": "command", "argv": [sys.executable, str(program)], "writer": "a language model"}
    study = study_of(tmp_path, rewriter=table)
    found = study.analyse(Dreams(sides=(study.side("without:flatter"),), rewriter=study.part("rewriter")))
    assert found.by == "a language model"
    assert any(s.source == "rewritten" for p in found.pairs for d in p.dreams for s in d.rewritten)
    # a folder from elsewhere, which nobody agreed to
    text = (study.folder / "activeseed.toml").read_text()
    (study.folder / "activeseed.toml").write_text(text.replace('"a language model"', '"somebody"'))
    (study.folder / "activeseed.toml").write_text(text.replace(str(program), f"{program}x"))
    stranger = act.Study.open(study.folder)
    with pytest.raises(TrustError, match="would run"):
        stranger.part("rewriter")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit(3)", "exited with code 3"),
        ("print('no json')", "Line 1 of the rewriter's output"),
        ("import json; print(json.dumps({'row': 99, 'texts': []}))", "row 99, which was not asked"),
        ("import json; print(json.dumps({'row': 0, 'texts': 'a'}))", "no list of texts"),
        ("import time; time.sleep(60)", "took longer than"),
    ],
)
def test_a_program_that_misbehaves_is_told_of(program: str, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        CommandRewriter(argv=(sys.executable, "-c", program), timeout=1.0 if "sleep" in program else 60.0).rewrite(
            ["a"], 2
        )


def test_a_rewriter_from_outside_that_fails_is_told_of(study: act.Study) -> None:
    class Poor:
        kind = "poor"
        by = "nobody"

        def __init__(self, found):
            self.found = found

        def rewrite(self, texts, n, towards=()):
            if isinstance(self.found, Exception):
                raise self.found
            return self.found

    for found, said in ((ValueError("no"), "ValueError"), ([["one"]], "a list for each is due")):
        with pytest.raises(TrainingError, match=said):
            study.analyse(Dreams(sides=(study.side("without:flatter"),), rewriter=Poor(found)))


# --- questions --------------------------------------------------------------------------------------------------------


def test_dreams_are_asked_about_and_answers_move_the_belief_towards_readings_that_agree(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    questions = study.ask(2, kind="judge_dream")
    assert [q.kind for q in questions] == ["judge_dream"] * 2
    result = study.state.analyses["dreams"]["result"]
    assert [q.group for q in questions] == [s["id"] for s in result["asked"][:2]]
    assert all(q.place is not None and q.text in POOL for q in questions)
    assert "believed" not in questions[0].reason
    before = study.rounds.looks.assessment().belief
    assert look_parts(study._work).get("draws held against answers about dreams") == 0
    study.tell({"question": q.id, "annotator": "me", "verdict": "prefer", "variant": "reject"} for q in questions)
    after = study.rounds.looks.assessment()
    assert after.leaning
    assert look_parts(study._work)["draws held against answers about dreams"] == JUDGED_DRAWS
    # whoever rejects these texts leans towards seeds whose networks reject them: by Bayes the mean outcome there falls
    here = study.materials
    asked = tuple(Probe(id=q.id, payload=Text(text=q.text)) for q in questions)
    there = type(here)(here.seed, asked, here.pool, here.root, here.embed, here.embedder)

    def approval(belief) -> tuple[float, float]:
        draws = belief.draw(1000, 5).astype(np.int16)
        said = LEAGUE.train(Rows(draws, np.zeros(len(draws), np.int64)), there).values.mean(1)
        return float(said.mean()), float(said.std() / len(said) ** 0.5)

    (mean_before, se_before), (mean_after, se_after) = approval(before), approval(after.belief)
    # 256 draws were reweighted, so that the belief after it holds that sample's error besides
    assert mean_before - mean_after > 2 * np.hypot(se_before, 2 * se_after)
    again = study.ask(8, kind="judge_dream")
    assert not {q.group for q in again} & {q.group for q in questions}


def test_somebody_simulated_knows_a_dream_by_its_text(tmp_path: Path) -> None:
    from activeseed.annotators.simulated import Simulated

    study = study_of(tmp_path)
    first, second = study.ask(2, kind="judge_dream")
    knows = Simulated(truth={first.text: "reject", second.group: "approve"})
    assert (knows.answer(first).variant, knows.answer(second).variant) == ("reject", "approve")
    assert Simulated().answer(first).verdict == "skip"
    told = study.tell([knows.answer(first), knows.answer(second)])
    assert len(told.accepted) == 2


def test_pairs_are_judged_as_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = ["plain", "kind", "rude", "short", "exact", "vague", "honest", "sly"]

    def said() -> str:
        return " ".join(rng.choice(words, 4))

    items = [act.Item(id=f"i{k}", payload=Pair(prompt="?", chosen=said(), rejected=said())) for k in range(8)]
    probes = [Probe(id=f"p{k}", payload=Pair(prompt="?", chosen=said(), rejected=said())) for k in range(12)]
    corpus = tuple(Probe(id=f"c{k}", payload=Pair(prompt="?", chosen=said(), rejected=said())) for k in range(6))
    study = act.Study.create(
        tmp_path / "pairs", act.Seed(items=tuple(items)), act.RewardModel(steps=20), probes=probes,
        ask={"consequences": 0},
    )  # fmt: skip
    found = study.analyse(Dreams(corpus=corpus, draws=8, rewriter=MachineRewriter()))
    assert "Only texts are rewritten" in " ".join(found.notes)
    (question,) = study.ask(1, kind="judge_dream")
    assert isinstance(question.place, Pair)
    assert set(question.options.values()) == {"the reply marked + is better", "the reply marked - is better"}
    study.tell([{"question": question.id, "annotator": "me", "verdict": "prefer", "variant": "approve"}])
    assert study.rounds.looks.assessment().leaning


# --- what can't be dreamed of -----------------------------------------------------------------------------------------


def test_what_can_not_be_dreamed_of_is_said_in_words(tmp_path: Path) -> None:
    policy = study_of(tmp_path / "a", act.OversightLeague(rounds=1, steps=3, outcome="policy"))
    with pytest.raises(PlanError, match="hands out no network"):
        policy.analyse(Dreams())
    study = study_of(tmp_path / "b")
    with pytest.raises(PlanError, match="Two readings are compared at a time; 3"):
        study.analyse(Dreams(sides=(study.side("v0"),) * 3))
    same = study.analyse(Dreams(sides=(study.side("v0"), study.side("latest"))))
    assert "one and the same network" in same.notes[0]
    assert (same.pairs[0].lower.value, same.pairs[0].dreams) == (0.0, ())


# --- command line and report ------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> str:
    folder = tmp_path / "project"
    assert run(init_arguments(write_inputs(tmp_path / "in"), folder)) == 0
    return str(folder)


def test_dream_on_the_command_line(project: str, tmp_path: Path, capsys) -> None:
    sheet, probes = tmp_path / "texts.csv", tmp_path / "more.jsonl"
    arguments = ["dream", "without:flatter", "--dir", project, "--csv", str(sheet), "--to", str(probes)]
    assert run(arguments) == 0
    out, err = capsys.readouterr()
    assert "a lower bound: it was seen" in " ".join(out.split())
    assert "first:  the seed as it stands" in out
    assert "queue --kind judge_dream" in err
    with sheet.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {r["source"] for r in rows} >= {"probes", "pool"}
    known = {r["text"] for r in rows}
    read = act.read_probes(probes)
    assert read
    assert all(p.payload.text in known for p in read)
    assert run(["dream", "--dir", project, "--json", "--ask", "-n", "2"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["pairs"][0]["lower"]["bound"] == "lower"
    assert [q["kind"] for q in said["questions"]] == ["judge_dream"] * 2
    assert run(["report", "--dir", project, "--out", str(tmp_path / "r.html")]) == 0
    assert "Where readings part" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("columns", ["44", "80", "140"])
def test_no_line_is_wider_than_the_terminal(project: str, capsys, monkeypatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["dream", "--pairs", "2", "--draws", "8", "--dir", project]) == 0
    assert all(len(line) <= int(columns) for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["without:fatter"], "Did you mean 'flatter'"),
        (["a", "b", "c"], "3 outcomes are named"),
        (["--region", "nere"], "neither 'near' nor 'dense'"),
        (["--quantile", "0"], "no share above 0"),
        (["--corpus", "none.jsonl"], "there is no such file"),
        (["--rewriter", "machin"], "Did you mean 'machine'"),
        (["--rewriter", "command"], "needs to know which program"),
        (["--rewriter", "no.such:Thing"], "can't be imported"),
        (["--to", "nowhere/more.jsonl"], "there is no folder"),
        (["--to", "more.csv"], "ends in .jsonl"),
    ],
)
def test_what_is_mistyped_is_said_with_what_to_type(project: str, capsys, arguments: list[str], said: str) -> None:
    assert run(["dream", *arguments, "--dir", project]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert not out
    assert "Traceback" not in err


def test_a_corpus_that_is_no_file_of_texts_is_refused_before_anything_trains(
    project: str, tmp_path: Path, capsys
) -> None:
    wrong = tmp_path / "corpus.jsonl"
    wrong.write_text('{"nothing": 1}\n')
    assert run(["dream", "--corpus", str(wrong), "--dir", project]) == 2
    assert "corpus.jsonl" in capsys.readouterr().err
    assert act.Study.open(project).state.trainings == 0


def test_the_report_shows_hostile_texts_as_texts(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    corpus = (Probe(id="<b>", payload=Text(text=NASTY)),)
    study.analyse(Dreams(sides=(study.side("without:flatter"),), corpus=corpus, texts=30, rewriter=MachineRewriter()))
    page = render(gather(study))
    parsed(page)
    assert "Where readings part" in page
    assert "<script>alert" not in page
    study.tell([{"question": study.ask(items=["short"])[0].id, "annotator": "me", "verdict": "reject"}])
    assert "the seed has changed since" in render(gather(study))


def test_a_finding_says_itself_as_json(study: act.Study) -> None:
    found = study.analyse(Dreams(draws=6))
    assert isinstance(found, Dreamt)
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert "point" not in said["pairs"][0]["dreams"][0]
    assert [s["id"] for s in said["asked"]] == [s.id for s in found.asked]
    assert Question.model_validate(study.ask(1, kind="judge_dream")[0].model_dump(mode="json")).place is not None
