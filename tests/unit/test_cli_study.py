"""The commands of a study, one after the other, in this process: what they print, where, and what they leave behind."""

import csv
import io
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from activeseed.cli.app import run
from tests.small_project import POSITIVES, WRONG, init_arguments, write_inputs


@pytest.fixture(scope="module")
def ranked(tmp_path_factory) -> Path:
    """A project that was ranked once; tests work on copies of it."""
    inputs = write_inputs(tmp_path_factory.mktemp("inputs"))
    project = tmp_path_factory.mktemp("made") / "study"
    assert run(init_arguments(inputs, project)) == 0
    assert run(["rank", "--dir", str(project)]) == 0
    return project


@pytest.fixture
def project(ranked, tmp_path, monkeypatch) -> Path:
    copy = tmp_path / "study"
    shutil.copytree(ranked, copy)
    monkeypatch.chdir(copy)
    return copy


def printed(capsys, *arguments, code=0):
    """(stdout, stderr) of a command that ends with ``code``."""
    capsys.readouterr()
    assert run(list(arguments)) == code
    return capsys.readouterr()


def result(capsys, *arguments):
    """What a command prints with ``--json``: nothing else may be on stdout."""
    return json.loads(printed(capsys, *arguments, "--json").out)


def answer(question, verdict, **more):
    return {"question": question, "annotator": "ada", "verdict": verdict, **more}


def write_answers(path: Path, *answers) -> str:
    path.write_text("".join(json.dumps(a) + "\n" for a in answers), "utf-8")
    return str(path)


# --- init, check, status ------------------------------------------------------------------------------------------


