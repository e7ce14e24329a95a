"""``activeseed loop``: rank, ask, wait, pull, retrain, until the outcome is stable or the budget is out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed
from activeseed.cli.annotating import HadEnoughError
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import one_line, print_json, say, show
from activeseed.cli.watching import Watch
from activeseed.errors import ConfigError, nearest
from activeseed.looking.words import ending_words, no_better_than_chance

if TYPE_CHECKING:
    from activeseed.protocols import Annotator
    from activeseed.study import LoopResult, Study

CHANNELS = ("simulated", "terminal", "file", "label-studio")
#: channels whose people answer when it suits them
PATIENT = ("file", "label_studio")


def loop(
    folder: Dir = HERE,
    annotator: Annotated[
        str, typer.Option("--annotator", metavar="KIND", help=f"{', '.join(CHANNELS)}; else the study's [annotator].")
    ] = "",
    truth: Annotated[
        Path | None, typer.Option("--truth", metavar="FILE", help="What the simulated annotator knows.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=0, metavar="N", help="Rounds at most; 0 for no limit.")] = 0,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for slow annotators, or come back later.")
    ] = True,
    accept: Accept = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Rank, ask, wait, pull and retrain until the outcome is stable or the budget is out. May be stopped and resumed.

    \b
    Example:
      activeseed loop --annotator simulated --truth truth.jsonl
      activeseed loop --annotator terminal --rounds 3
      activeseed loop --annotator label-studio
    """
    annotator = annotator.replace("_", "-")
    if annotator and annotator not in CHANNELS:
        raise ConfigError(f"--annotator {annotator!r} is unknown.{nearest(annotator, CHANNELS)}")
    if truth is not None and annotator != "simulated":
        raise ConfigError("--truth is for the simulated annotator. Add --annotator simulated.")
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)

        channel = channel_of(study, annotator, truth, progress)
        patient = wait and channel.kind != "terminal"

        def told(record: Mapping[str, Any]) -> None:
            progress.pause()
            warning = no_better_than_chance(record.get("quality"))
            if warning and len(study.state.rounds) == 1:
                say(f"! {warning}")
            if not as_json:
                print_round(study, record)

        patiently = channel.kind in PATIENT
        watch = Watch(study, channel, progress.pause, progress.waiting) if patiently else None

        def go() -> LoopResult:
            return study.loop(channel, max_rounds=rounds or None, wait=patient, on_round=told, on_look=watch)

        try:
            result = agreed(study, progress, yes, go)
        except HadEnoughError as pause:
            say(f"\nPaused: {pause}")
            return
    if as_json:
        print_json(
            {
                "ended": result.ended, "reasons": list(result.reasons), "stable": result.stable,
                "settled": result.settled, "conditions": list(result.conditions),
                "distrusted": list(result.distrusted), "rounds": list(result.rounds),
                "seed_version": study.seed.version,
            }
        )  # fmt: skip
        return
    show("\n".join(ending(result)))
    if result.ended == "waiting" and study.pending:
        say(f"Questions that wait for an answer: {len(study.pending)}. Answer them, then run this again.")
    say("See:  activeseed seed diff, activeseed report")


def ending(result: LoopResult) -> list[str]:
    """How a loop ended, in a sentence that never calls stable what is not, and what that hangs on, a line each."""
    stop = {
        "reasons": result.reasons, "settled": result.settled, "stable": result.stable, "conditions": result.conditions,
    }  # fmt: skip
    head = ending_words(stop) if result.ended == "stopped" else f"Paused: {'; '.join(result.reasons)}."
    hangs = () if result.stable or not (result.settled or result.distrusted) else result.conditions
    return [head] + [f"! {x[:1].upper()}{x[1:].rstrip('.')}." for x in (*result.distrusted, *hangs)]


def print_round(study: Study, record: Mapping[str, Any]) -> None:
    """A closed round on stdout, as soon as it is closed."""
    from activeseed.cli.screen import results
    from activeseed.cli.tables import round_lines

    show(round_lines(record, asked_words(study, record), results().width), flush=True)


def asked_words(study: Study, record: Mapping[str, Any]) -> str:
    """What a round asked: how many questions, how many of them checks, and the first items."""
    from activeseed.questions import is_list

    questions = [q for q in study.state.questions.values() if q.round == record.get("round")]
    if not questions:
        return ""
    asked = [q for q in questions if q.purpose == "ask"]
    lists = [q for q in asked if is_list(q)]
    names = list(dict.fromkeys(i for q in asked if not is_list(q) for i in q.items))
    shown = ", ".join(one_line(n) for n in names[:3]) + (", …" if len(names) > 3 else "")
    parts = [str(len(asked) - len(lists))] if len(asked) > len(lists) else []
    parts += [f"a list of {len(q.items)}" for q in lists]
    parts += [f"{len(questions) - len(asked)} to check the annotator"] if len(questions) > len(asked) else []
    return f"asked {' and '.join(parts)}" + (f": {shown}" if shown else "")


def channel_of(study: Study, kind: str, truth: Path | None, progress: Progress) -> Annotator:
    """The annotator that was named on the command line, or else the study's own. Raises ConfigError."""
    from activeseed.annotators.file import FileAnnotator
    from activeseed.annotators.simulated import Simulated
    from activeseed.cli.annotating import Here

    own = study.annotator
    kind = kind or own.kind
    if kind == "terminal":
        return Here(study, progress) if sys.stdin.isatty() else own
    if kind == "simulated":
        if truth is not None:
            if not truth.is_file():
                raise ConfigError(f"--truth {truth}: there is no such file. Give JSON lines with an id and an answer.")
            return Simulated(truth_file=str(truth.absolute()))  # relative to here, not to the project
        if not isinstance(own, Simulated):
            raise ConfigError("The simulated annotator needs to know the truth. Add --truth FILE.")
    if kind in ("label-studio", "label_studio"):
        from activeseed.annotators.label_studio import LabelStudio

        record = study.settings.annotator
        return study.connected(record if isinstance(record, LabelStudio) else LabelStudio())
    if kind == "file":
        files = own if isinstance(own, FileAnnotator) else FileAnnotator().located(study.folder)
        say(f"Questions go to {files.questions}; answers are looked for in {files.answers}.")
        return files
    return own
