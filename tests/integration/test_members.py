"""What is somebody else's is written as it was named, with its options, and comes back; or its object is asked for."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from activeseed.checked import SettingsRecord
from activeseed.config import Settings, read_settings
from activeseed.embedders import Tfidf
from activeseed.errors import ConfigError, FolderError, PlanError, TrustError
from activeseed.estimators import Auto, Bootstrap, LeaveOneOut
from activeseed.executors import InProcess
from activeseed.members import ThirdParty, earlier_record, named_record, record_of
from activeseed.plan import Materials, Rows
from activeseed.protocols import Event, Json, Name
from activeseed.study import Study
from activeseed.systems.own import FromFunction
from tests.integration.conftest import Make
from tests.integration.test_anybodys_objects import Both, Lengths

ROOT = Path(__file__).parents[2]
HERE = "tests.integration.test_members"
FAST = LeaveOneOut(keys=2)


class Shifted(Both):
    """Its record says nothing of ``shift``."""

    kind = "shifted"

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def train(self, rows: Rows, materials: Materials) -> Any:
        found = super().train(rows, materials)
        return type(found)(np.clip(found.values + np.float32(self.shift), 0, 1), found.ok, found.failures)


class Counting(Lengths):
    """Counts one more letter; its revision doesn't say so."""

    def __init__(self, letter: str = "z") -> None:
        self.letter = letter

    def embed(self, texts: Any) -> Any:
        found = super().embed(texts)
        more = np.array([[t.count(self.letter)] for t in texts], np.float32).reshape(len(texts), 1)
        return np.concatenate([found, more], 1)


class Record(SettingsRecord):
    kind: Literal["record"] = "record"
    size: int = 3
    names: tuple[str, ...] = ()
    handle: Any = None


@dataclass
class Data:
    size: int = 3
    where: Path = Path()


class Said:
    def __init__(self, width: int, /, *, depth: int = 2) -> None:
        self._width, self._depth = width, depth

    def record(self) -> dict[str, Json]:
        return {"width": self._width, "depth": self._depth}


class Options:
    def __init__(self, **options: Json) -> None:
        self._options = options

    def record(self) -> Mapping[str, Json]:
        return self._options


class Closed:
    def __init__(self, connection: object = None) -> None:
        self._connection = connection


