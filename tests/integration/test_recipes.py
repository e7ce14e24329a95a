"""The recipes of CONTRIBUTING are run: a package outside of activeseed has a member of every family, one file each.

Its files are the recipes as they stand. Each is held to its check, and the main job is done with all of them together,
by the library and by the command line; the project opens again in a new process, and an edited option is no longer
answered from what was trained under the other.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.cli.app import run
from activeseed.question import Question
from activeseed.testing import (
    check_annotator,
    check_embedder,
    check_estimator,
    check_executor,
    check_form,
    check_law,
    check_perturbation,
    check_response,
    check_rewriter,
    check_system,
)
from tests.small_project import POSITIVES, init_arguments, write_inputs
from tests.toy_materials import vectors

ROOT = Path(__file__).parents[2]
MEMBERS: dict[str, tuple[str, dict[str, Any]]] = {
    "system": ("acme.system:Nearest", {"sharpness": 3.0}),
    "embedder": ("acme.embedder:Letters", {"letters": "etaoin"}),
    "estimator": ("acme.estimator:Steady", {"keys": 8, "law": "drop"}),
    "response": ("acme.response:Brief", {"rows": 72}),
    "annotator": ("acme.annotator:Rule", {"word": "genius"}),
    "executor": ("acme.executor:Politely", {"pause": 0.0}),
    "rewriter": ("acme.rewriter:Openly", {"openings": ["Frankly"], "by": "a rule"}),
}
#: families of which a study has a list
LISTED: dict[str, tuple[str, dict[str, Any]]] = {
    "perturbations": ("acme.perturbation:Politely", {"word": "Kindly"}),
    "questions": ("acme.form:Fits", {"pace": 0.25}),
}


def recipes() -> dict[str, str]:
    """File -> its text, from the blocks of CONTRIBUTING that begin with the name of one."""
    blocks = re.findall(r"^```python\n# (acme/\w+\.py)\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S)
    return dict(blocks)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the package lies."""
    place = tmp_path / "elsewhere"
    (place / "acme").mkdir(parents=True)
    (place / "acme" / "__init__.py").write_text("")
    for name, text in recipes().items():
        (place / name).write_text(text)
    monkeypatch.syspath_prepend(str(place))
    yield place
    for name in [n for n in sys.modules if n.partition(".")[0] == "acme"]:
        del sys.modules[name]


def loaded(name: str) -> ModuleType:
    return importlib.import_module(f"acme.{name}")


def made(kind: str, options: dict[str, Any]) -> Any:
    module, _, name = kind.partition(":")
    return getattr(importlib.import_module(module), name)(**options)


