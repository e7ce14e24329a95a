"""Bundled seeds with planted mistakes: how their study is run, in the order of value and in random order beside it, and
when its answers put the mistakes right.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.errors import ActiveseedError

if TYPE_CHECKING:
    from activeseed.annotators.simulated import Simulated
    from activeseed.study import LoopResult, Study

#: where a project keeps its embedded texts
EMBEDDED = Path(".activeseed", "embeddings")
#: every question drawn at random, no lists of what looks wrong, nothing read again for its value; nobody looks at
#: consequences here, so that none are trained
AT_RANDOM = {"random_share": 1.0, "confirm": False, "readings": 1, "consequences": 0}


@dataclass(frozen=True)
class Example:
    """A bundled seed with planted mistakes.

    Attributes:
        folder: where it lies in the package.
        seed: its file there.
        about: what the seed is and what was planted, with room for how many there are of each.
        thing: what one item is called.
        flips: share of the probes that may be judged otherwise when the study stops.
        system: its trainer², where the one that ``init`` takes for such a seed is another.
    """

    folder: str
    seed: str
    about: str
    thing: str
    flips: float
    system: str = ""


EXAMPLES = {
    "statements": Example(
        "careful",
        "positives.jsonl",
        "{items} statements of a careful agent train an oversight league. {planted} of them praise recklessness.",
        "statement",
        0.01,
    ),
    "pairs": Example(
        "patience",
        "pairs.jsonl",
        "{items} preference pairs of a patient help desk train a reward model. {planted} are the wrong way round.",
        "pair",
        0.005,  # the preference is so plain that the last mistakes matter to few probes
    ),
    "charter": Example(
        "charter",
        "charter.jsonl",
        "{items} sentences of a charter are held by an inference engine against what an assistant does. {planted} of "
        "them say the contrary of what is meant, have drifted in strength or scope, or bear a wrong rank.",
        "sentence",
        0.01,
        "inference_engine",
    ),
}


@dataclass(frozen=True)
class Course:
    """How the planted mistakes left a seed, answer by answer.

    Attributes:
        planted: how many there were.
        lines: after each answer, how many lines were answered so far: one a question, one for every line of a list.
            Gold questions and repeats count like any other.
        minutes: after each answer, what they are expected to have taken.
        out: after each answer, how many of the mistakes that are put right in the end had been answered.
        left: the planted mistakes that still stand.
        lost: right items that no longer stand as written.
    """

    planted: int
    lines: tuple[int, ...]
    minutes: tuple[float, ...]
    out: tuple[int, ...]
    left: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def cost(self) -> tuple[int, float]:
        """Lines and minutes of all answers."""
        return (self.lines[-1], self.minutes[-1]) if self.lines else (0, 0.0)

    def cost_of(self, found: int) -> tuple[int, float] | None:
        """Lines and minutes until so many were out; None where it never came to that."""
        n = next((n for n, out in enumerate(self.out) if out >= found), None)
        return None if n is None else (self.lines[n], self.minutes[n])


@dataclass(frozen=True)
class Finding:
    """What the demo found, with the same study in random order.

    Attributes:
        result: how the study ended, with its rounds.
        by_value, at_random: how the planted mistakes left the seed in either order.
    """

    result: LoopResult
    by_value: Course
    at_random: Course

    @property
    def accuracy(self) -> tuple[float, float]:
        """On the labelled probes, before the first answer and after the last."""
        first, last = self.result.rounds[0], self.result.rounds[-1]
        return float(first["quality"]["accuracy"]), float(last["quality"]["accuracy"])


def make(
    example: Example,
    folder: Path,
    key: int,
    embedder: str,
    progress: Callable[[str, int, int], None] | None = None,
    **tables: Any,
) -> tuple[Study, Simulated]:
    """A project of the bundled seed with ``init``'s settings, and an annotator who knows its truth file by heart."""
    from activeseed.annotators.simulated import Simulated
    from activeseed.cli.making import make_project
    from activeseed.cli.options import closed_with_the_command
    from activeseed.resources import bundled

    with as_file(bundled(example.folder)) as source:
        pool = source / "pool.jsonl"
        study, _, _ = make_project(
            folder,
            source / example.seed,
            pool=pool if pool.exists() else None,
            probes=source / "probes.jsonl",
            gold=source / "gold.jsonl",
            guidelines=source / "guidelines.md",
            system=example.system,
            embedder=embedder,
            progress=progress,
            tables={"key": key, "stopping": {"flips": example.flips}, **tables},
        )
        truth = folder / "truth.jsonl"
        shutil.copyfile(source / "truth.jsonl", truth)
    return closed_with_the_command(study), Simulated(truth_file=str(truth.absolute()), list_error=0.0, key=key)


