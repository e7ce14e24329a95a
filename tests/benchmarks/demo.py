"""The demo over ten keys: what is found, what it costs, what it would cost in random order, whether stable is true.

    python -m tests.benchmarks.demo [--data DIR] [--quick] [--json FILE] [--embedder KIND] [--only WHAT]

All demos run through the demo's own functions, under keys 0–9 (``--quick``: 0–2), with the embedder that a user would
get unless another is named. The figures:

- the planted mistakes that were put right, as a share: the lowest over keys;
- right items that no longer stand, over all keys;
- accuracy on the labelled probes, last minus first: the lowest over keys;
- answered lines until the last of these mistakes is put right, over what random order needs to put as many right, gold
  questions and repeats included in both. A line is an answer to one question, or to one line of a list. Mean and
  highest over keys;
- the same in minutes, as the questions' expected minutes say (a line of a list takes less than a question);
- all lines of the study, those after the last mistake included, which only make sure that nothing that matters is left,
  over the same denominator: random order is not charged with finding out that it is done;
- studies that end stable, and how many of those are not: the share of probes that the deployed seed judges otherwise
  than the true seed does, same keys on both sides, is above the limit;
- seconds of one whole process.

``--data`` is accepted and not used: the seeds are the project's own.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.cli.planted import EMBEDDED, EXAMPLES, Finding, course, in_random_order, make, meant
from activeseed.geometries import decisions_of
from activeseed.plan import Explicit, Rows
from activeseed.protocols import Request
from activeseed.study import Study
from tests.benchmarks._report import missed, report, table, write

KEYS = 10
QUICK_KEYS = 3
SECONDS = 30.0
#: what a demo's cost may be over that of random order. In the charter nearly every line decides something that no other
#: does, so that nearly all have to be read by whoever wants to be sure: there the order only says what comes first.
OVER_RANDOM = {"statements": 0.5, "pairs": 0.5, "charter": 1.0}


@dataclass(frozen=True)
class Run:
    """One demo under one key; ``otherwise`` is the share of probes that the truth would judge otherwise in the end."""

    finding: Finding
    otherwise: float
    limit: float

    @property
    def lines(self) -> float:
        """Answered lines until the last mistake is put right, over those of random order for as many."""
        return self._found[0] / self._same[0]

    @property
    def minutes(self) -> float:
        """The same in minutes."""
        return self._found[1] / self._same[1]

    @property
    def whole(self) -> float:
        """All answered lines over those of random order for as many mistakes."""
        return self.finding.by_value.cost[0] / self._same[0]

    @property
    def said(self) -> str:
        """One line."""
        ours, (before, after) = self.finding.by_value, self.finding.accuracy
        result = self.finding.result
        ended = "stable" if result.stable else "settled" if result.settled else "not stable"
        return (
            f"{ours.out[-1]} of {ours.planted} with {self._found[0]} of {ours.cost[0]} lines, "
            f"random order {self._same[0]}; "
            f"{self._found[1]:.0f} minutes against {self._same[1]:.0f}; accuracy {before:.3f} to {after:.3f}; {ended}, "
            f"{self.otherwise:.4f} otherwise; left: {', '.join(ours.left) or 'none'}; "
            f"lost: {', '.join(ours.lost) or 'none'}"
        )

    @property
    def _found(self) -> tuple[int, float]:
        return self.finding.by_value.cost_of(self.finding.by_value.out[-1]) or (0, 0.0)

    @property
    def _same(self) -> tuple[int, float]:
        """What random order needs for as many; all of its questions where it never gets there."""
        return self.finding.at_random.cost_of(self.finding.by_value.out[-1]) or self.finding.at_random.cost


def once(what: str, key: int, embedder: str, folder: Path, embedded: Path) -> Run:
    """A demo as the command runs it; what was embedded for another key is not embedded again."""
    example = EXAMPLES[what]
    study, annotator = make(example, folder, key, embedder)
    if embedded.exists():
        shutil.copytree(embedded, folder / EMBEDDED, dirs_exist_ok=True)
    with in_random_order(example, study, key, embedder) as drawn:
        result = study.loop(annotator)
        finding = Finding(result, course(study, Path(annotator.truth_file)), drawn())
    if not embedded.exists():
        shutil.copytree(folder / EMBEDDED, embedded)
    return Run(finding, otherwise(study, Path(annotator.truth_file)), study.settings.stopping.flips)


def otherwise(study: Study, truth_file: Path) -> float:
    """Share of probes that the deployed seed judges otherwise than the true one, mean over the same keys."""
    assessment = study.rounds.assessment()
    true = study.seed.revise(standing=meant(study, truth_file))
    keys = np.arange(len(assessment.deployed), dtype=np.int64)
    rows = Rows(np.tile(np.asarray(true.base, np.int16), (len(keys), 1)), keys)
    outcomes = study.trainer.fulfil(Request(Explicit(rows, unit=len(keys)), "the seed as it is meant"))
    differs = (outcomes.values > 0.5) != (assessment.deployed.values > 0.5)
    weights = decisions_of(assessment.problem.geometry)
    assert weights is not None, "the demo's outcomes are probabilities"
    return float((differs @ weights).mean())


def seconds(what: str, embedder: str) -> float:
    """Seconds of the whole command; a new project embeds its texts anew."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "activeseed", "demo", what, "--dir", str(Path(folder) / "demo")]
        command += ["--embedder", embedder] if embedder else []
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - start


