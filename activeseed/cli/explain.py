"""``activeseed explain``: why a probe is judged as it is."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from activeseed.cli.analysing import agreed
from activeseed.cli.numbers import number
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import clean, one_line, print_json, results

if TYPE_CHECKING:
    from activeseed.protocols import Explanation
    from activeseed.seed import Seed

#: characters of an item's text under a step that it says
LONGEST = 300


def explain(
    probe: Annotated[
        list[str] | None, typer.Argument(metavar="PROBE_ID", help="Which; else the three nearest to ½.")
    ] = None,
    folder: Dir = HERE,
    as_json: Json = False,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Show why probes are judged as they are: the derivation, and the items that it rests on.

    \b
    Example:
      activeseed explain
      activeseed explain gift-card white-lie --json
    """
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)

        found = agreed(study, progress, yes, lambda: study.explain(probe or ()))
        texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    if as_json:
        from dataclasses import asdict

        print_json([{**asdict(e), "text": texts[e.place]} for e in found])
        return
    console = results()
    for n, e in enumerate(found):
        if n:
            console.print()
        for style, line in explanation_lines(e, texts[e.place], study.seed, console.width):
            console.print(line, style=style)


def explanation_lines(e: Explanation, text: str, seed: Seed, width: int) -> list[tuple[str, str]]:
    """(style, line): the probe and its outcome, then the derivation as a tree, the texts of its items under the steps.

    No line is wider than ``width``.
    """
    from activeseed.looking.derivation import lines_of, text_of

    room = max(30, width)
    head = f"{clean(e.place)}: {one_line(text)}"
    out = [("bold", line) for line in textwrap.wrap(head, room) or [head]]
    side = "approved" if e.value > 0.5 else "rejected" if e.value < 0.5 else "neither approved nor rejected"
    out.append(("", f"{side} ({number(e.value)})"))
    lines = lines_of(e)
    if not lines:
        out.append(("dim", "Nothing in the seed decides here."))
    deepest = room // 2
    for line in lines:
        indent = " " * min(2 * line.depth, deepest)
        mark = "└ " if line.depth else ""
        step = line.step
        weight = f", {number(step.weight, 2)}" if step.weight < 1.0 else ""
        said = f"{one_line(step.says)}  [{one_line(step.rule)}{weight}]" + (" (as above)" if line.again else "")
        out += [("", row) for row in _filled(said, indent + mark, indent + " " * len(mark), room)]
        for name in step.items:
            shown = one_line(text_of(seed, name))
            shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
            same = shown == one_line(step.says)
            under = indent + " " * len(mark) + "  "
            said = one_line(name) if same else f"{one_line(name)}: {shown}"
            out += [("cyan", row) for row in _filled(said, under, under + "  ", room)]
    if e.items:
        out += [("dim", row) for row in _filled(f"rests on {', '.join(map(one_line, e.items))}", "", "  ", room)]
    return out


def _filled(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or [first]