@pytest.mark.parametrize(
    ("member", "written"),
    [
        (Record(), {"size": 3, "names": []}), (Record(names=("a",)), {"size": 3, "names": ["a"]}),
        (Data(), {}), (Data(size=4), {"size": 4}), (Options(a=1, b=[2]), {"a": 1, "b": [2]}),
        (Shifted(0.5), {"shift": 0.5}), (Counting(), {}),
    ],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_options_are_read_off_an_object_and_make_it_again(member: Any, written: dict[str, Any]) -> None:
    record = named_record(member)
    assert record == {"kind": f"{HERE}:{type(member).__name__}", **written}
    again = type(member)(**{k: v for k, v in record.items() if k != "kind"})
    assert named_record(again) == record


@pytest.mark.parametrize(
    "member",
    [
        Record(handle=object()), Data(where=Path("/tmp")), Said(3), Closed(object()), Closed(), Options(a=object()),  # type: ignore[arg-type]
        ThirdParty("<a:b>"), Tfidf(), type("Local", (), {"__qualname__": "f.<locals>.Local"})(),
    ],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_what_cant_be_read_off_an_object_is_not_made_up(member: Any) -> None:
    assert named_record(member) == {}


def test_an_object_that_only_python_holds_is_said_to_need_it(make_study: Make) -> None:
    class Mine(Both):
        kind = "mine"

        def record(self) -> dict[str, Json]:
            return {"sharpness": 6.0, "seen": None}

    study = make_study(system=Mine(), key=77, limits={"money": 5.0})
    study.rank(by="effect")
    kind = f"<{HERE}:test_an_object_that_only_python_holds_is_said_to_need_it.<locals>.Mine>"
    tables = tomllib.loads((study.folder / "activeseed.toml").read_text("utf-8"))
    assert tables["system"] == {"kind": kind, "sharpness": 6.0}
    looking = Study.open(study.folder)
    assert looking.status()["items"] == len(study.seed), "nothing is needed for a look"
    with pytest.raises(ConfigError, match=r"was handed over in Python.*Study\.open\(folder, system=…\)"):
        looking.rank()
    there = Study.open(study.folder, system=Mine())
    assert (there.settings.key, there.settings.limits.money) == (77, 5.0), "the other tables stay"
    assert there.rank(by="effect").summary["trainings_new"] == 0


def train(items: Any, key: int, probes: Any) -> list[float]:
    return [len(items) / 100.0] * len(probes)


def test_a_lambdas_table_alone_is_replaced(make_study: Make) -> None:
    study = make_study(
        system=FromFunction(lambda items, key, probes: train(items, key, probes), deterministic=True),
        key=5, replicates=4, estimator=FAST, executor=InProcess(threads=2),
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"Study\.open\(folder, system=FromFunction"):
        Study.open(study.folder)
    there = Study.open(study.folder, system=study.settings.system)
    assert (there.settings.key, there.settings.replicates, there.settings.estimator) == (5, 4, FAST)
    assert there.settings.executor == InProcess(threads=2)


@pytest.mark.parametrize("family", ["embedder", "estimator", "response", "executor"])
def test_any_family_takes_an_object_in_place_of_its_table(make_study: Make, family: str) -> None:
    given: dict[str, Any] = {
        "embedder": Counting("q"),
        "estimator": FAST,
        "response": Bootstrap(),
        "executor": InProcess(threads=2),
    }
    study = make_study()
    chosen: Any = {family: given[family]}
    there = Study.open(study.folder, accept=True, **chosen)
    assert there.part(family) == given[family]
    assert there.settings.key == study.settings.key
    (study.folder / "activeseed.toml").unlink()
    with pytest.raises(ConfigError, match=r"holds no activeseed\.toml"):
        Study.open(study.folder, **chosen)


def test_a_third_partys_project_opens_in_another_process(make_study: Make) -> None:
    study = make_study(system=Shifted(0.125), embedder=Counting("q"), estimator=FAST, limits={"money": 100.0})
    before = study.rank(by="effect")
    code = (
        "import sys; from activeseed.study import Study; s = Study.open(sys.argv[1]); r = s.rank(by='effect'); "
        "print(r.summary['trainings_new'], s.part('system').shift, s.part('embedder').letter, r.columns['effect'][0])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(study.folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "0.125", "q", str(before.columns["effect"][0])]


@pytest.mark.parametrize(("old", "new"), [("shift = 0.125", "shift = 0.25"), ('letter = "q"', 'letter = "w"')])
def test_an_option_that_no_record_and_no_revision_tells_of_is_no_secret(make_study: Make, old: str, new: str) -> None:
    study = make_study(system=Shifted(0.125), embedder=Counting("q"), estimator=FAST, limits={"money": 100.0})
    study.rank(by="effect")
    file = study.folder / "activeseed.toml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match="was changed from"):
        Study.open(study.folder)
    edited = Study.open(study.folder, accept=True, trust=True)
    assert edited.materials.digest != study.materials.digest
    ranked = edited.rank(by="effect").summary
    assert ranked["trainings_new"] >= ranked["trainings"], "no row of the other option answers"
    words = ["quick wax", "slow"]
    assert np.abs(edited.materials.embed(words) - study.materials.embed(words)).max() > 0 or "shift" in old


def test_what_an_earlier_version_wrote_of_an_object_is_that_object(make_study: Make) -> None:
    study = make_study(system=Both(), estimator=FAST)
    said = {**study.settings.shown(), "system": earlier_record(Both())}
    assert said["system"] == {"kind": "both", "sharpness": 6.0}
    study.store.append([Event("settings", {"settings": said})])
    assert Study.open(study.folder, system=Both()).status()["items"] == len(study.seed)
    study.store.append([Event("settings", {"settings": {**said, "system": {"kind": "both", "sharpness": 7.0}}})])
    with pytest.raises(ConfigError, match="was changed"):
        Study.open(study.folder, system=Both())


def test_a_law_and_a_response_of_a_strangers_are_asked_about(make_study: Make) -> None:
    study = make_study(estimator=FAST)
    file = study.folder / "activeseed.toml"
    text = file.read_text("utf-8")
    for table, words in (
        ('[estimator]\nkind = "leave_one_out"\nlaw = "mine.laws:Own"\n', "import 'mine.laws:Own'"),
        ('[estimator]\nkind = "auto"\nalso = ["flip", "mine:Other"]\n', "import 'mine:Other'"),
        ('[response]\nkind = "mine:Response"\n[estimator]\nkind = "leave_one_out"\n', "import 'mine:Response'"),
    ):
        head, _, rest = text.partition("[estimator]")
        file.write_text(head + table + rest[rest.index("\n[") :], "utf-8")
        with pytest.raises(TrustError, match=words):
            Study.open(study.folder).rank()
    file.write_text(text, "utf-8")
    assert Study.open(study.folder).rank(by="effect").ids


def test_a_law_on_an_estimator_that_knows_none_is_a_sentence(make_study: Make) -> None:
    study = make_study(estimator=Bootstrap())
    with pytest.raises(PlanError, match=r"'bootstrap' knows no reference law"):
        study.rank(law="drop")
    with pytest.raises(PlanError, match=r"no reference law 'dorp'. Did you mean 'drop'"):
        make_study(estimator=Auto()).rank(law="dorp")  # type: ignore[arg-type]  # mypy sees it, too
    with pytest.raises(ConfigError, match=rf"law = '{HERE}:Closed' has no kind and no needs_weights"):
        make_study(estimator=Auto()).rank(law=Name(f"{HERE}:Closed"))


def test_settings_say_of_every_member_how_it_is_found() -> None:
    settings = Settings(system=Both(), embedder=Counting("q"), executor=InProcess())
    assert settings.record()["system"] == {"kind": "tests.integration.test_anybodys_objects:Both"}
    assert settings.record()["embedder"] == {"kind": f"{HERE}:Counting", "letter": "q"}
    assert record_of(InProcess()) == {"kind": "in_process", "threads": 1}


def test_a_folder_without_a_study_is_said_to_hold_none(tmp_path: Path) -> None:
    (tmp_path / "activeseed.toml").write_text("key = 3\n")
    with pytest.raises(FolderError, match="holds no study yet"):
        Study.open(tmp_path, system=Both())
    assert read_settings(tmp_path, {"system": Both()}).key == 3
