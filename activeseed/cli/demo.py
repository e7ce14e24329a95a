"""``activeseed demo``: the main job on the bundled example, with an annotator that reads the truth file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from importlib.resources import as_file
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.progress import Progress
from activeseed.cli.screen import say

if TYPE_CHECKING:
    from activeseed.study import LoopResult, Study

EXAMPLE = "honest_assistant"
#: rounds that the answers are spread over
ROUNDS = 4
SHOWN = 8


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="The folder to make, else ./activeseed-demo.")
    ] = None,
    answers: Annotated[int, typer.Option("--answers", min=4, metavar="N", help="Answers that are asked for.")] = 40,
) -> None:
    """The main job on the bundled example: rank, ask, answer, retrain, report. Takes about a minute.

    80 positive examples of an honest assistant train an oversight league; 14 of them are wrong or ambiguous on
    purpose. A simulated annotator, who alone reads the truth file, answers what is asked.

    \b
    Example:
      activeseed demo --answers 48
    """
    from activeseed.cli.loop import ending
    from activeseed.cli.making import refuse_existing
    from activeseed.cli.screen import results

    started = time.monotonic()
    folder = folder or _fresh(Path("activeseed-demo"))
    refuse_existing(folder)
    with Progress("preparing") as progress:
        study, truth = _make(folder, answers, progress)
        progress.pause()
        _say(1, "A project", f"activeseed init {folder} --from positives.jsonl --pool …")
        print(f"{len(study.seed)} positive examples, {len(study.pool)} candidate outputs, {len(study.probes)} probes.")
        print(f"Trainer²: {study.settings.system.kind}. Embedder: {study.settings.embedder.kind}.")

        from activeseed.cli.rank import print_ranking

        ranking = study.rank(by="effect")
        progress.pause()
        _say(2, "On which examples does the outcome hinge?", "activeseed rank --by effect")
        print_ranking(ranking, study.seed, top=SHOWN)

        _say(3, "Ask, answer, retrain", f"activeseed loop --annotator simulated --truth {truth.name}")
        result = _answered(study, truth, progress)

        ranking = study.rank(by="effect")
        progress.pause()
        _say(4, "What the answers changed", "activeseed seed diff")
        _changed(study)
        results().print(_found(study, truth))
        _say(5, "The ranking now", "activeseed rank --by effect")
        print_ranking(ranking, study.seed, top=SHOWN)
        report = _reported(study, progress)
    print()
    results().print("\n".join(ending(result)))
    if report:
        print(f"Report: {report} (one file, works offline)")
    print(f"All of it took {time.monotonic() - started:.0f} s.")
    say(
        f"\nNext:\n  cd {folder}\n  activeseed status\n  activeseed queue --to terminal      answer some yourself\n"
        "  activeseed init DIR --from FILE     a project of your own"
    )


def _fresh(folder: Path) -> Path:
    """The folder, or its name with the first number that is free."""
    found, n = folder, 1
    while found.exists():
        n += 1
        found = folder.with_name(f"{folder.name}-{n}")
    return found


def _make(folder: Path, answers: int, progress: Progress) -> tuple[Study, Path]:
    from activeseed.cli.making import make_project
    from activeseed.resources import bundled

    with as_file(bundled(EXAMPLE)) as example:
        study, _, _ = make_project(
            folder,
            example / "positives.jsonl",
            pool=example / "pool.jsonl",
            probes=example / "probes.jsonl",
            guidelines=example / "guidelines.md",
            progress=progress,
            # no rule but the budget: everybody sees some rounds, also where the outcome is stable before the first
            tables={"ask": {"batch": max(1, answers // ROUNDS)}, "stopping": {"answers": answers, "flips": 0.0}},
        )
        truth = folder / "truth.jsonl"
        shutil.copyfile(example / "truth.jsonl", truth)
    return study, truth


def _answered(study: Study, truth: Path, progress: Progress) -> LoopResult:
    """The loop, with a line a round."""
    from activeseed.annotators.simulated import Simulated
    from activeseed.cli.loop import print_round

    def told(record: Mapping[str, Any]) -> None:
        progress.pause()
        print_round(study, record)

    return study.loop(Simulated(truth_file=str(truth.absolute())), on_round=told)


def _changed(study: Study) -> None:
    from activeseed.cli.seed_commands import print_diff

    changes = study.diff("0", "latest")
    print_diff(changes[:SHOWN])
    if len(changes) > SHOWN:
        print(f"… and {len(changes) - SHOWN} more.")


def _found(study: Study, truth: Path) -> str:
    """How much nearer the outcome is to what the truth would give, and how many of the wrong items were found."""
    from activeseed.annotators.simulated import read_truth

    truth_of = read_truth(str(truth))[0]
    wrong = {item for item, right in truth_of.items() if right != "as_written"}
    asked = {i for q in study.state.questions.values() if q.purpose == "ask" for i in q.items}
    chance = len(wrong) * len(asked) / len(study.seed)
    right = {
        i.id: i.alternatives[int(v.rpartition(" ")[2])].id if " " in v else v
        for i in study.state.versions[0].seed.items
        if (v := truth_of.get(i.id, "as_written")) != "as_written"
    }
    meant = study.seed.revise(standing=right)
    before, _ = study.rounds.distance(study.state.versions[0].seed.revise(items=study.seed.items), meant)
    now, _ = study.rounds.distance(study.seed, meant)
    return (
        f"\nThe trained outcome is now at {max(now, 0.0) / before:.0%} of its first squared distance from what the "
        "whole truth would give.\n"
        f"{len(asked)} of {len(study.seed)} items were asked about, and {len(asked & wrong)} of the {len(wrong)} that "
        f"are wrong or ambiguous were among them (asking at random would find {chance:.0f}). Items are asked for what "
        "they decide, not only for looking wrong."
    )


def _reported(study: Study, progress: Progress) -> Path | None:
    from activeseed.report import write_report

    path = study.folder / "report.html"
    write_report(study, path)
    progress.pause()
    return path


def _say(number: int, what: str, command: str) -> None:
    """A step's heading and the command that does it."""
    from rich.text import Text

    from activeseed.cli.screen import results

    results().print(Text.assemble("\n", (f"{number}. {what}", "bold"), "\n", (f"$ {command}", "dim")))