def rows_of(what: str, runs: list[Run], took: float) -> list[dict[str, Any]]:
    """The claims about one demo."""
    put_right = [r.finding.by_value.out[-1] / r.finding.by_value.planted for r in runs]
    lost = sum(len(r.finding.by_value.lost) for r in runs)
    better = [r.finding.accuracy[1] - r.finding.accuracy[0] for r in runs]
    stable = [r for r in runs if r.finding.result.stable]
    false = sum(r.otherwise > r.limit + 1e-9 for r in stable)
    lines, minutes, whole = [r.lines for r in runs], [r.minutes for r in runs], [r.whole for r in runs]
    spent = [r.finding.by_value.cost for r in runs]

    def row(claim: str, value: float, interval: list[float] | None, target: str, met: bool | None) -> dict[str, Any]:
        return {"claim": f"{what}: {claim}", "value": value, "interval": interval, "target": target, "met": met}

    def over(claim: str, values: list[float]) -> list[dict[str, Any]]:
        mean, se = float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))
        interval, most = [mean - 2 * se, mean + 2 * se], OVER_RANDOM[what]
        said, worst = f"{claim} over those of random order", max(values)
        return [
            row(f"{said}, mean", mean, interval, f"<= {most:g}", mean <= most),
            row(f"{said}, worst key", worst, None, f"<= {most:g}", worst <= most),
        ]

    return [
        row("planted mistakes put right, share, worst key", min(put_right), None, ">= 0.9", min(put_right) >= 0.9),
        row("right items lost, all keys", lost, None, "0", lost == 0),
        row(
            "accuracy after minus before, worst key", min(better), [min(better), max(better)], ">= 0", min(better) >= 0
        ),
        *over("answered lines", lines),
        *over("minutes", minutes),
        row("all lines of a study over those of random order, mean", float(np.mean(whole)), _range(whole), "", None),
        row(
            "answered lines of a study, mean",
            float(np.mean([s[0] for s in spent])),
            _range(s[0] for s in spent),
            "",
            None,
        ),
        row("minutes of a study, mean", float(np.mean([s[1] for s in spent])), _range(s[1] for s in spent), "", None),
        row("studies that end stable, share", len(stable) / len(runs), None, "1", len(stable) == len(runs)),
        row("of those not stable in truth", false, None, "0", false == 0),
        row("seconds of the whole command, embedding included", took, None, f"< {SECONDS:g}", took < SECONDS),
    ]


def _range(values: Any) -> list[float]:
    found = list(values)
    return [min(found), max(found)]


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="not used")
    parser.add_argument("--quick", action="store_true", help="three keys instead of ten")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--embedder", default="", help="another embedder than the best that is installed")
    parser.add_argument("--only", choices=sorted(EXAMPLES), help="one of the demos")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as kept:
        embedded = Path(kept)
        for what in [args.only] if args.only else EXAMPLES:
            took = seconds(what, args.embedder)
            runs = []
            for key in range(QUICK_KEYS if args.quick else KEYS):
                with tempfile.TemporaryDirectory() as folder:
                    runs.append(once(what, key, args.embedder, Path(folder) / "demo", embedded / what))
                print(f"{what}, key {key}: {runs[-1].said}", flush=True)
            rows += rows_of(what, runs, took)
    print(table(rows))
    write(report("demo", rows, time.perf_counter() - start, libraries=("numpy", "torch")), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
