"""``activeseed demo``: the main job on a seed with planted mistakes, and the same study in random order beside it."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.numbers import counted
from activeseed.cli.planted import EXAMPLES, Example, Finding, course, in_random_order, make
from activeseed.cli.progress import Progress
from activeseed.cli.screen import say
from activeseed.errors import ConfigError, nearest

if TYPE_CHECKING:
    from activeseed.outcome import Ranking
    from activeseed.study import Study

#: rows of the ranking, and changes, that are shown
SHOWN, CHANGED = 6, 3


def demo(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="statements (the default), pairs or charter.")
    ] = "statements",
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="The folder to make, else ./activeseed-demo.")
    ] = None,
    key: Annotated[int, typer.Option("--key", min=0, metavar="N", help="Key of all randomness.")] = 0,
    embedder: Annotated[
        str, typer.Option("--embedder", metavar="KIND", help="What reads texts, else the best that is installed.")
    ] = "",
) -> None:
    """The main job on a bundled seed: rank, ask, answer, retrain, report. Takes about half a minute.

    A sixth of the seed was planted wrong on purpose. A simulated annotator, who alone reads the truth file, answers
    what is asked. The same study is then run in random order, to see what was gained.

    \b
    Example:
      activeseed demo
      activeseed demo pairs
      activeseed demo charter
    """
    from activeseed.cli.making import refuse_existing

    if what not in EXAMPLES:
        raise ConfigError(f"There is no demo {what!r}.{nearest(what, EXAMPLES)}")
    example = EXAMPLES[what]
    started = time.monotonic()
    folder = folder or _fresh(Path("activeseed-demo"))
    refuse_existing(folder)
    with Progress("preparing") as progress:
        study, annotator = make(example, folder, key, embedder, progress)
        progress.pause()
        _introduced(example, study, folder)
        from activeseed.cli.rank import print_ranking
        from activeseed.cli.screen import results

        def told(record: Mapping[str, Any]) -> None:
            progress.pause()
            results().print(_round(study, record, folder / "truth.jsonl"))

        with in_random_order(example, study, key, embedder) as drawn:
            ranking = study.rank(by="effect")
            progress.pause()
            _say(2, "On which of them does the outcome hinge?", "activeseed rank --by effect")
            print_ranking(ranking, study.seed, top=SHOWN)
            _thin(example, ranking)

            _say(3, "Ask, answer, retrain", "activeseed loop --annotator simulated --truth truth.jsonl")
            result = study.loop(annotator, on_round=told)
            finding = Finding(result, course(study, folder / "truth.jsonl"), drawn())
        progress.pause()
        _say(4, "What the answers changed", "activeseed seed diff")
        _changed(study)
        _say(
            5,
            "The same study in random order",
            "activeseed init … --set ask.random_share=1 --set ask.confirm=false --set stopping.flips=0",
        )
        _drawn(finding)
        report = study.folder / "report.html"
        from activeseed.report import write_report

        write_report(study, report)
        progress.pause()
    _concluded(example, finding)
    print(f"Report: {report} (one file, works offline)")
    print(f"All of it took {time.monotonic() - started:.0f} s.")
    say(
        f"\nNext:\n  cd {folder}\n  activeseed status\n  activeseed report --open\n"
        "  activeseed init DIR --from FILE     a project of your own"
    )


def _fresh(folder: Path) -> Path:
    """The folder, or its name with the first number that is free."""
    found, n = folder, 1
    while found.exists():
        n += 1
        found = folder.with_name(f"{folder.name}-{n}")
    return found


# --- what it says -----------------------------------------------------------------------------------------------------


def _introduced(example: Example, study: Study, folder: Path) -> None:
    from activeseed.cli.screen import results

    planted = course(study, folder / "truth.jsonl").planted
    about = example.about.format(items=len(study.seed), planted=planted)
    pool = " --pool pool.jsonl" if study.pool else ""
    system = f" --system {example.system}" if example.system else ""
    files = f"--from {example.seed}{pool} --probes probes.jsonl --gold gold.jsonl{system}"
    _say(1, "A project", f"activeseed init {folder} {files}")
    console = results()
    console.print(f"{about} Only truth.jsonl says which, and only the simulated annotator reads it.")
    candidates = f", {len(study.pool)} candidate outputs" if study.pool else ""
    console.print(f"{len(study.probes)} labelled probes{candidates}, {len(study.gold)} questions of known answer.")
    limit = f"{100 * study.settings.stopping.flips:g} in 100 probes"
    console.print(f"It stops when at most {limit} would be judged otherwise than by what humans mean.")
    console.print(f"Trainer²: {study.settings.system.kind}. Embedder: {study.settings.embedder.kind}.")


def _thin(example: Example, ranking: Ranking) -> None:
    """The group whose outcome hangs most on which examples happen to be in it."""
    from activeseed.cli.screen import results

    groups = ranking.summary.get("write_more") or []
    if groups:
        thin = groups[0]
        said = f"More examples would steady it most in the group {thin['group']} ({thin['members']} {example.thing}s)."
        results().print(said)


def _round(study: Study, record: Mapping[str, Any], truth: Path) -> str:
    """A round in two lines: what was asked; what that put right, and what stopping now would mean."""
    from activeseed.cli.loop import asked_words
    from activeseed.cli.screen import results
    from activeseed.cli.tables import quality_words

    so_far = course(study, truth)
    words = [f"{so_far.out[-1] if so_far.out else 0} of {so_far.planted} put right", quality_words(record["quality"])]
    upper = record.get("flips", record.get("flips_guess_upper"))
    words += [] if upper is None else [f"at most {100 * upper:.1f} in 100 probes otherwise"]
    head = f"round {record['round']}  "
    under = " " * len(head)
    texts = ((head, asked_words(study, record) or "nothing asked yet"), (under, "; ".join(words)))
    width = max(40, results().width)
    return "\n".join(
        textwrap.fill(t, width, initial_indent=first, subsequent_indent=under, break_on_hyphens=False)
        for first, t in texts
    )


def _changed(study: Study) -> None:
    from activeseed.cli.seed_commands import print_diff

    changes = study.diff("0", "latest")
    print_diff(changes[:CHANGED])
    if len(changes) > CHANGED:
        print(f"… and {len(changes) - CHANGED} more.")


def _drawn(finding: Finding) -> None:
    """Both orders in one picture."""
    from rich.text import Text

    from activeseed.cli.areas import Area, areas
    from activeseed.cli.screen import results

    console = results()
    orders = (("What is worth most first", "cyan", finding.by_value), ("In random order", "yellow", finding.at_random))
    shown = [Area(title, tuple(zip(c.lines, c.out, strict=True))) for title, _, c in orders]
    *drawn, axis = areas(shown, finding.by_value.planted, console.width, "answered lines")
    most = finding.by_value.out[-1] if finding.by_value.out else 0
    for (title, colour, went), lines in zip(orders, drawn, strict=True):
        found = min(most, went.out[-1] if went.out else 0)
        spent, minutes = went.cost_of(found) or (0, 0.0)
        said = f": {found} of {went.planted} put right after {spent} answered lines, {minutes:.0f} min"
        console.print(Text.assemble((title, f"bold {colour}"), said))
        for line in lines:
            console.print(Text(line, style=colour), soft_wrap=True)
    for line in axis:
        console.print(Text(line, style="dim"), soft_wrap=True)


def _concluded(example: Example, finding: Finding) -> None:
    """One sentence of what was found, what it cost, and what it would have cost; how it ended; the accuracy."""
    from activeseed.cli.loop import ending
    from activeseed.cli.screen import results

    console = results()
    console.print()
    console.print(sentence(example, finding), style="bold")
    before, after = finding.accuracy
    console.print(f"Accuracy on the labelled probes: {before:.3f} before the first answer, {after:.3f} after the last.")
    console.print("\n".join(ending(finding.result)))


def sentence(example: Example, finding: Finding) -> str:
    """What was found, what it cost, and what as much costs in random order; what it took to be sure."""
    ours, other = finding.by_value, finding.at_random
    found = ours.out[-1] if ours.out else 0
    lines, minutes = ours.cost_of(found) or (0, 0.0)
    same = other.cost_of(found)
    if same is None:
        drawn = f"random order put {other.out[-1]} right with {_cost(*other.cost)}"
    else:
        drawn = f"random order needs {same[0]} ({counted(round(same[1]), 'minute')}) for as many"
    wrong = counted(len(ours.lost), "right one") + (" was lost" if len(ours.lost) == 1 else " were lost")
    more = ours.cost[0] - lines
    asked = f"{counted(more, 'more line')} {'was' if more == 1 else 'were'} asked"
    sure = f", and {asked} to be sure that nothing that matters is left" if more else ""
    return (
        f"{found} of the {ours.planted} wrong {example.thing}s were put right with {counted(lines, 'answered line')} "
        f"({counted(round(minutes), 'minute')}), where {drawn}; {wrong if ours.lost else 'no right one was lost'}"
        f"{sure}."
    )


def _cost(lines: int, minutes: float) -> str:
    return f"{counted(lines, 'line')} ({counted(round(minutes), 'minute')})"


def _say(number: int, what: str, command: str) -> None:
    """A step's heading and the command that does it."""
    from rich.text import Text

    from activeseed.cli.screen import results

    results().print(Text.assemble("\n", (f"{number}. {what}", "bold"), "\n", (f"$ {command}", "dim")))