def test_init_makes_a_commented_project(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    out, err = printed(capsys, *init_arguments(inputs, tmp_path / "study"))
    assert "8 items in 3 groups, a pool of 10, 8 probes" in out
    assert "tfidf" in out
    assert "activeseed check" in err
    toml = (tmp_path / "study" / "activeseed.toml").read_text("utf-8")
    assert "rounds = 1" in toml
    for table in ("[system]", "[embedder]", "[estimator]", "[belief]", "[ask]", "[stopping]"):
        assert table in toml
    assert "# rounds: rounds of play" in toml
    assert "base_rate: probability that an item stays as written" in toml.replace("\n# ", " ")


def test_init_picks_the_best_embedder_that_is_installed_and_says_so(tmp_path, capsys):
    from activeseed.embedders import best_available

    inputs = write_inputs(tmp_path / "in")
    arguments = [a for a in init_arguments(inputs, tmp_path / "study") if a not in ("--embedder", "tfidf")]
    found = result(capsys, *arguments)
    assert found["embedder"] == best_available().kind


def test_init_takes_pairs_for_a_reward_model(tmp_path, capsys):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("better,worse,name\nyes it is,no it is not,a\nthe sun,the moon,b\nblue sky,green sky,c\n", "utf-8")
    probes = tmp_path / "probes.csv"
    probes.write_text("better,worse\na blue sea,a green sea\n", "utf-8")
    found = result(
        capsys, "init", str(tmp_path / "s"), "--from", str(pairs), "--probes", str(probes), "--embedder", "tfidf",
        "--columns", "chosen=better,rejected=worse,id=name", "--base-rate", "0.9",
    )  # fmt: skip
    assert found["system"] == "reward_model"
    assert found["items"] == 3
    assert "base_rate = 0.9" in (tmp_path / "s" / "activeseed.toml").read_text("utf-8")


def test_init_warns_of_copies_and_goes_on(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    lines = (inputs / "positives.jsonl").read_text("utf-8")
    copy = json.loads(lines.splitlines()[0]) | {"id": "again"}
    (inputs / "positives.jsonl").write_text(lines + json.dumps(copy) + "\n", "utf-8")
    out, err = printed(capsys, *init_arguments(inputs, tmp_path / "study"))
    assert "Warning:" in err
    assert "share their effect" in err
    assert "9 items" in out


def test_check_says_what_a_ranking_costs(project, capsys):
    found = result(capsys, "check")
    assert found["items"] == len(POSITIVES)
    assert found["cost"]["trainings"] > len(POSITIVES)
    assert found["cost"]["seconds"] > 0  # known from the ranking before
    out = printed(capsys, "check").out
    assert f"{found['cost']['trainings']:,} trainings" in out


def test_check_trains_nothing_unless_it_is_to_be_timed(tmp_path, capsys, monkeypatch):
    printed(capsys, *init_arguments(write_inputs(tmp_path / "in"), tmp_path / "study"))
    monkeypatch.chdir(tmp_path / "study")
    assert result(capsys, "check")["cost"]["seconds"] is None
    assert "activeseed check --time" in printed(capsys, "check").out
    assert result(capsys, "status")["trainings"] == 0
    assert result(capsys, "check", "--time")["cost"]["seconds"] > 0
    assert result(capsys, "status")["trainings"] > 0


def test_status_before_and_after_a_question(project, capsys):
    before = result(capsys, "status")
    assert (before["answered"], before["pending"]) == (0, 0)
    printed(capsys, "queue", "--item", "flatter", "--to", "terminal")
    assert result(capsys, "status")["pending"] == 1
    out, err = printed(capsys, "status")
    assert "0 answered, 1 pending" in out
    assert err == ""


# --- rank ---------------------------------------------------------------------------------------------------------


def test_rank_json_is_one_object_with_the_promised_keys(project, capsys):
    found = result(capsys, "rank", "--by", "effect")
    promised = {"seed_version", "system", "estimator", "law", "trainings", "spread", "belief_spread", "noise_floor"}
    assert promised <= set(found)
    assert [row["rank"] for row in found["items"]] == list(range(1, len(POSITIVES) + 1))
    effects = [row["effect"] for row in found["items"]]
    assert effects == sorted(effects, reverse=True)
    keys = {"id", "perturbation", "effect", "effect_se", "instability", "first_order", "first_order_se", "credibility"}
    assert keys | {"value", "distinguishable", "ties_with"} <= set(found["items"][0])


def test_ranking_again_trains_nothing(project, capsys):
    out, err = printed(capsys, "rank")
    assert "0 trainings" in err
    assert "flatter" in out


@pytest.mark.parametrize("by", ["effect", "value", "first-order", "total"])
def test_rank_by_every_column(project, capsys, by):
    found = result(capsys, "rank", "--by", by)
    column = [row[by.replace("-", "_")] for row in found["items"]]
    known = [v for v in column if v is not None]
    assert known == sorted(known, reverse=True)


def test_rank_writes_files(project, capsys, tmp_path):
    printed(capsys, "rank", "--csv", str(tmp_path / "r.csv"), "--parquet", str(tmp_path / "r.parquet"))
    with open(tmp_path / "r.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == {p[0] for p in POSITIVES}
    import pandas as pd

    assert list(pd.read_parquet(tmp_path / "r.parquet")["id"]) == [row["id"] for row in rows]


def test_rank_refuses_a_file_where_nothing_can_be_before_it_trains(project, capsys, tmp_path):
    _, err = printed(capsys, "rank", "--csv", str(tmp_path / "no" / "r.csv"), code=2)
    assert "no folder" in err


@pytest.mark.parametrize("columns", ["60", "80", "160"])
def test_rank_fits_the_terminal(project, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = printed(capsys, "rank").out
    assert max(map(len, out.splitlines())) <= int(columns)


def set_limits(project, **values):
    """Write ``[limits]`` settings into the project's file."""
    toml = project / "activeseed.toml"
    text = toml.read_text("utf-8")
    for name, value in values.items():
        assert f"\n{name} = 0" in text
        head, _, limits = text.partition("[limits]")
        text = head + "[limits]" + re.sub(rf"(?m)^{name} = 0.*$", f"{name} = {value}", limits)
    toml.write_text(text, "utf-8")


def test_money_is_not_spent_without_a_yes(project, capsys):
    set_limits(project, price=0.25)
    printed(capsys, "rank")  # trained before: nothing is spent
    before = result(capsys, "status")["trainings"]
    _, err = printed(capsys, "rank", "--law", "poisson", code=2)
    assert "EUR" in err
    assert "--yes" in err
    assert result(capsys, "status")["trainings"] == before
    printed(capsys, "rank", "--law", "poisson", "--yes")
    trained = result(capsys, "status")["trainings"]
    assert trained > before
    # the yes was about one ranking: the next thing that costs something is asked about again
    _, err = printed(capsys, "rank", "--law", "group", code=2)
    assert "EUR" in err
    assert result(capsys, "status")["trainings"] == trained


def test_a_question_about_money_can_be_answered_at_a_terminal(project, capsys, monkeypatch):
    set_limits(project, price=0.25)
    monkeypatch.setattr("activeseed.cli.options.sys.stdin.isatty", lambda: True, raising=False)
    said = []
    monkeypatch.setattr("activeseed.cli.options.typer.confirm", lambda question, err: bool(said.append(question)))  # type: ignore[func-returns-value]
    printed(capsys, "rank", "--law", "poisson", code=1)
    assert "A ranking takes up to" in said[0]
    monkeypatch.setattr("activeseed.cli.options.typer.confirm", lambda question, err: not said.append(question))  # type: ignore[func-returns-value]
    printed(capsys, "rank", "--law", "poisson")
    assert len(said) == 2, "one question for one ranking"


def test_a_budget_in_the_settings_is_named_and_no_yes_goes_beyond_it(project, capsys):
    made = result(capsys, "status")["trainings"]
    set_limits(project, trainings=made + 10)
    _, err = printed(capsys, "rank", "--law", "poisson", "--yes", code=2)
    assert re.search(r"trainings = \d+ would do", err)
    assert result(capsys, "status")["trainings"] == made


def test_check_says_what_a_round_costs_and_what_was_spent(project, capsys):
    set_limits(project, price=0.5)
    cost = result(capsys, "check")["cost"]
    assert cost["round"]["price"] == 0.5 * cost["round"]["trainings"]
    assert cost["spent"]["trainings"] == result(capsys, "status")["trainings"]
    out = printed(capsys, "check").out
    assert f"up to {cost['round']['trainings']:,} trainings" in " ".join(out.split())


# --- queue, answers, versions -------------------------------------------------------------------------------------


def test_queue_asks_the_best_batch_and_does_not_tell_checks_from_questions(project, capsys):
    asked = result(capsys, "queue", "--batch", "2", "--to", str(project / "q.jsonl"))
    written = [json.loads(line) for line in (project / "q.jsonl").read_text("utf-8").splitlines()]
    assert [{k: v for k, v in q.items() if k in asked[0]} for q in written] == [
        {k: v for k, v in q.items() if k in written[0]} for q in asked
    ]
    assert asked
    assert all("purpose" not in q and "repeats" not in q for q in asked + written)
    assert result(capsys, "status")["pending"] == len(asked)


def test_queue_of_an_unknown_item_names_the_nearest(project, capsys):
    _, err = printed(capsys, "queue", "--item", "flater", code=2)
    assert "'flatter'" in err
    assert result(capsys, "status")["pending"] == 0


def test_answers_make_a_new_version_that_can_be_looked_at_and_taken_back(project, capsys):
    asked = result(capsys, "queue", "--item", "flatter", "--item", "short", "--to", "terminal")
    ids = {q["items"][0]: q["id"] for q in asked}
    file = write_answers(
        project / "a.jsonl", answer(ids["flatter"], "reject", comment="flattery"), answer(ids["short"], "keep")
    )
    told = result(capsys, "answers", "import", file)
    assert len(told["accepted"]) == 2
    assert told["changed"][0]["item"] == "flatter"
    again = result(capsys, "answers", "import", file)
    assert (again["accepted"], len(again["repeated"])) == ([], 2)

    log = result(capsys, "seed", "log")
    assert [v["number"] for v in log] == [1, 0]
    assert log[0]["by"] == "ada"
    assert "v1" in printed(capsys, "seed", "log").out
    (change,) = result(capsys, "seed", "diff")
    assert (change["item"], change["to"], change["by"]) == ("flatter", "absent", "ada")
    out = printed(capsys, "seed", "diff", "v0", "v1").out
    assert "flatter: as written → absent" in out
    assert "- What a brilliant question" in out
    assert f"on answer {change['answer']}" in out

    printed(capsys, "seed", "export", str(project / "out.jsonl"))
    left = [json.loads(line)["id"] for line in (project / "out.jsonl").read_text("utf-8").splitlines()]
    assert left == [p[0] for p in POSITIVES if p[0] != "flatter"]
    printed(capsys, "seed", "export", str(project / "all.jsonl"), "--all", "--version", "v0")
    assert len((project / "all.jsonl").read_text("utf-8").splitlines()) == len(POSITIVES)

    exported = [json.loads(line) for line in printed(capsys, "answers", "export").out.splitlines()]
    assert {a["verdict"] for a in exported} == {"reject", "keep"}
    back = next(a["id"] for a in exported if a["verdict"] == "reject")
    printed(capsys, "answers", "take-back", back, "--why", "too quick")
    assert result(capsys, "seed", "diff") == []
    marked = [json.loads(line) for line in printed(capsys, "answers", "export").out.splitlines()]
    assert {a["id"] for a in marked if a["taken_back"]} == {back}

    whole = write_answers(project / "whole.jsonl", *marked)
    told = result(capsys, "answers", "import", whole)
    assert (told["accepted"], len(told["repeated"])) == ([], 1), "an export can be read back"
    assert result(capsys, "seed", "diff") == []


def test_pin_and_revert(project, capsys):
    (asked,) = result(capsys, "queue", "--item", "flatter", "--to", "terminal")
    printed(capsys, "answers", "import", write_answers(project / "a.jsonl", answer(asked["id"], "reject")))
    assert "v1" in printed(capsys, "seed", "pin", "reviewed").out
    _, err = printed(capsys, "seed", "revert", "v0", code=2)
    assert "--yes" in err
    printed(capsys, "seed", "revert", "v0", "--yes", "--why", "in a hurry")
    assert result(capsys, "seed", "diff", "v0", "latest") == []
    assert result(capsys, "seed", "diff", "reviewed", "latest")[0]["item"] == "flatter"
    assert "in a hurry" in printed(capsys, "seed", "log").out
    assert "It was v1 before" in printed(capsys, "seed", "pin", "reviewed", "v0").out
    assert "stands already" in printed(capsys, "seed", "revert", "latest", "--yes").err


def test_sync_takes_in_the_authors_edits(project, capsys):
    lines = [json.loads(line) for line in (project / "seed.jsonl").read_text("utf-8").splitlines()]
    lines[0]["text"] += " Ask the front desk."
    edited = project / "edited.jsonl"
    lines[-1] = {"id": "new", "text": "A new line of the author's."}
    edited.write_text("".join(json.dumps(r) + "\n" for r in lines), "utf-8")
    found = result(capsys, "seed", "sync", str(edited))
    assert {"plain-no", "new", "short"} <= {i for ids in found.values() if isinstance(ids, list) for i in map(str, ids)}
    assert {c["item"] for c in result(capsys, "seed", "diff", "v0", "latest")} == {"plain-no", "new", "short"}
    out = printed(capsys, "seed", "diff").out
    assert "plain-no: edited" in out
    assert "new: added" in out


def test_the_settings_say_where_the_inputs_came_from(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    rows = [json.loads(line) for line in (inputs / "positives.jsonl").read_text("utf-8").splitlines()]
    rows = [{**{k: v for k, v in r.items() if k != "text"}, "body": r["text"]} for r in rows]
    theirs = inputs / "positives.jsonl"
    theirs.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    project = tmp_path / "study"
    assert run([*init_arguments(inputs, project), "--columns", "text=body"]) == 0
    source = tomllib.loads((project / "activeseed.toml").read_text("utf-8"))["source"]
    for name, file in (("seed", theirs), ("pool", inputs / "pool.jsonl"), ("probes", inputs / "probes.jsonl")):
        assert (project / source[name]).resolve() == file
    assert source["columns"] == {"text": "body"}
    # and so the author's file is read as it was the first time, and one that activeseed wrote as it is
    rows[0]["body"] += " Ask the front desk."
    theirs.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    found = result(capsys, "seed", "sync", str(theirs), "--dir", str(project))
    assert found["edited"] == [rows[0]["id"]]
    found = result(capsys, "seed", "sync", str(project / "seed.jsonl"), "--dir", str(project))
    assert (found["edited"], found["added"], found["removed"]) == ([rows[0]["id"]], [], []), "that edit is taken back"


def test_beliefs_are_written_as_people_write_them(project):
    said = [json.loads(line)["belief"] for line in (project / "seed.jsonl").read_text("utf-8").splitlines()]
    assert {"as_written": 0.9, "absent": 0.1} in said
    assert {"as_written": 0.6, "absent": 0.4} in said
    assert all(len(str(p)) <= 4 for belief in said for p in belief.values())


def test_a_default_ranking_starts_with_the_ranking(project, capsys):
    head, *rest = printed(capsys, "rank").out.split("\n\n")
    # eight labelled probes and a league of one short round: that is all there is to say before the ranking
    assert head.startswith("! No better than chance on your labelled probes")
    assert head.count("! ") == 1
    assert rest[0].lstrip().startswith("#")
    told = " ".join(printed(capsys, "rank", "--by", "effect").out.split())
    assert told.count("by resampling 8 keys: noise that none of them showed is not counted") == 1


def test_failed_rows_are_trained_again_when_that_is_asked_for(tmp_path, capsys):
    (tmp_path / "trainer.py").write_text(
        "from pathlib import Path\n"
        "def train(items, key):\n"
        "    if len(items) == 7 and not Path(__file__).with_name('mended').exists():\n"
        "        raise ArithmeticError('not yet')\n"
        "    return [len(i.payload.text) % 7 / 7 + key % 3 / 9 for i in items[:2]] + [0.5] * 6\n",
        "utf-8",
    )
    inputs = write_inputs(tmp_path / "in")
    given = init_arguments(inputs, tmp_path / "study")
    given = [a for a in given if not a.startswith("--set=system") and "estimator" not in a]
    given += ["--system", "function", f"--set=system.target={tmp_path / 'trainer.py'}:train"]
    given += ["--set=estimator.kind=leave_one_out", "--set=executor.kind=in_process", "--set=limits.failed_share=1"]
    assert run(given) == 0
    where = ("--by", "effect", "--dir", str(tmp_path / "study"))
    assert result(capsys, "rank", *where)["failed"] > 0
    (tmp_path / "mended").touch()
    assert result(capsys, "rank", *where)["failed"] > 0, "a failure is a fact until somebody asks again"
    assert result(capsys, "rank", *where, "--retry")["failed"] == 0
    assert result(capsys, "rank", *where)["failed"] == 0


def test_sync_reads_a_file_whose_columns_have_other_names(project, capsys):
    lines = [json.loads(line) for line in (project / "seed.jsonl").read_text("utf-8").splitlines()]
    rows = [{**{k: v for k, v in r.items() if k != "text"}, "body": r["text"]} for r in lines]
    rows[0]["body"] += " Ask the front desk."
    (project / "edited.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    assert "--columns text=body" in printed(capsys, "seed", "sync", "edited.jsonl", code=2).err
    found = result(capsys, "seed", "sync", "edited.jsonl", "--columns", "text=body")
    assert (found["edited"], found["added"], found["removed"]) == ([lines[0]["id"]], [], [])


def test_a_loop_with_the_simulated_annotator_finds_the_wrong_items(project, ranked, capsys, tmp_path):
    inputs = write_inputs(tmp_path / "in")
    arguments = ["loop", "--annotator", "simulated", "--truth", str(inputs / "truth.jsonl")]
    found = result(capsys, *arguments)
    assert found["ended"] == "stopped"
    assert {c["item"] for c in result(capsys, "seed", "diff")} == set(WRONG)
    again = result(capsys, *arguments)
    assert again["seed_version"] == found["seed_version"]
    assert len(again["rounds"]) == len(found["rounds"])


def test_loop_prints_a_line_a_round(project, capsys, tmp_path):
    inputs = write_inputs(tmp_path / "in")
    out, _ = printed(
        capsys, "loop", "--annotator", "simulated", "--truth", str(inputs / "truth.jsonl"), "--rounds", "1"
    )
    assert "round 1  asked" in out


def test_a_relative_truth_file_is_looked_for_here_not_in_the_project(project, tmp_path, capsys, monkeypatch):
    inputs = write_inputs(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    truth = str((inputs / "truth.jsonl").relative_to(tmp_path))
    out, _ = printed(
        capsys, "loop", "--annotator", "simulated", "--truth", truth, "--rounds", "1", "--dir", project.name
    )
    assert "round 1  asked" in out


def test_truth_without_the_simulated_annotator_is_refused(project, capsys):
    _, err = printed(capsys, "loop", "--truth", "x.jsonl", code=2)
    assert "--annotator simulated" in err


def test_annotate_without_questions_says_so(project, capsys):
    out, err = printed(capsys, "annotate")
    assert out == ""
    assert "activeseed queue" in err


def test_annotate_saves_and_a_mistyped_key_is_asked_again(project, capsys, monkeypatch):
    printed(capsys, "queue", "--item", "flatter", "--item", "short", "--to", "terminal")
    monkeypatch.setattr("sys.stdin", io.StringIO("x\nr flattery\nu\nk\nq\n"))
    out = printed(capsys, "annotate", "--name", "cleo").out
    assert "is no answer" in out
    assert "1 answer, 1 question left." in out
    kept = [json.loads(line) for line in printed(capsys, "answers", "export").out.splitlines()]
    assert [(a["verdict"], a["taken_back"], a["annotator"]) for a in kept] == [
        ("reject", True, "cleo"),
        ("keep", False, "cleo"),
    ]


def test_answers_that_come_by_file_are_pulled(tmp_path, capsys, monkeypatch):
    inputs = write_inputs(tmp_path / "in")
    printed(capsys, *init_arguments(inputs, tmp_path / "study"), "--set", "annotator.kind=file")
    monkeypatch.chdir(tmp_path / "study")
    asked = result(capsys, "queue", "--item", "flatter")
    (written,) = [json.loads(line) for line in Path("questions.jsonl").read_text("utf-8").splitlines()]
    assert written["id"] == asked[0]["id"]
    assert result(capsys, "pull")["accepted"] == []
    waiting = result(capsys, "loop", "--no-wait")
    assert waiting["ended"] == "waiting"
    write_answers(Path("answers.jsonl"), answer(asked[0]["id"], "reject"))
    told = result(capsys, "pull")
    assert [c["item"] for c in told["changed"]] == ["flatter"]
    assert result(capsys, "pull")["accepted"] == []


def test_a_loop_over_a_terminal_that_is_none_comes_back_at_once(project, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    found = result(capsys, "loop", "--annotator", "terminal")
    assert found["ended"] == "waiting"
    assert result(capsys, "status")["pending"] > 0


def test_the_report_is_one_file_at_the_place_that_was_named(project, capsys, tmp_path):
    assert printed(capsys, "report").out.strip() == "report.html"
    found = result(capsys, "report", "--out", str(tmp_path / "r.html"))
    assert found == {"report": str(tmp_path / "r.html"), "bytes": (tmp_path / "r.html").stat().st_size}
    assert "<html" in (tmp_path / "r.html").read_text("utf-8")[:2000].lower()


@pytest.mark.parametrize("law", ["drop", "group", "poisson"])
def test_the_law_stands_in_the_heading(project, capsys, law):
    out = printed(capsys, "rank", "--by", "effect", "--law", law).out
    words = {"drop": "dropping the item", "group": "leaving out its group", "poisson": "resampling the item"}
    assert words[law] in " ".join(out.split())
    assert result(capsys, "rank", "--by", "effect", "--law", law)["law"] == law
