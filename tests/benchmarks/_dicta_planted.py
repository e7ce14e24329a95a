"""Charters whose every judgement is known: whether the product finds what was planted in them.

A part of `dicta` beside this file. Charters (`tests.charters`) have some fifty dicta: norms with conditions, exceptions
and ranks, and lines of a lexicon. Effects are those of `Study.rank` with drops of single items. The truth is another
way to judge, line by line and path by path, which knows nothing of the engine; outcomes are kept in single precision,
so that effects agree to 1e-6.

A *paraphrase* says a norm with another modal of its grade, contracted, its clauses in another place. A *drift* turns
must into should and back; it decides where dropping the line moves what is judged.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import activeseed as act
from activeseed.estimators import LeaveOneOut
from activeseed.plan import Floats, Rows, generator
from activeseed.seed import Item, Text, Variant
from activeseed.systems.inference.norms import Norm
from tests.benchmarks._report import Row, row, share
from tests.charters import Charter, Line, judged, planted, say_norm

CHARTERS, QUICK = 50, 8
#: single precision of a mean of some forty squared differences, each below 1
AGREES = 1e-6
#: dicta of each charter that are said otherwise
REWORDED = 12


def ranked(of: Charter, folder: Path) -> dict[str, tuple[float, bool]]:
    """id -> (effect of dropping it, whether it is distinguishable), by a study of the product."""
    study = act.Study.create(
        folder, of.seed, of.engine(), probes=of.places(), estimator=LeaveOneOut(), perturbations=[]
    )  # fmt: skip
    found = study.rank()
    columns = zip(found.ids, found.columns["effect"], found.columns["distinguishable"], strict=True)
    return {name: (float(effect), bool(clear)) for name, effect, clear in columns}


def distance(a: Floats, b: Floats) -> float:
    """Squared Hellinger distance of two outcomes, averaged over probes."""
    p, q = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(((np.sqrt(p) - np.sqrt(q)) ** 2 + (np.sqrt(1 - p) - np.sqrt(1 - q)) ** 2).mean() / 2)


def true_effects(of: Charter) -> dict[str, float]:
    """id -> effect of dropping it, by the slow judge."""
    engine, deeds = of.engine(), [d for _, d in of.probes]
    whole = judged([*of.lines, *of.given], deeds, engine)
    return {
        x.id: distance(whole, judged([*(y for y in of.lines if y is not x), *of.given], deeds, engine))
        for x in of.lines
    }


def outcomes(of: Charter, variants: Sequence[Sequence[int]], seed: act.Seed) -> Floats:
    """(R, P) what the engine judges of rows of these choices."""
    rows = Rows(np.array(variants, np.int16), np.zeros(len(variants), np.int64))
    materials = replace(of.materials(), seed=seed)
    return np.asarray(of.engine().train(rows, materials).values, np.float64)


def drifted(norm: Norm) -> Norm | None:
    """The norm with *should* for *must*, and back."""
    other = {1.0: 0.7, 0.7: 1.0}.get(norm.strength)
    return None if other is None or norm.deontic == "permitted" else replace(norm, strength=other)


def reworded(of: Charter, key: int) -> tuple[list[bool], list[bool]]:
    """For some norms: whether other words of the same moved nothing; of those that decide, whether a drift is seen."""
    rng = generator(key, "reworded")
    norms = [(i, x) for i, x in enumerate(of.lines) if isinstance(x.says, Norm)]
    chosen = [norms[i] for i in rng.permutation(len(norms))[:REWORDED]]
    items = list(of.seed.items)
    for i, x in chosen:
        items[i] = _with_wordings(x, items[i], rng)
    seed = act.Seed(items=tuple(items))
    variants = [[0] * len(items)]
    for i, _ in chosen:
        for v in range(1, len(items[i].variants)):
            variants.append([v if j == i else 0 for j in range(len(items))])
    values = outcomes(of, variants, seed)
    kept, seen, at = [], [], 1
    for i, _ in chosen:
        more = len(items[i].variants) - 1
        moved = [distance(values[0], v) for v in values[at : at + more]]
        at += more
        kept.append(moved[1] <= AGREES)
        if len(moved) > 2 and moved[0] > AGREES:  # it decides
            seen.append(moved[2] > AGREES)
    return kept, seen


def _with_wordings(line: Line, item: Item, rng: np.random.Generator) -> Item:
    assert isinstance(line.says, Norm)
    said = next((t for _ in range(50) if (t := say_norm(line.says, rng)) != line.text), line.text)
    out = [Variant(id="said otherwise", payload=Text(text=said, authority=line.authority), comes_from="paraphrase")]
    drift = drifted(line.says)
    if drift is not None:
        text = Text(text=say_norm(drift, rng), authority=line.authority)
        out.append(Variant(id="drift", payload=text, comes_from="drift"))
    return Item(id=item.id, payload=item.payload, alternatives=tuple(out))


def replays(of: Charter) -> list[bool]:
    """Of every probe: whether the dicta that explain its judgement, alone, lead to the same verdict."""
    engine, materials, n = of.engine(), of.materials(), len(of.lines)
    number = {x.id: i for i, x in enumerate(of.lines)}
    whole = Rows(np.zeros((1, n), np.int16), np.zeros(1, np.int64))
    found = engine.explain(whole, materials, range(len(of.probes)))[0]
    variants = np.ones((len(found), n), np.int16)
    for p, why in enumerate(found):
        variants[p, [number[i] for i in why.items]] = 0
    alone = engine.train(Rows(variants, np.zeros(len(found), np.int64)), materials).values
    return [bool(np.sign(alone[p, p] - 0.5) == np.sign(np.float32(w.value) - 0.5)) for p, w in enumerate(found)]


def named(of: Charter, folder: Path) -> tuple[list[bool], list[bool], int]:
    """Whether redundancy names the twin of each planted duplicate: of exact ones, of those in other words.

    Asked where the pair says something: without both the charter judges otherwise. How many say nothing is told, too.
    """
    study = act.Study.create(
        folder, of.seed, of.engine(), probes=of.places(), estimator=LeaveOneOut(), perturbations=[]
    )  # fmt: skip
    found = {entry.id: entry for entry in study.analyse(act.Redundancy()).items}
    number = {x.id: i for i, x in enumerate(of.lines)}
    out: dict[str, list[bool]] = {"twins": [], "near": []}
    silent = 0
    for mark, seen in out.items():
        pair = of.marks[mark]
        without = [int(i in {number[name] for name in pair}) for i in range(len(of.lines))]
        whole, dropped = outcomes(of, [[0] * len(of.lines), without], of.seed)
        if distance(whole, dropped) <= AGREES:
            silent += 1
            continue
        seen += [found[a].twin == b for a, b in (pair, pair[::-1])]
    return out["twins"], out["near"], silent


def planted_rows(data: Path | None = None, quick: bool = False) -> list[Row]:
    """Every claim about planted truth; ``data`` is not looked at."""
    gaps, counts, twins, near, clash, family, why, kept, seen = [], [], [], [], [], [], [], [], []
    seconds = []
    exact, otherwise, silent = [], [], 0
    for key in range(QUICK if quick else CHARTERS):
        of = planted(key)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            effects = ranked(of, Path(folder) / "study")
        seconds.append(time.perf_counter() - began)
        truth = true_effects(of)
        counts.append(len(of.lines))
        gaps += [abs(effects[name][0] - truth[name]) for name in truth]
        twins += [effects[name][0] == 0.0 for name in of.marks["twins"]]
        near += [effects[name][0] <= AGREES for name in of.marks["near"]]
        top = np.sort([e for e, _ in effects.values()])[-max(1, len(effects) // 10)]
        clash += [bool(effects[name][0] >= top) for name in of.marks["clash"]]
        family += [effects[name][1] and truth[name] > AGREES for name in of.marks["family"]]
        why += replays(of)
        same, drift = reworded(of, key)
        kept += same
        seen += drift
        with tempfile.TemporaryDirectory() as folder:
            of_twins, of_near, nothing = named(of, Path(folder) / "study")
        exact += of_twins
        otherwise += of_near
        silent += nothing
    n = len(gaps)
    return [
        row("dicta of a charter, at least", float(min(counts)), None, ">= 40", min(counts) >= 40),
        share("leave-one-out effects that equal brute force", sum(g <= AGREES for g in gaps), n, least=1.0),
        row("largest gap to brute force", float(max(gaps)), None, f"<= {AGREES:g}", bool(max(gaps) <= AGREES)),
        share("exact duplicates whose effect is zero", sum(twins), len(twins), least=1.0),
        share("duplicates in other words whose effect is zero", sum(near), len(near)),
        share(
            "exact duplicates whose twin redundancy names, where the pair says something",
            sum(exact),
            len(exact),
            least=0.98,
        ),
        share("duplicates in other words whose twin it names, likewise", sum(otherwise), len(otherwise), least=0.9),
        row("planted pairs that say nothing, of all", float(silent)),
        share("sides of a contradiction of equal rank in the top decile of effects", sum(clash), len(clash), least=0.9),
        share("dicta whose loss flips their parent's induction that are found", sum(family), len(family), least=1.0),
        share("explanations that replay to the same verdict", sum(why), len(why), least=1.0),
        share("meaning-preserving paraphrases that move nothing", sum(kept), len(kept), least=0.95),
        share("drifts of modality that are seen, where the dictum decides", sum(seen), len(seen)),
        row("seconds of a ranking by single drops, median", float(np.median(seconds))),
    ]
