"""Mistakes that were planted in a seed: when a study's answers took them out, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from activeseed.study import Study


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


def course(study: Study, truth_file: Path) -> Course:
    """What a study's answers did to the mistakes that a truth file knows of.

    Raises:
        ConfigError: the truth file can't be read.
    """
    study.refresh()
    first = study.state.versions[0].seed
    right = meant(study, truth_file)
    planted = {i for i, v in right.items() if v != first.standing.get(i, "as_written")}
    stands = study.seed.standing
    put_right = {i for i in planted if stands.get(i, "as_written") == right[i]}
    lost = [i for i in right if i not in planted and stands.get(i, "as_written") != right[i]]
    lines, minutes, out = [], [], []
    done: set[str] = set()
    for answer in study.state.counted_answers:
        question = study.state.questions[answer.question]
        lines.append((lines[-1] if lines else 0) + (len(question.items) if question.kind == "confirm_list" else 1))
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