def new_process(acme: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{acme}{os.pathsep}{ROOT}"}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=acme)


def test_there_is_one_file_for_every_seam() -> None:
    """A family of the settings has its recipe, and so has a law, which estimators name."""
    named = {kind.partition(":")[0].replace(".", "/") + ".py" for kind, _ in (MEMBERS | LISTED).values()}
    assert set(recipes()) == named | {"acme/law.py"}
    assert set(MEMBERS) | set(LISTED) == set(importlib.import_module("activeseed.config").FAMILIES)


# --- each is held to its check -------------------------------------------------------------------------------------


def test_the_system_keeps_its_promises(acme: Path) -> None:
    check_system(loaded("system").Nearest(), vectors(), tolerance=2.0**-20)  # doubles, kept in single precision


def test_the_estimator_keeps_its_promises(acme: Path) -> None:
    check_estimator(loaded("estimator").Steady())


def test_the_response_keeps_its_promises(acme: Path) -> None:
    check_response(loaded("response").Brief())


def test_the_law_keeps_its_promises(acme: Path) -> None:
    check_law(loaded("law").Halved())


def test_the_embedder_and_the_perturbation_keep_their_promises(acme: Path) -> None:
    texts = [text for _, text, _, _ in POSITIVES]
    check_embedder(loaded("embedder").Letters(), texts)
    seed = act.Seed(items=tuple(act.Item(id=str(n), payload=act.Text(text=t)) for n, t in enumerate(texts)))
    check_perturbation(loaded("perturbation").Politely(), seed)


def test_the_rewriter_keeps_its_promises(acme: Path) -> None:
    check_rewriter(loaded("rewriter").Openly(), [text for _, text, _, _ in POSITIVES])


def test_the_executor_keeps_its_promises(acme: Path) -> None:
    check_executor(loaded("executor").Politely(), loaded("system").Nearest(), vectors())


def test_the_annotator_keeps_its_promises(acme: Path) -> None:
    seed = act.Seed(items=tuple(act.Item(id=i, payload=act.Text(text=t)) for i, t, _, _ in POSITIVES))
    asked = [Question(id=f"q{n}", kind="review", items=(i.id,), text=i.display) for n, i in enumerate(seed.items)]
    check_annotator(loaded("annotator").Rule, seed, asked)


def test_the_form_is_whole(acme: Path) -> None:
    check_form(loaded("form").Fits(), act.Seed(items=tuple(act.Item(id=i, payload=act.Text(text=i)) for i in "abc")))


# --- the main job --------------------------------------------------------------------------------------------------


def test_the_main_job_by_the_library(acme: Path, tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "in")
    given: dict[str, Any] = {family: made(kind, options) for family, (kind, options) in MEMBERS.items()}
    listed: dict[str, Any] = {family: [made(kind, options)] for family, (kind, options) in LISTED.items()}
    study = act.Study.create(
        tmp_path / "study", act.read_seed(inputs / "positives.jsonl"), given.pop("system"),
        probes=act.read_probes(inputs / "probes.jsonl"), replicates=3, ask={"batch": 3, "consequences": 2},
        **given, **listed,
    )  # fmt: skip
    assert [v.wording for v in study.seed["short"].alternatives] == ["Kindly: Yes. It opens at nine."]
    assert study.check()["cost"]["trainings"] > 0
    ranking = study.rank(by=act.Name("steady-effect"))
    steady = ranking.columns["steady_effect"]
    np.testing.assert_allclose(steady, ranking.columns["effect"] - ranking.columns["instability"])
    assert [r["id"] for r in ranking.rows()] == [ranking.ids[f] for f in np.argsort(-steady, kind="stable")]
    assert ranking.summary["estimator"] == "steady"
    together = study.rank(law=act.Name("acme.law:Halved"))
    assert set(together.columns["perturbation"]) == {"its weight halved"}
    assert study.ask(3)
    told = study.poll()
    assert told.accepted
    asked = study.ask(kind=act.Name("fits"), items=["short"])
    study.tell([{"question": asked[0].id, "annotator": "me", "verdict": "no"}])
    assert study.seed.standing["short"] == "absent"
    study.rounds.close()
    page = act.write_report(study, tmp_path / "report.html", by=act.Name("steady_effect")).read_text("utf-8")
    assert "effect beyond what keys disagree about" in page
    assert ">steady</th>" in page
    study.close()

    tables = tomllib.loads((study.folder / "activeseed.toml").read_text("utf-8"))
    assert {f: tables[f] for f in MEMBERS} == {f: {"kind": kind, **options} for f, (kind, options) in MEMBERS.items()}
    assert {f: tables[f] for f in LISTED} == {f: [{"kind": kind, **options}] for f, (kind, options) in LISTED.items()}
    code = (
        "import json, sys, activeseed as act; s = act.Study.open(sys.argv[1]); r = s.rank(by='steady_effect'); "
        "print(json.dumps([r.summary['trainings_new'], r.columns['steady_effect'].tolist(), s.seed.standing['short']]))"
    )
    expected = act.Study.open(study.folder).rank(by=act.Name("steady_effect")).columns["steady_effect"]
    done = new_process(acme, "-c", code, str(study.folder))
    assert done.returncode == 0, done.stderr
    new, effects, standing = json.loads(done.stdout)
    assert (new, standing) == (0, "absent"), "the same rows, found by another process"
    np.testing.assert_array_equal(effects, expected)


def test_the_main_job_by_the_command_line(acme: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs, project = write_inputs(tmp_path / "in"), tmp_path / "project"

    def printed(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        found = run([*arguments, "--dir", str(project)])
        out, err = capsys.readouterr()
        assert found == code, err
        return " ".join(out.split()), " ".join(err.split())

    toml = {family: "{" + f"kind = {json.dumps(kind)}" for family, (kind, _) in (MEMBERS | LISTED).items()}
    for family, (_, options) in (MEMBERS | LISTED).items():
        toml[family] += "".join(f", {name} = {json.dumps(value)}" for name, value in options.items()) + "}"
    settings = [f"--set={family}={toml[family]}" for family in MEMBERS]
    settings += [f"--set={family}=[{toml[family]}]" for family in LISTED]
    kept = [a for a in init_arguments(inputs, project) if not a.startswith(("--set=system", "--set=estimator"))]
    assert run([*(a for a in kept if a not in ("--embedder", "tfidf")), *settings, "--set=replicates=3"]) == 0
    assert "acme.system:Nearest" in printed("check")[0]
    out, _ = printed("rank", "--by", "steady-effect")
    assert "effect beyond what keys disagree about" in out
    out, _ = printed("rank", "--by", "effect", "--law", "acme.law:Halved")
    assert "acme.law:Halved" in out
    assert "'steady-effect'" in printed("rank", "--by", "stedy-effect", code=2)[1]
    printed("queue")
    printed("pull")
    assert "does it fit?" in printed("queue", "--kind", "fits", "--item", "short")[0]
    printed("loop", "--rounds", "3", "--no-wait", "--yes")
    assert json.loads(printed("status", "--json")[0])["answers"] > 0
    printed("report", "--out", str(tmp_path / "report.html"))
    again = new_process(acme, "-m", "activeseed", "rank", "--json", "--by", "steady-effect", "--dir", str(project))
    assert again.returncode == 0, again.stderr
    before = json.loads(again.stdout)
    assert before["trainings_new"] == 0

    for old, new, what in (("sharpness = 3.0", "sharpness = 9.0", "system"), ("etaoin", "qwerty", "embedder")):
        file = project / "activeseed.toml"
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
        _, err = printed("rank", code=2)
        assert f"[{what}]" in err
        assert "was changed from" in err
        edited = json.loads(printed("rank", "--accept", "--trust", "--json", "--by", "steady-effect")[0])
        assert edited["trainings_new"] >= edited["trainings"] > 0, "nothing is answered from the old rows"
        assert [r["steady_effect"] for r in edited["items"]] != [r["steady_effect"] for r in before["items"]]
        before = edited
