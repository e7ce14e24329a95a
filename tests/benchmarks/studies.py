"""The product's own study, driven by an annotator who knows the truth: nothing here chooses, believes or retrains.

A study is made with what ``activeseed init`` writes, and goes through its rounds as the loop goes: close the round,
ask, tell. What it asks is its own batch with its repeats and checks, or questions about items that an order names.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import activeseed
from activeseed.annotators.simulated import Simulated
from activeseed.config import Settings
from activeseed.looking.assessment import Assessment
from activeseed.plan import Floats, Ints
from activeseed.question import Question
from activeseed.seed import Probe, Seed
from activeseed.study import Study

ANNOTATOR = "annotator"
#: what decides how a study asks: a change there runs the cells again whose orders ask through one
DECIDING = ("acquisition", "belief", "estimators", "resolution", "study", "systems", "config.py", "stopping.py")


@cache
def deciding() -> str:
    """Digest of the product's source as far as it decides how a study asks."""
    root = Path(activeseed.__file__).parent
    files = [p for name in DECIDING for p in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))]
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(files))).hexdigest()


def new_study(
    folder: Path, seed: Seed, settings: Settings, embeddings: Path, *, pool: Sequence[Probe], probes: Sequence[Probe]
) -> Study:
    """A study in a new folder, which finds the embeddings that were computed for another in ``embeddings``."""
    kept = embeddings / ".activeseed" / "embeddings"
    kept.mkdir(parents=True, exist_ok=True)
    (folder / ".activeseed").mkdir(parents=True)
    (folder / ".activeseed" / "embeddings").symlink_to(kept.resolve(), target_is_directory=True)
    return Study.create(folder, seed, settings=settings, pool=pool, probes=probes)


@dataclass
class Asked:
    """One study and its annotator.

    Attributes:
        study: made by ``new_study``; its key is that of whatever else is drawn. Lines of lists are skimmed: a simulated
            person errs there at a rate of its own.
        says: (number of an item, how often it was asked about before) -> id of the variant that the annotator names.
            A simulated annotator draws by question, and questions differ between orders: here every order hears the
            same of an item, and a repeat is answered anew.
        lines: answered lines so far: one for a question, one for each line of a list, repeats and checks included.
        repeats: of them, silent repeats and checks; ``listed``: lines of lists; ``again``: items asked about before.
        minutes: what the answers were expected to cost.
        who: (number of an item, how often it was asked about before) -> name of the one who answers.
        asked: numbers of the items that were asked about, in that order.
    """

    study: Study
    says: Callable[[int, int], str]
    lines: int = 0
    repeats: int = 0
    listed: int = 0
    again: int = 0
    minutes: float = 0.0
    who: Callable[[int, int], str] = lambda item, time: ANNOTATOR
    asked: dict[int, None] = field(default_factory=dict)
    _times: Counter[int] = field(default_factory=Counter)

    @property
    def now(self) -> Assessment:
        """Where the study stands: what the round before is closed with and the next batch is chosen from."""
        return self.study.rounds.assessment()

    @property
    def standing(self) -> Ints:
        """(F,) the seed that only answers change: index of the variant that stands."""
        return np.asarray(self.study.seed.base, np.int64)

    def draws(self, n: int, key: int) -> Ints:
        """(n, F) assignments drawn from the belief."""
        return self.now.belief.draw(n, key)

    @property
    def credibility(self) -> Floats:
        """(F,) P(item stays as written)."""
        return self.now.belief.credibility

    @property
    def left(self) -> list[int]:
        """Numbers of the items that nobody has been asked about."""
        return [f for f in range(len(self.study.seed)) if f not in self.asked]

    def answer(self, items: Sequence[int] | None = None) -> bool:
        """Close the round, ask the study's own batch (or about these items) and answer it; False where none came."""
        self.study.take_in()
        self.study.rounds.close()
        names = None if items is None else [self.study.seed.items[f].id for f in items]
        questions = self.study.ask() if names is None else self.study.ask(items=names)
        if not questions:
            return False
        self.study.tell([self._said(q) for q in questions])
        return True

    def _said(self, question: Question) -> dict[str, object]:
        truth: dict[str, str] = {}
        person = ANNOTATOR
        for name in question.items:
            with suppress(KeyError):  # a gold question's item is in no seed
                f = self.study.seed.position(name)
                truth[name], person = self.says(f, self._times[f]), self.who(f, self._times[f])
                self._times[f] += 1
                self.again += f in self.asked
                self.asked[f] = None
        self.lines += len(question.items)
        self.repeats += question.purpose != "ask"
        self.listed += len(question.items) if question.kind == "confirm_list" else 0
        self.minutes += question.minutes
        return Simulated(name=person, truth=truth, key=self.study.settings.key).answer(question).model_dump(mode="json")


# --- finished cells --------------------------------------------------------------------------------------------------


def read_cells(*paths: Path | None) -> list[dict[str, Any]]:
    """Finished cells; a torn last line is left out."""
    out: list[dict[str, Any]] = []
    for path in paths:
        if path is None or not path.exists():
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                out.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return out


def keep(path: Path, record: dict[str, Any]) -> None:
    """Append a finished cell, on a line of its own also where a killed run left half a line."""
    torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
    with path.open("a", encoding="utf-8") as handle:
        handle.write(("\n" if torn else "") + json.dumps(record) + "\n")
