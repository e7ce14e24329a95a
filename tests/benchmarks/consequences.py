"""What annotators are shown is real: whether it holds under 64 keys that the question has not seen.

    python -m tests.benchmarks.consequences --data DIR [--quick] [--json FILE] [--items N]
        [--only NAME] [--cells FILE]

Six studies are made from files as ``activeseed init`` makes them, with its settings and the embedder that it picks (for
a league: drawn opponents and minibatches), and asked about their items by name, a batch at a time; what the questions
show stands in the journal. Then the seed as it stands and every variant of every item are trained under 64 fresh keys.
Every finished study is a line of ``--cells``; what is there, of the same product, is not run again, so that a run can
be stopped, or parted by ``--only``.

*A sign holds* when the mean difference over the fresh keys has it. *A flip holds* when the means over the fresh keys
lie on different sides of one half. *An item has a difference* when the question's own test, given the 64 fresh keys in
place of the study's 8, tells one from noise: no smallest size is set, so every difference that 64 keys can see counts.
*Nothing there*: eight of the fresh keys with every mean difference of a batch removed and the signs of whole keys
drawn, so that what is left is noise; a difference must be shown for at most one in ten. Without drawn signs it is as
skewed as the trainer makes it, which the test does not allow for: that row has no target. *A flip is sure* where both
means over the fresh keys keep two standard errors clear of one half, on different sides; where the level of a probe
scatters over keys by more than items move it, hardly any probe has one. The last rows are what was shown before: two
keys, probes that cross one half first.

Signs, flips and items shown a difference have their targets over all studies and in each of them.

Intervals of shares resample items (95 %, 2,000 times, within each study); items of a study share their keys, so they
are somewhat narrow.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.cli.making import make_project
from activeseed.embedders import best_available
from activeseed.looking.consequences import ALPHA, company, distinguishable
from activeseed.plan import Explicit, Floats, Rows, generator
from activeseed.protocols import Request
from activeseed.study import Study
from tests.benchmarks._persona_files import write_files
from tests.benchmarks._report import missed, report, table, write
from tests.benchmarks.pairs import build, read_pairs
from tests.benchmarks.persona import Statements
from tests.benchmarks.studies import deciding, keep, read_cells

FRESH, FIRST = 64, 500_000_000
NULLS = 4
#: signs, flips and recall that the issue asks for
SIGNS, FLIPS, SHOWN = 0.95, 0.90, 0.80


@dataclass(frozen=True)
class Setting:
    """One study: its seed, and the settings that differ from init's."""

    name: str
    pairs: bool
    cell: int
    tables: Mapping[str, Any]
    system: str = ""


SETTINGS = (
    Setting("league as init makes it, persona 0", False, 0, {}),
    Setting("league as init makes it, persona 5", False, 5, {}),
    Setting("MLP league, persona 3", False, 3, {"system": {"evaluator": "mlp"}}),
    Setting("MLP reward model, PandaLM", True, 1, {"system": {"reward": "mlp"}}),
    Setting("reward model in minibatches, PandaLM", True, 4, {"system": {"minibatch": 16}}),
    Setting("a function, PandaLM", True, 6, {"system": {"compare": "hellinger", "version": "1"}}, "function"),
)


def make(setting: Setting, data: Path, folder: Path, embedder: str = "") -> Study:
    """The study as ``activeseed init`` would make it from these files."""
    tables = dict(setting.tables)
    if setting.pairs:
        _write_pairs(data, setting.cell, folder)
    else:
        write_files(data, Statements.read(data).names[setting.cell], setting.cell, folder, gold=0)
    if setting.system == "function":
        here = Path(__file__).with_name("_sgd_on_pairs.py")
        tables["system"] = {**tables["system"], "target": f"{here}:train"}
    pool = None if setting.pairs else folder / "pool.jsonl"
    study, _, _ = make_project(
        folder / "study", folder / "seed.jsonl", pool=pool, probes=folder / "probes.jsonl", system=setting.system,
        tables=tables, embedder=embedder,
    )  # fmt: skip
    return study


