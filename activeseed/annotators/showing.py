"""How a question looks on a terminal: the item, why it is asked, and what hangs on the answer.

Wide terminals show consequences beside the item, narrow ones below it. Text of seeds is data: control characters are
shown as a mark, and nothing in it is read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.annotators import hanging
from activeseed.cleaning import clean
from activeseed.question import Consequence, Question
from activeseed.questions import form_of, is_list
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDE = 100
#: characters that a probe, and each answer beside it, wants in the table of consequences
PROBE, COLUMN = 20, 9
_NAMES = {AS_WRITTEN: "kept", ABSENT: "dropped", FLIPPED: "flipped"}


def show_question(console: Console, question: Question, number: int, of: int, minutes: float) -> None:
    """Draw one question at the console's width."""
    from rich.columns import Columns
    from rich.panel import Panel
    from rich.text import Text

    head = f"Question {number} of {of} · about {max(1, round(minutes))} min left"
    body = Text(clean(_body(question)))
    looked = bool(question.consequences or question.trainings)
    wide = console.width >= WIDE and looked and _table_width(question) <= (console.width - 2) // 2
    half = (console.width - 2) // 2 if wide else console.width
    item = Panel(body, title=clean(form_of(question).title(question)), title_align="left", width=half)
    console.print()
    console.print(head, style="bold", markup=False)
    if question.reason:
        console.print(clean(question.reason), style="dim", markup=False, highlight=False)
    if not looked:
        console.print(item)
        return
    hangs = Panel(_consequences(question, half - 4), title="What hangs on it", title_align="left", width=half)
    if wide:
        console.print(Columns([item, hangs], padding=(0, 1)))
    else:
        console.print(item)
        console.print(hangs)


def show_help(console: Console, question: Question, guidelines: str) -> None:
    """The keys of this kind of question, and the project's guidelines."""
    from rich.markdown import Markdown

    from activeseed.annotators.terminal import keyed

    for reply in keyed(question):
        said = f"  {reply.key}  {reply.name}: {reply.meaning}"
        console.print(said, markup=False, highlight=False)
    console.print("  ~70 after a key: 70 % sure. Anything else after a key: a comment.", markup=False, highlight=False)
    console.print("  u  take the last answer back      q  leave; everything so far is saved", markup=False)
    if guidelines:
        console.print(Markdown(clean(guidelines)))


def _body(question: Question) -> str:
    if is_list(question):
        return _numbered(question)
    from activeseed.annotators.terminal import offered

    parts = [question.context, question.text]
    parts += [f"{n}) {hanging.marked(question, v, question.options[v])}" for n, v in enumerate(offered(question), 1)]
    for who, verdict, comment in question.answers:
        parts.append(f"{who} said {verdict}" + (f": {comment}" if comment else ""))
    parts.append(hanging.said_before(question))
    return "\n\n".join(p for p in parts if p)


def _numbered(question: Question) -> str:
    """The lines of a list with numbers and what is proposed. A line starts with its item's id, or is a line of text."""
    lines = question.text.split("\n")
    starts = [n for n, line in enumerate(lines) if any(line.startswith(f"{i}: ") for i in question.items)]
    if len(starts) != len(question.items):
        starts = list(range(len(question.items))) if len(lines) == len(question.items) else []
        lines = lines if starts else [*question.items]
        starts = starts or list(range(len(lines)))
    out = []
    for n, (item, at) in enumerate(zip(question.items, starts, strict=True), 1):
        end = starts[n] if n < len(starts) else len(lines)
        proposed = question.options.get(item, ABSENT)
        text = "\n   ".join(lines[at:end]).removeprefix(f"{item}: ")
        out.append(f"{n}. {text}  → {_NAMES.get(proposed, proposed)}")
    return "\n".join(out)


def _table_width(question: Question) -> int:
    """Characters that the table of consequences wants, its panel included."""
    return 4 + PROBE + COLUMN * len(_compared(question))


def _compared(question: Question) -> list[str]:
    """What has a column: what stands, what can be told from it, and every wording that can be chosen."""
    from activeseed.annotators.terminal import offered

    found = hanging.answers(question)
    numbered = offered(question) if question.consequences else []
    return [*(v for v in found if v not in numbered), *numbered]


def _consequences(question: Question, width: int) -> RenderableType:
    """A probe a line; under each answer its mean outcome, how far that is from what stands, and whether it flips.

    Where there is no room for a column an answer, the answers of a probe stand below each other.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not question.consequences:
        return Text(hanging.nothing(question))
    variants, numbers = _compared(question), _numbers(question)
    names = {v: clean(_NAMES.get(v, numbers.get(v, v))) for v in variants}
    flips = any(c.flips for c in question.consequences)
    alike = any(v not in c.outcomes for c in question.consequences for v in variants)
    legend = [hanging.legend(question)]
    if PROBE // 2 + COLUMN * len(variants) > width:
        rows = [
            "\n".join([clean(c.text), *(f"  {clean(line)}" for line in hanging.rows(c, variants, names))])
            for c in question.consequences
        ]
        return Group(Text("\n".join(rows)), Text(legend[0], style="dim"))
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0))
    table.add_column("probe", ratio=1, overflow="fold")
    for variant in variants:
        table.add_column(names[variant], justify="right", no_wrap=True)
    why = []
    for consequence in question.consequences:
        table.add_row(Text(clean(consequence.text)), *(_cell(consequence, v) for v in variants))
        because = hanging.because(consequence, variants, names)
        why += ["\n".join([clean(consequence.text), *(f"  {clean(line)}" for line in because)])] if because else []
    legend += ["✓ approved, ✗ not: judged otherwise, with the trainings in which it was."] if flips else []
    legend += [f"≈: {hanging.ALIKE}."] if alike else []
    told = [Text("\n" + "\n".join(why))] if why else []
    return Group(table, *told, Text(" ".join(filter(None, legend)), style="dim"))


def _cell(consequence: Consequence, variant: str) -> RenderableType:
    from rich.text import Text

    if variant not in consequence.outcomes:
        return Text("≈", style="dim")
    value = consequence.outcomes[variant]
    # only what really flips has a colour: two shades of doubt on either side of one half are no verdicts
    colour = ("green" if value > 0.5 else "red") if consequence.flips else ""
    if variant != consequence.stands and variant not in consequence.flips:
        colour = ""
    verdict = ("✓ " if value > 0.5 else "✗ ") if colour else ""
    lines = [verdict + hanging.mean(value)]
    moved = hanging.difference(consequence, variant).replace(" ± ", "\n±")
    lines += [moved] if moved else []
    times = consequence.flips.get(variant)
    if times:
        lines.append(f"{times} of {consequence.trainings}" if consequence.trainings > 1 else "always")
    return Text("\n".join(lines), style=colour, justify="right")


def _numbers(question: Question) -> dict[str, str]:
    from activeseed.annotators.terminal import offered

    return {v: f"as {n}" for n, v in enumerate(offered(question), 1)}
