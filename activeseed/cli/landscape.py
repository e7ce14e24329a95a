"""One basin or several, on a terminal: fewer columns where it is narrow, never broken lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from activeseed.cli.numbers import Scale, bar, counted
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table, named, on_one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from activeseed.analyses import Candidate, Landscape, Rate, Sweep, Training
    from activeseed.seed import Seed
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE, MIDDLE = 110, 76


def print_landscape(found: Landscape, study: Study, top: int = 8) -> None:
    """Tables on stdout: the basins, what tells them apart, training, sweeps and seeds, as far as there are any."""
    console = results()
    for note in found.notes[1:]:
        _wrapped(console, f"! {note}", "yellow")
    console.print(
        f"{study.system.kind}, seed {study.seed.version}: {counted(found.number, 'basin')} in "
        f"{counted(found.trained, 'training')}",
        style="bold",
    )
    console.print(f"{support_words(found.support)}".strip(), style="dim")
    console.print()
    console.print(basins_table(found, console.width))
    for basin in found.basins if found.number > 1 else ():
        if basin.view:
            _wrapped(console, f"{basin.name} {basin.view}.")
    _wrapped(console, _footer(found), "dim")
    for title, table in _tables(found, study, console.width, top):
        console.print()
        console.print(title, style="bold")
        console.print(table)
    if said := [*training_lines(found.training), *sweep_lines(found.sweeps)]:
        console.print()
    for line in said:
        _wrapped(console, line)


def _wrapped(console: Console, text: str, style: str = "") -> None:
    for line in textwrap.wrap(clean(text), max(20, console.width - 1), break_long_words=False, break_on_hyphens=False):
        console.print(line, style=style, soft_wrap=True)


def support_words(support: Mapping[int, float]) -> str:
    """How often each number of basins was found in subsets.

    >>> from activeseed.cli.landscape import support_words
    >>> support_words({1: 0.25, 2: 0.75})
    'in subsets of them: 1 basin in 25 %, 2 basins in 75 %'
    """
    said = ", ".join(f"{counted(k, 'basin')} in {100 * s:.0f} %" for k, s in support.items())
    return f"in subsets of them: {said}" if said else ""


def basins_table(found: Landscape, width: int) -> Table:
    """One line a basin, ``width`` characters wide: its share with an error, what is approved, who stands for it."""
    table = bare_table(width)
    wide, middle = width >= WIDE, width >= MIDDLE
    decided = any(b.approves == b.approves for b in found.basins)
    labelled = any(b.quality == b.quality for b in found.basins)
    scale = Scale.of([b.spread for b in found.basins])
    table.add_column("basin", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    if wide:
        table.add_column("", no_wrap=True, width=12)
        table.add_column("95 %", justify="right", no_wrap=True)
    if middle:
        table.add_column(f"spread {scale.words}".strip(), justify="right", no_wrap=True)
    if decided and middle:
        table.add_column("approves", justify="right", no_wrap=True)
    if labelled:
        table.add_column("as labelled", justify="right", no_wrap=True)
    table.add_column("in its middle", no_wrap=True, overflow="ellipsis", ratio=1)
    for basin in found.basins:
        cells = [basin.name, f"{100 * basin.share:.0f} ± {100 * basin.share_se:.0f} %"]
        if wide:
            cells += [bar(basin.share, 12), f"{100 * basin.share_low:.0f}–{100 * basin.share_high:.0f}"]
        if middle:
            cells.append(scale.show(basin.spread, 2))
        if decided and middle:
            cells.append(f"{100 * basin.approves:.0f} %")
        if labelled:
            cells.append(f"{100 * basin.quality:.0f} %")
        cells.append(one_line(middle_words(basin.changes, basin.key)))
        table.add_row(*map(_text, cells))
    return table


def middle_words(changes: Mapping[str, str], key: int) -> str:
    """What the member in the middle of a basin was trained on, in a few words.

    >>> from activeseed.cli.landscape import middle_words
    >>> middle_words({"a": "absent", "b": "flipped"}, 3), middle_words({}, 3)
    ('a: absent, b: flipped', 'the seed as it stands, key 3')
    """
    return ", ".join(f"{i}: {v}" for i, v in changes.items()) or f"the seed as it stands, key {key}"


def _footer(found: Landscape) -> str:
    said = f"Members are {found.of}. Basins are named by size, and none is right because it is the largest."
    if found.notes:
        said += f" {found.notes[0]}"
    return said


def _tables(found: Landscape, study: Study, width: int, top: int) -> list[tuple[str, Table]]:
    out = []
    if items := [i for i in found.items if i.distinguishable or i.p < 0.05][: top or None]:
        table = bare_table(width)
        table.add_column("item", no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column("explains", justify="right", no_wrap=True)
        for basin in found.basins[:6]:
            table.add_column(f"in {basin.name}", justify="right", no_wrap=True)
        room = max(10, width - 30 - 7 * min(6, found.number))
        for item in items:
            stands = [f"{100 * s:.0f} %" for s in item.stands[:6]]
            mark = " *" if item.distinguishable else "  "
            label = _named(item.id, study.seed, room)
            table.add_row(*map(_text, [label, f"{100 * item.share:.0f} %{mark}", *stands]))
        out.append(("What tells the basins apart: members in which the item stands (* beyond chance)", table))
    if found.probes:
        texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
        table = bare_table(width)
        table.add_column("probe", no_wrap=True, overflow="ellipsis", ratio=1)
        for basin in found.basins[:6]:
            table.add_column(basin.name, justify="right", no_wrap=True)
        table.add_column("apart", justify="right", no_wrap=True)
        for probe in found.probes[: top or None]:
            label = named(one_line(probe.id), one_line(texts.get(probe.id, "")), max(12, width - 40))
            outcomes = [f"{o:.2f}" for o in probe.outcomes[:6]]
            apart = f"{probe.apart:.2f} ± {probe.apart_se:.1g}{' flips' if probe.flips else ''}"
            table.add_row(*map(_text, [label, *outcomes, apart]))
        out.append(("Where the basins part most", table))
    for sweep in found.sweeps:
        out.append((f"Sweep of {sweep.setting}", sweep_table(sweep, width)))
    if found.candidates:
        out.append((f"Seeds that might be deployed, {found.unit}", candidates_table(found, found.candidates, width)))
    return out


def sweep_table(sweep: Sweep, width: int) -> Table:
    """One line a value of the setting."""
    table = bare_table(width)
    scale = Scale.of([s.spread for s in sweep.at])
    table.add_column(one_line(sweep.setting), no_wrap=True)
    table.add_column("basins", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("shares", no_wrap=True)
        table.add_column(f"spread {scale.words}".strip(), justify="right", no_wrap=True)
    table.add_column("hangs most on", no_wrap=True, overflow="ellipsis", ratio=1)
    for at in sweep.at:
        sure = at.support.get(at.number)
        number = f"{at.number}" + (f" ({100 * sure:.0f} %)" if sure is not None else "")
        cells = [f"{at.value}{' (here)' if at.here else ''}", number if at.number else "failed"]
        if width >= MIDDLE:
            cells += [" ".join(f"{100 * s:.0f}" for s in at.shares[:6]), scale.show(at.spread, 2)]
        cells.append(one_line(f"{at.top} ({100 * at.tops.get(at.top, 0.0):.0f} %)" if at.top else "–"))
        table.add_row(*map(_text, cells))
    return table


def candidates_table(found: Landscape, told: Sequence[Candidate], width: int) -> Table:
    """One line a seed: expected and worst distance to each basin, and into which it falls."""
    table = bare_table(width)
    scale = Scale.of([w for c in told for w in c.worst])
    table.add_column("seed", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(f"expected {scale.words}".strip(), justify="right", no_wrap=True)
    for basin in found.basins[:4] if width >= MIDDLE else ():
        table.add_column(f"to {basin.name}, worst", justify="right", no_wrap=True)
    table.add_column("falls into", no_wrap=True)
    for c in told:
        cells = [one_line(c.name), scale.show(c.overall)]
        if width >= MIDDLE:
            for k in range(min(4, found.number)):
                cells.append(f"{scale.show(c.expected[k])}, {scale.show(c.worst[k])}")
        cells.append(falls_words(c, [b.name for b in found.basins]))
        table.add_row(*map(_text, cells))
    return table


def falls_words(candidate: Candidate, names: Sequence[str]) -> str:
    """Into which basins a seed's trainings fall.

    >>> from activeseed.analyses import Candidate
    >>> from activeseed.cli.landscape import falls_words
    >>> falls_words(Candidate("v0", 8, (), (), 0.0, 0.0, (0.75, 0.0), 0.25), ["A", "B"])
    'A 75 %, none 25 %'
    """
    falls = [*zip(names, candidate.falls, strict=True), ("none", candidate.outside)]
    there = [(name, share) for name, share in falls if share > 0]
    return there[0][0] if len(there) == 1 else ", ".join(f"{name} {100 * share:.0f} %" for name, share in there)


def training_lines(training: Training | None) -> list[str]:
    """What the ensemble did through training, a sentence each."""
    if training is None:
        return []
    end, step = training.ratio[-1], training.steps[-1]
    out = []
    if end == end:
        ends = f" (95 %: {training.ratio_low[-1]:.2g} to {training.ratio_high[-1]:.2g})"
        word = "contracts" if training.ratio_high[-1] < 1 else "widens" if training.ratio_low[-1] > 1 else "keeps"
        out.append(
            f"Training {word}{' its spread' if word == 'keeps' else ''}: at step {step} the ensemble's spread is "
            f"{end:.2g} times that at step {training.reference}{ends}."
        )
    if training.keys is not None:
        out.append(f"Two trainings of one seed that begin otherwise {rate_words(training.keys)}.")
    if training.small is not None:
        out.append(f"Where {training.change}, outcomes {rate_words(training.small)}.")
    if training.worst is not None:
        at, wrong = training.worst
        out.append(
            f"On the way, at step {at}, the worst of them judged {100 * wrong:.0f} % of the labelled probes otherwise "
            f"than labelled; at the end the worst judges {100 * training.wrong_worst[-1]:.0f} % so, the mean one "
            f"{100 * training.wrong[-1]:.0f} %."
        )
    return out


def rate_words(rate: Rate) -> str:
    """A rate in words: whether it can be told from nothing, and what it is."""
    clear = rate.stderr == rate.stderr and abs(rate.value) > 2 * rate.stderr
    way = (
        "neither draw near nor part, as far as can be told" if not clear else "draw near" if rate.value < 0 else "part"
    )
    error = f" ± {rate.stderr:.1g}" if rate.stderr == rate.stderr else ""
    return f"{way}: their distance grows by {rate.value:.2g}{error} nats a step, from step {rate.first}"


def sweep_lines(sweeps: Sequence[Sweep]) -> list[str]:
    """What changes qualitatively, a sentence each."""
    out = []
    for sweep in sweeps:
        out += [*sweep.changes] or [f"Nothing qualitative changes with {sweep.setting} that can be told from chance."]
    return out


def _named(item: str, seed: Seed, room: int) -> str:
    return named(one_line(item), on_one_line(seed[item].payload), room)


def _text(value: str) -> Text:
    from rich.text import Text

    return Text(clean(value))
