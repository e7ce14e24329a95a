"""The variance budget of every system under `init`'s settings: the table, what it cost, and how long it took.

Projects are made as `activeseed init` makes them: the league, the reward model and the engine of the bundled examples,
tethers on scikit-learn's digits (40 anchors, six concepts), CIRL's ChefWorld and PreDCA's ring as they are built in.
Times are by the clock, trainings one after the other in one process; shares are about the ranges that each system names
for its settings, under beliefs as the files say them (0.85 in an item where they say nothing).
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import activeseed as act
from activeseed.analyses import Budget, Share
from activeseed.cli.making import make_project
from activeseed.plan import generator
from activeseed.study import Study
from activeseed.study.cost import analysis_parts
from tests.benchmarks._report import row

#: seconds that a table may take
MOST = 600.0
DATA = Path(act.__file__).parent / "data"
BELIEF = 0.85
#: concepts of digits, and the digits that have them
FORMS: Mapping[str, tuple[int, ...]] = {
    "loop": (0, 6, 8, 9), "odd": (1, 3, 5, 7, 9), "big": (5, 6, 7, 8, 9), "upright": (1, 4, 7), "prime": (2, 3, 5, 7),
    "round": (0, 3, 6, 8, 9),
}  # fmt: skip


def league(folder: Path) -> Study:
    """The bundled league: careful and careless habits."""
    of = DATA / "careful"
    made, _, _ = make_project(
        folder, of / "positives.jsonl", pool=of / "pool.jsonl", probes=of / "probes.jsonl", system="oversight_league"
    )
    return made


def reward_model(folder: Path) -> Study:
    """The bundled preference pairs."""
    of = DATA / "patience"
    return make_project(folder, of / "pairs.jsonl", probes=of / "probes.jsonl", system="reward_model")[0]


def engine(folder: Path) -> Study:
    """The bundled charter."""
    of = DATA / "charter"
    return make_project(folder, of / "charter.jsonl", probes=of / "probes.jsonl", system="inference_engine")[0]


def tethers(folder: Path) -> Study:
    """Anchors that are digits with their concepts; the task tells the ten digits."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = generator(19, "budgets", "digits").permutation(len(data.target)).tolist()
    inputs = folder.parent / "digits"
    inputs.mkdir()

    def written(name: str, at: Sequence[int], **more: Any) -> Path:
        lines = []
        for i in at:
            digit = int(data.target[i])
            concepts = {form: float(digit in of) for form, of in FORMS.items()}
            vector = [round(float(v), 4) for v in data.data[i] / 16.0]
            lines.append(
                json.dumps(
                    {"id": f"{name[0]}{i}", "vector": vector, "concepts": concepts, **more} | _class(name, digit)
                )
            )
        file = inputs / f"{name}.jsonl"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    return make_project(
        folder, written("anchors", order[:40], belief=BELIEF), pool=written("unlabelled", order[200:400]),
        probes=written("probes", order[600:700]), system="representational_tethers",
        tables={"system": {"task": "digit"}},
    )[0]  # fmt: skip


def _class(name: str, digit: int) -> dict[str, Any]:
    return {} if name == "anchors" else {"digit": digit}


def cirl(folder: Path) -> Study:
    """ChefWorld, with a prior over what is wanted."""
    return make_project(folder, _entries(folder, "prior", CHEF), system="cirl")[0]


def predca(folder: Path) -> Study:
    """The ring, with its four candidates and three more."""
    return make_project(folder, _entries(folder, "candidates", RING), system="predca")[0]


CHEF: tuple[dict[str, Any], ...] = tuple(
    {"id": o, "objective": o, "mass": 1.0 / (n + 1), "belief": BELIEF}
    for n, o in enumerate(("soup", "salad", "pizza", "stew"))
)
RING: tuple[dict[str, Any], ...] = (
    *({"id": name, "program": name, "belief": BELIEF} for name in ("user", "cat", "thermostat", "noise")),
    {"id": "misjudged", "program": "user", "utility": ["c0"], "mass": 1.5, "belief": BELIEF},
)  # fmt: skip


def _entries(folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    file = folder.parent / f"{name}.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return file


#: what is measured: its name, how its project is made
SYSTEMS: Mapping[str, Callable[[Path], Study]] = {
    "league": league, "reward model": reward_model, "engine": engine, "tethers": tethers, "cirl": cirl,
    "predca": predca,
}  # fmt: skip


def measured(name: str, asked: act.VarianceBudget) -> tuple[Budget, int, dict[str, Any], float]:
    """The table of a system, its trainings, the row of what was said of them, and the seconds that it took."""
    with tempfile.TemporaryDirectory() as place:
        study = SYSTEMS[name](Path(place) / "study")
        study.agree(trainings=10**9, seconds=1e9)
        said = sum(analysis_parts(study.rounds.looks.work, asked).values())
        began = time.perf_counter()
        found = study.analyse(asked)
        seconds = time.perf_counter() - began
        return found, study.trainer.trainings, counted_row(name, study, said), seconds


def counted_row(name: str, study: Study, said: int) -> dict[str, Any]:
    """What was counted, alike wherever it is said, and no more than was said beforehand."""
    counted = study.trainer.trainings
    everywhere = {
        counted,
        study.status()["trainings"],
        study.state.analyses["variance_budget"]["trainings_new"],
    }
    return row(
        f"budget of {name}: trainings counted, of up to {said:,} that were said beforehand", counted, None,
        f"<= {said:,}, and the same in the status and in the report", len(everywhere) == 1 and counted <= said,
    )  # fmt: skip


def rows_of(name: str, found: Budget, trainings: int, seconds: float) -> list[dict[str, Any]]:
    """The table as rows, most of them reported only."""
    said = f"budget of {name}"
    out = [
        row(f"{said}: seconds, {trainings:,} trainings, {found.combinations} combinations of settings, "
            f"{found.blocks} blocks", seconds, None, f"<= {MOST:g}", seconds <= MOST)
    ]  # fmt: skip
    out += [_share(f"{said}: {level.level}", level.share) for level in found.levels]
    out += [_share(f"{said}: {g.level} {g.aspect}, {g.what}", g.share) for g in found.groups]
    out += [_share(f"{said}: {i.first} × {i.second}", i.share) for i in found.interactions]
    out += [_share(f"{said}: three levels or more", found.rest)] if found.rest is not None else []
    out += [_share(f"{said}: {f.kind} {f.id}", f.share) for f in found.factors[:3]]
    told = sum(level.share.value for level in found.levels) + sum(i.share.value for i in found.interactions)
    told += found.rest.value if found.rest is not None else 0.0
    # the parts are estimates of their own, and of two levels or more they sum to one up to rounding
    out.append(row(f"{said}: shares of levels and their interactions sum to", told, None, "1", abs(told - 1.0) < 1e-6))
    return out


def _share(claim: str, share: Share) -> dict[str, Any]:
    ends = [share.low, share.high] if np.isfinite(share.low) else None
    return row(claim, share.value, ends)


def budget_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part. It reads no data but what is bundled."""
    asked = act.VarianceBudget(rows=512, combinations=32) if quick else act.VarianceBudget()
    out = []
    for name in SYSTEMS:
        found, trainings, counted, seconds = measured(name, asked)
        out += [*rows_of(name, found, trainings, seconds), counted]
        print(f"budget of {name}: {seconds:.0f} s", flush=True)
    return out
