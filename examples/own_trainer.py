"""A trainer of your own as a Python function: which of its training examples does it hinge on?

    python examples/own_trainer.py [FOLDER]

The trainer reads support tickets labelled *urgent* or *later*, three of them wrongly. It is a logistic regression in
plain numpy over features that it makes itself. activeseed ranks the tickets by what a human's answer would be worth,
asks about four of them, takes in the answers, and ranks again.
"""

import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import activeseed as act

HERE = Path(__file__).parent
WRONG = {"t11", "t12", "t23"}  # what a human would say, here known beforehand


def features(texts: Sequence[str], size: int = 256) -> np.ndarray:
    """(n, size) hashed word counts, rows of unit length."""
    counts = np.zeros((len(texts), size))
    for row, text in zip(counts, texts, strict=True):
        for word in text.lower().split():
            row[zlib.crc32(word.encode()) % size] += 1
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def train(items: list[act.GivenItem], key: int, probes: Sequence[act.Probe]) -> np.ndarray:
    """P(urgent) of each probe. All randomness comes from the key: here, where the weights start."""
    rng = np.random.default_rng(key)
    x = features([item.text for item in items])
    y = np.array([item.metadata["label"] == "urgent" for item in items], float)
    theta, bias = rng.normal(size=x.shape[1]) * 0.3, 0.0
    for _ in range(60):
        missing = y - 1 / (1 + np.exp(-(x @ theta + bias)))
        theta += missing @ x - 0.01 * theta
        bias += missing.mean()
    at = features([probe.payload.display for probe in probes])
    return 1 / (1 + np.exp(-(at @ theta + bias)))


def show(ranking: act.Ranking, seed: act.Seed, rows: int = 6) -> None:
    print(f"{'rank':>4}  {'value':>8}  {'effect':>8}  item")
    for row in ranking.rows()[:rows]:
        value, effect = (f"{row.get(name) or 0.0:8.5f}" for name in ("value", "effect"))
        print(f"{row['rank']:>4}  {value}  {effect}  {row['id']}  {seed[row['id']].display}")


def main(folder: Path) -> None:
    seed = act.read_seed(HERE / "tickets.csv")
    study = act.Study.create(
        folder,
        seed,
        act.FromFunction(train, compare="hellinger"),  # outcomes are probabilities
        probes=act.read_probes(HERE / "ticket_probes.csv"),
    )
    show(study.rank(), seed)

    batch = study.ask(4)
    answers = [
        {"question": q.id, "annotator": "me", "verdict": "reject" if item in WRONG else "keep"}
        for q in batch
        for item in q.items
        if q.kind == "review"
    ]
    told = study.tell(answers)
    print(f"\nAsked about {', '.join(i for q in batch for i in q.items)}.")
    if told.version is not None:
        print(f"Left out now: {', '.join(change['item'] for change in told.version.changes)}.\n")
    show(study.rank(), seed)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