def _write_pairs(data: Path, key: int, folder: Path) -> None:
    cell = build(read_pairs(data), "truthful", key, best_available().kind, folder)
    for name, entries in (("seed", cell.seed.items), ("probes", cell.materials.probes)):
        lines = [
            {"id": e.id, **e.payload.model_dump(exclude={"kind"})}
            for e in entries
            if all(text.strip() for text in e.payload.texts)  # a reader wants two replies; some models said nothing
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def trained(study: Study, items: Sequence[int], keys: range) -> dict[int, tuple[Floats, list[str]]]:
    """By item: (K, V, P) outcomes of its variants, the one that stands first, and the variants' ids."""
    base = np.asarray(study.seed.base, np.int16)
    order = {f: [v for v in range(len(study.seed.items[f].variants)) if v != base[f]] for f in items}
    changes = [(f, v) for f in items for v in order[f]]
    block = np.tile(base, (1 + len(changes), 1))
    for n, (f, v) in enumerate(changes, 1):
        block[n, f] = v
    rows = Rows(np.tile(block, (len(keys), 1)), np.repeat(np.asarray(keys, np.int64), len(block)))
    outcomes = study.trainer.fulfil(Request(Explicit(rows), "fresh keys"))
    assert outcomes.ok.all(), outcomes.failures
    values = np.asarray(outcomes.values, np.float64).reshape(len(keys), len(block), -1)
    out = {}
    for f in items:
        mine = [0, *(n for n, (g, _) in enumerate(changes, 1) if g == f)]
        ids = [study.seed.items[f].variants[v].id for v in (int(base[f]), *order[f])]
        out[f] = values[:, mine], ids
    return out


def look_at(study: Study, items: int, key: int) -> list[dict[str, Any]]:
    """One record an item: what its question showed, and what became of it under fresh keys."""
    draw = generator(0, "benchmark", "consequences", key)
    chosen = sorted(draw.permutation(len(study.seed))[:items].tolist())
    batches = [chosen[n : n + study.settings.ask.batch] for n in range(0, items, study.settings.ask.batch)]
    questions = [q for some in batches for q in study.ask(items=[study.seed.items[f].id for f in some])]
    places = {p.id: n for n, p in enumerate(study.system.places(study.materials))}
    fresh, two = trained(study, chosen, range(FIRST, FIRST + FRESH)), trained(study, chosen, range(2))
    nothing = {f: shown for some in batches for f, shown in _nothing({f: fresh[f] for f in some}, draw).items()}
    out = []
    for f, question in zip(chosen, questions, strict=True):
        values, names = fresh[f]
        mean = values.mean(0)
        signs, flips, coverage, sizes = [], [], [], [0.0, 0.0]
        for c in question.consequences:
            p = places[c.probe]
            for variant, margin in c.margins.items():
                v = names.index(variant)
                seen, there = c.outcomes[variant] - c.outcomes[c.stands], mean[v, p] - mean[0, p]
                signs.append(bool(np.sign(seen) == np.sign(there)))
                coverage.append(bool(abs(seen - there) <= margin))
                sizes = [sizes[0] + abs(seen), sizes[1] + float(np.sign(seen) * there)]
            flips += [bool((mean[names.index(v), p] > 0.5) != (mean[0, p] > 0.5)) for v in c.flips]
        delta = values[:, 1:] - values[:, :1]
        clear = (mean - 0.5) / np.maximum(values.std(0, ddof=1) / np.sqrt(FRESH), 1e-9)
        sure = (clear[1:] * clear[:1] < 0) & (np.minimum(np.abs(clear[1:]), np.abs(clear[:1])) > 2)
        out.append(
            {
                "signs": signs, "flips": flips, "coverage": coverage, "shown": bool(question.consequences),
                "has": bool(distinguishable(delta).any()), "largest": float(np.abs(delta.mean(0)).max()),
                "keys": question.trainings, "sizes": sizes, "sure": int(sure.sum()), "probes": sure.size,
                **nothing[f],
                **_before(two[f][0].mean(0), mean),
            }
        )  # fmt: skip
    return out


def _nothing(
    batch: Mapping[int, tuple[Floats, list[str]]], draw: np.random.Generator
) -> dict[int, dict[str, list[bool]]]:
    """Whether anything is shown where mean differences are removed, ``NULLS`` times: signs drawn, and as they are."""
    out: dict[int, dict[str, list[bool]]] = {f: {"null": [], "skewed null": []} for f in batch}
    for _ in range(NULLS):
        some = draw.permutation(FRESH)[:8]
        for name in ("null", "skewed null"):
            asked = []
            for values, names in batch.values():
                delta = values[:, 1:] - values[:, :1]
                signs = draw.choice([-1.0, 1.0], (8, 1, 1)) if name == "null" else 1.0
                only = np.zeros((8, *values.shape[1:]))
                only[:, 1:] = signs * (delta - delta.mean(0))[some]
                asked.append((only, np.ones(only.shape[:2], bool), names))
            for f, (only, _, _), noise in zip(batch, asked, company(asked), strict=True):
                out[f][name].append(bool(distinguishable(only[:, 1:], noise).any()))
    return out


def _before(two: Floats, mean: Floats) -> dict[str, list[bool]]:
    """What the (V, P) means over two keys showed, flips first: whether its flips and its signs hold."""
    gap = two.max(0) - two.min(0)
    crossing = (two > 0.5).any(0) & (two <= 0.5).any(0)
    flips, signs = [], []
    for p in [int(p) for p in np.lexsort((-gap, ~crossing))[:4] if gap[p] > 1e-4]:
        for v in range(1, len(two)):
            signs.append(bool(np.sign(two[v, p] - two[0, p]) == np.sign(mean[v, p] - mean[0, p])))
            if (two[v, p] > 0.5) != (two[0, p] > 0.5):
                flips.append(bool((mean[v, p] > 0.5) != (mean[0, p] > 0.5)))
    return {"flips before": flips, "signs before": signs}


Counts = Callable[[dict[str, Any]], Sequence[float]]


def share(records: list[list[dict[str, Any]]], counts: Counts) -> tuple[float | None, list[float] | None, int]:
    """A share over all items with its interval: (value, 95 % bootstrap over items within studies, denominator)."""
    tables = [np.array([counts(r) for r in study], np.float64).reshape(-1, 2) for study in records]
    hit, all_ = np.concatenate(tables).sum(0)
    if not all_:
        return None, None, 0
    rng = np.random.default_rng(0)
    again = []
    for _ in range(2000):
        h, a = sum(t[rng.integers(0, len(t), len(t))].sum(0) for t in tables)
        again.append(h / a if a else np.nan)
    low, high = np.nanpercentile(again, [2.5, 97.5])
    return float(hit / all_), [float(low), float(high)], int(all_)


def of(name: str) -> Counts:
    """Counts of a list of things that held or not."""
    return lambda r: (sum(r[name]), len(r[name]))


CLAIMS: tuple[tuple[str, Counts, str, Callable[[float], bool] | None], ...] = (
    ("shown signs that hold under 64 fresh keys", of("signs"), f">= {SIGNS}", lambda x: x >= SIGNS),
    ("shown flips that hold under 64 fresh keys", of("flips"), f">= {FLIPS}", lambda x: x >= FLIPS),
    (
        "items shown a difference, of those that have one",
        lambda r: (r["shown"] and r["has"], r["has"]),
        f">= {SHOWN}",
        lambda x: x >= SHOWN,
    ),
    ("items shown a difference where there is only noise", of("null"), f"<= {ALPHA}, by its interval", None),
    ("the same, signs as they are: noise that is as skewed as it is", of("skewed null"), "", None),
    ("shown sizes over those under fresh keys: the largest seen are seen too large", lambda r: r["sizes"], "", None),
    ("items that have a difference under 64 fresh keys", lambda r: (r["has"], 1), "", None),
    ("probes of an item with a flip that 64 keys are sure of", lambda r: (r["sure"], r["probes"]), "", None),
    ("items with a shown flip", lambda r: (bool(r["flips"]), 1), "", None),
    (
        "shown differences within their margin of the fresh ones",
        of("coverage"),
        f">= {1 - ALPHA}",
        lambda x: x >= 1 - ALPHA,
    ),
    ("before: flips of two keys that hold", of("flips before"), "", None),
    ("before: signs of two keys that hold", of("signs before"), "", None),
)


#: claims that are made of every study, not only of all together
IN_EACH = tuple(claim for claim, *_ in CLAIMS[:3])


def rows_of(records: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every claim over all studies, then study by study: signs, flips and recall have their targets in each."""
    out = []
    for where, some in [("all", list(records.values())), *((n, [r]) for n, r in records.items())]:
        for claim, counts, target, test in CLAIMS:
            value, interval, n = share(some, counts)
            met = None
            due = where == "all" or claim in IN_EACH
            if due and value is not None and interval is not None and target:
                # the test's level is exact, so its share scatters around it
                met = bool(test(value)) if test is not None else interval[0] <= ALPHA
            out.append(
                {
                    "claim": f"{claim} ({where}; {n})", "value": value, "interval": interval,
                    "target": target if due else "",
                    "met": met,
                }
            )  # fmt: skip
    return out


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="a folder with persona/ and pandalm/")
    parser.add_argument("--quick", action="store_true", help="16 items of each seed")
    parser.add_argument("--items", type=int, default=0, help="items of each seed; default all of them")
    parser.add_argument("--embedder", default="", help="instead of the one that init picks")
    parser.add_argument("--only", default="", help="studies whose name holds this text")
    parser.add_argument("--cells", type=Path, help="JSON lines of finished studies; created, and appended to")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    records: dict[str, list[dict[str, Any]]] = {}
    embedder = args.embedder or best_available().kind
    quick = args.items or (16 if args.quick else 0)
    done = {c["study"]: c["items"] for c in read_cells(args.cells) if c["of"] == [deciding(), embedder, quick]}
    for n, setting in enumerate(SETTINGS):
        if setting.name not in done and args.only in setting.name:
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                study = make(setting, args.data, Path(folder), args.embedder)
                done[setting.name] = look_at(study, quick or len(study.seed), n)
            if args.cells is not None:
                cell = {"study": setting.name, "of": [deciding(), embedder, quick], "items": done[setting.name]}
                keep(args.cells, cell)
            print(f"{setting.name}: {time.perf_counter() - began:.0f} s", flush=True)
        if setting.name in done:
            records[setting.name] = done[setting.name]
    rows = rows_of(records)
    print(table(rows))
    result = report(
        "consequences",
        rows,
        time.perf_counter() - start,
        ("numpy", "torch"),
        embedder=embedder,
    )
    write(result, args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