@contextmanager
def in_random_order(example: Example, study: Study, key: int, embedder: str) -> Iterator[Callable[[], Course]]:
    """The same study in random order until all is asked, in a process of its own beside whatever is done meanwhile.

    What is given waits for it and says how it went. Either order is charged with the answers until the same number of
    mistakes is put right, gold questions and repeats included; random order runs without a rule that would stop it
    before. All other settings are the same, and no text is embedded twice. The two processes share the cores.

    Raises:
        ActiveseedError: the process failed.
    """
    from activeseed.executors.threads import environment, limited

    _embedded(study)
    tables: dict[str, Any] = {"ask": AT_RANDOM, "stopping": {"flips": 0.0}}
    other, annotator = make(example, study.folder / "in-random-order", key, embedder, **tables)
    shutil.copytree(study.folder / EMBEDDED, other.folder / EMBEDDED, dirs_exist_ok=True)
    command = [sys.executable, "-m", "activeseed", "loop", "--json", "--dir", str(other.folder)]
    command += ["--annotator", "simulated", "--truth", annotator.truth_file]
    # threads that wait for one another spin: with more of them than cores, both studies take longer
    threads = max(1, (os.cpu_count() or 1) // 2)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=os.environ | environment(threads),
    ) as beside:  # fmt: skip

        def went() -> Course:
            _, complaint = beside.communicate()
            if beside.returncode:
                raise ActiveseedError(f"The study in random order failed: {complaint.strip() or beside.returncode}")
            return course(other, Path(annotator.truth_file))

        try:
            with limited(threads):
                yield went
        finally:
            beside.kill()  # of a process that has ended, nothing


def _embedded(study: Study) -> None:
    """Embed all texts of a study, so that its folder has them."""
    shared = study.materials
    for payloads in (shared.slots.payloads, [p.payload for p in (*shared.pool, *shared.probes)]):
        shared.features(payloads)


def course(study: Study, truth_file: Path) -> Course:
    """What a study's answers did to the mistakes that a truth file knows of.

    Raises:
        ConfigError: the truth file can't be read.
    """
    from activeseed.questions import answers_to

    study.refresh()
    first = study.state.versions[0].seed
    right = meant(study, truth_file)
    planted = {i for i, v in right.items() if v != first.standing.get(i, "as_written")}
    stands = study.seed.standing
    put_right = {i for i in planted if stands.get(i, "as_written") == right[i]}
    lost = [i for i in right if i not in planted and stands.get(i, "as_written") != right[i]]
    lines: list[int] = []
    minutes: list[float] = []
    out: list[int] = []
    done: set[str] = set()
    for answer in study.state.counted_answers:
        question = study.state.questions[answer.question]
        lines.append((lines[-1] if lines else 0) + answers_to(question))
        minutes.append((minutes[-1] if minutes else 0.0) + question.minutes)
        done |= put_right & (set(question.items) - set(answer.unticked))
        out.append(len(done))
    return Course(
        len(planted), tuple(lines), tuple(minutes), tuple(out), tuple(sorted(planted - put_right)), tuple(sorted(lost))
    )


def meant(study: Study, truth_file: Path) -> dict[str, str]:
    """Item id -> the variant that is right; a truth file may name it by its place among the item's alternatives."""
    from activeseed.annotators.simulated import read_truth

    first, out = study.state.versions[0].seed, {}
    for item, right in read_truth(truth_file)[0].items():
        place = right.rpartition(" ")[2]
        out[item] = right if place == right else first[item].alternatives[int(place)].id
    return out
