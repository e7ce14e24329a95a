"""Rankings, questions and rounds as tables that fit the terminal: fewer columns where it is narrow, never broken lines.

Facts come in as plain rows (``Ranking.to_dict``), so that a ranking read back from the journal prints the same.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from activeseed.cli.numbers import Scale, bar, number, with_error
from activeseed.cli.screen import one_line
from activeseed.column import SQUARED, by_name
from activeseed.entries import BETWEEN
from activeseed.estimators.columns import KNOWN
from activeseed.laws import LAWS
from activeseed.looking.words import forecast_words, if_stopped_now, refuted_words
from activeseed.seed import ABSENT, FLIPPED, Entry, shortened

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from activeseed.column import Column
    from activeseed.question import Question
    from activeseed.seed import Payload, Seed

_MADE = re.compile(r"[0-9a-f]{10}(-\d+)?")


def named(item_id: str, text: str, width: int = 0) -> str:
    """An author's own id, with the text where there is room; only the text where the id was made from it."""
    if not text or not _MADE.fullmatch(item_id):
        return f"{item_id}: {text}" if text and width >= len(item_id) + 10 else item_id
    return text


def on_one_line(payload: Payload) -> str:
    """What an item says, on one line; an entry's fields are parted as they are typed."""
    if not isinstance(payload, Entry):
        return one_line(payload.display)
    fields = [f"{name}: {shortened(value)}" for name, value in payload.fields.items()]
    return one_line(BETWEEN.join([*([payload.text] if payload.text else []), *fields]))


def bare_table(width: int | None = None) -> Table:
    """A table without lines, of ``width`` characters, or as wide as what is in it."""
    from rich.table import Table

    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, width=width, header_style="bold")


def ranking_table(
    result: Mapping[str, Any], seed: Seed, width: int, top: int = 20, declared: Sequence[Column] = ()
) -> Table:
    """The ranking as a table of ``width`` characters.

    Args:
        result: what ``Ranking.to_dict`` gives.
        top: rows shown; 0 shows all.
        declared: the ranking's columns, where not all are this package's.
    """
    from rich.text import Text

    by = str(result.get("by", "effect"))
    rows = list(result["items"])
    shown = rows if top <= 0 else rows[:top]
    scale = Scale.of([r.get(by) for r in rows])
    largest = max((r[by] for r in rows if r.get(by) is not None), default=0.0)
    columns = [e.column(shown, scale) for e in _extras(rows, by, width, declared)]
    error = f"{by}_se"
    values = [_value(r, by, error, scale, width >= 70) for r in shown]
    ids = width >= 110
    taken = (
        4
        + max(map(len, values), default=5)
        + 2
        + sum(2 + max(*map(len, n.split("\n")), *map(len, c), 0) for n, c in columns)
    )
    id_width = min(24, max((len(r["id"]) for r in shown), default=2) + 6) if ids else 0
    taken += id_width + 2 if ids else 0
    bar_width = max(6, min(24, (width - taken) // 4))
    text_width = max(10, width - taken - bar_width - 3)

    table = bare_table(width)
    table.add_column("#", justify="right", no_wrap=True, min_width=2)
    if ids:
        table.add_column("id", no_wrap=True, max_width=id_width, overflow="ellipsis")
    table.add_column("item", no_wrap=True, width=text_width, overflow="ellipsis")
    table.add_column(_above(by, declared, bar_width), width=bar_width)
    table.add_column("± s.e." if any("±" in v for v in values) else "", justify="right", no_wrap=True)
    for name, _ in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for n, row in enumerate(shown):
        text = on_one_line(seed[row["id"]].payload)
        marks = _STANDS.get(seed.standing.get(row["id"], ""), "") + _division(row)
        label = one_line(row["id"]) + marks
        dim = "dim" if row.get(starred(by)) is False else ""
        value = row.get(by)
        drawn = bar(value / largest, bar_width) if value is not None and value > 0 and largest > 0 else ""
        cells: list[str | Text] = [Text(str(row["rank"]), style=dim)]
        if ids:
            cells.append(Text(label, style=dim))
        alone = named(label, text, text_width)
        cells.append(Text(text if ids else alone + (_division(row) if alone == text else ""), style=dim))
        cells.append(Text(drawn, style="cyan" if not dim else "dim"))
        cells.append(Text(values[n], style=dim))
        cells += [Text(c[n], style=dim) for _, c in columns]
        table.add_row(*cells)
    return table


#: what follows an id where something else than the text as written stands
_STANDS = {ABSENT: " (out)", FLIPPED: " (flipped)"}


def _division(row: Mapping[str, Any]) -> str:
    return " (divided)" if row.get("divided") is not None else ""


def starred(by: str) -> str:
    """The column that says whether what items are ranked by can be told from noise, where there is one."""
    head, _, last = by.rpartition("effect")
    return f"{head}distinguishable" if head + last != by and not last else ""


def _value(row: Mapping[str, Any], by: str, error: str, scale: Scale, wide: bool) -> str:
    value, se = row.get(by), row.get(error)
    text = scale.show(value)
    if wide and se is not None and math.isfinite(se) and se > 0:
        text += f" ±{scale.show(se, 2)}"
    if star := starred(by):
        text += " *" if row.get(star) else "  "
    return text


@dataclass(frozen=True)
class _Extra:
    """A further column, in the order in which columns are given room."""

    key: str
    name: str
    width: int
    style: str = "number"

    def column(self, shown: Sequence[Mapping[str, Any]], scale: Scale) -> tuple[str, list[str]]:
        """The heading and the cells."""
        if self.style == "credibility":
            return self.name, [_credibility(r) for r in shown]
        if self.style == "percent":
            return self.name, [_percent(r.get(self.key)) for r in shown]
        if self.style == "ties":
            return self.name, [_ties(r.get(self.key)) for r in shown]
        values = [r.get(self.key) for r in shown]
        largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
        if largest and not 0.1 <= largest / 10.0**scale.exponent < 10_000:  # a column whose numbers have another size
            scale = Scale.of(values)
            return f"{self.name}\n{scale.words or '×1'}", [scale.show(v) for v in values]
        return self.name, [scale.show(v) for v in values]


#: (column, its width, how it is printed), most useful first
_COLUMNS = (
    ("credibility", 10, "credibility"), ("value", 8, "number"), ("effect", 8, "number"), ("share", 5, "percent"),
    ("ties_with", 5, "ties"), ("total", 8, "number"), ("first_order", 8, "number"), ("instability", 9, "number"),
)  # fmt: skip


def _extras(rows: Sequence[Mapping[str, Any]], by: str, width: int, declared: Sequence[Column]) -> list[_Extra]:
    """The columns that fit: what is known of at least one item, most useful first, and what only this estimator has."""
    columns = by_name((*declared, *KNOWN.values()))
    own = [(c.name, max(8, len(c.heading)), "number") for c in declared if c.sortable and c.name not in KNOWN]
    room = width - 56
    out = []
    for key, wide, style in (*own[:1], *_COLUMNS, *own[1:]):
        known = any(r.get(key) is not None and r.get(key) != [] for r in rows)
        if key == by or not known or room < wide + 2:
            continue
        room -= wide + 2
        out.append(_Extra(key, columns[key].heading, wide, style))
    return out


def _words(by: str, declared: Sequence[Column]) -> str:
    """What a column is called, as whoever computes it says."""
    found = by_name((*declared, *KNOWN.values())).get(by)
    return found.words if found else by.replace("_", " ")


def _above(by: str, declared: Sequence[Column], width: int) -> str:
    """What stands above the bars: its words, on two lines where need be, or its heading where these are too wide."""
    words = _words(by, declared)
    if len(words) <= width:
        return words
    two = words.replace(" ", "\n", 1)
    own = by_name(declared).get(by)
    return two if own is None or by in KNOWN or max(map(len, two.split("\n"))) <= width else own.heading


def _credibility(row: Mapping[str, Any]) -> str:
    now, before = row.get("credibility"), row.get("credibility_before")
    if now is None:
        return "–"
    if before is None or abs(before - now) < 0.005:
        return f"{now:.2f}"
    return f"{before:.2f}→{now:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:.0f}%"


def _ties(value: Any) -> str:
    if value is None:
        return "?"
    count = value if isinstance(value, int) else len(value)
    return str(count) if count else ""


def ranking_heading(result: Mapping[str, Any], declared: Sequence[Column] = ()) -> str:
    """What was ranked, under which law, in which unit: everything that a column's name has no room for."""
    by = str(result.get("by", "effect"))
    law = result.get("law", "")
    scale = Scale.of([r.get(by) for r in result.get("items", ())])
    parts = [
        f"{_words(by, declared)}{f' of {_law_words(law)}' if law and starred(by) else ''}",
        f"on {result['outcome']}" if result.get("outcome") else "",
        f"in {scale.words} {_unit(result, by, declared)}".replace("  ", " ") if result.get("unit") else scale.words,
    ]
    head = ", ".join(filter(None, parts))
    return f"{result.get('system', '')}, seed {result.get('seed_version', '')}: {head}".strip(": ,")


def _unit(result: Mapping[str, Any], by: str, declared: Sequence[Column]) -> str:
    """What the ranking's column is measured in: the geometry's unit, or one of its own."""
    found = by_name(declared).get(by)
    own = found is not None and by not in KNOWN and found.unit not in ("", SQUARED)
    return found.unit if own and found is not None else str(result["unit"])


def _law_words(law: str) -> str:
    return LAWS[law].words if law in LAWS else f"what the law {law} changes"


#: numbers of the whole, in the order in which they are read
_WHOLE = (
    ("bootstrap_spread", "bootstrap spread", "resampling the seed as it stands"),
    ("belief_spread", "spread", "what answers could still change"),
    ("risk", "risk", "how far off it is expected to be"),
    ("noise_floor", "noise floor", "the trainer's own randomness"),
)


#: the same of the distance that a study ranks by, in its own unit
_BY_DISTANCE = (
    ("distance_spread", "spread by distance", "what is unclear, were the items independent"),
    ("distance_noise_floor", "floor by distance", "the trainer's own randomness"),
)


def whole_lines(result: Mapping[str, Any], width: int) -> list[str]:
    """Spread, risk and floor, one line each, with what they mean where there is room."""
    found = []
    for key, name, meaning in _WHOLE:
        value = result.get(key)
        if isinstance(value, int | float):
            found.append((name, with_error(value, result.get(f"{key}_se")), meaning))
    for key, name, meaning in _BY_DISTANCE:
        value = result.get(key)
        if isinstance(value, int | float):
            found.append((name, with_error(value, result.get(f"{key}_se")), f"{meaning}, in {result['distance_unit']}"))
    left = max((len(name) for name, _, _ in found), default=0)
    right = max((len(text) for _, text, _ in found), default=0)
    room = left + right + 4 + max((len(m) for _, _, m in found), default=0) <= width
    out = [f"{name:<{left}}  {text:>{right}}" + (f"  {meaning}" if room else "") for name, text, meaning in found]
    return out + textwrap.wrap(_over_probes(result), width)


def _over_probes(result: Mapping[str, Any]) -> str:
    """What the first spread would be for other probes of the kind, and what its error rests on."""
    for key, name, _ in _WHOLE[:2]:
        found = result.get(f"{key}_interval_over_probes")
        if found and None not in found:
            on = result.get(f"{key}_rests_on")
            rests = f"; most of its error is over {on}" if on else ""
            return f"For other probes of the kind, {name} {number(found[0])} to {number(found[1])} (95 %){rests}."
    return ""


def test_words(result: Mapping[str, Any]) -> str:
    """What a star means: the claim, and on what condition it holds."""
    words = "distinguishable from nothing (5 % over all items together"
    test = result.get("distance_test" if str(result.get("by")).startswith("distance_") else "test")
    if test == "exchanged_sides":
        words += f", by exchanging the two sides under each of {result.get('keys', 'the')} keys"
    if test == "resampled_keys":
        words += f", by resampling {result.get('keys', 'the')} keys: noise that none of them showed is not counted"
    return words + ")"


def law_lines(result: Mapping[str, Any]) -> list[str]:
    """Of what law indices are, and that ties are unknown, where they are."""
    rows = result.get("items", ())
    laws: dict[str, list[str]] = {}
    for column, key, name in (("first_order", "index_law", "first-order"), ("total", "total_law", "total")):
        if result.get(key) and any(r.get(column) is not None for r in rows):
            laws.setdefault(str(result[key]), []).append(name)
    out = [f"{' and '.join(names)} index under the law: {law}" for law, names in laws.items()]
    if any("ties_with" in r and r["ties_with"] is None and r.get("effect") is not None for r in rows):
        keys = result.get("keys")
        out.append(f"ties unknown{f' with {keys} keys' if keys else ''}: errors take eight keys")
    return out


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, right: Sequence[int] = ()) -> Table:
    """A small table of ``width`` characters; the last column takes what room is left and ends in an ellipsis."""
    from rich.text import Text

    shown = [[one_line(c) for c in row] for row in rows]
    table = bare_table()
    left = width
    for n, heading in enumerate(headings):
        needed = max([len(heading), *(len(row[n]) for row in shown)])
        last = n == len(headings) - 1
        room = max(10, left) if last else needed
        table.add_column(
            heading,
            justify="right" if n in right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=min(needed, room),
        )
        left -= needed + 2
    for row in shown:
        table.add_row(*map(Text, row))
    return table


def question_table(questions: Sequence[Question], width: int, values: bool = True) -> Table:
    """Questions: id, kind, value where it is known and there is room for it, and what is asked."""
    from activeseed.questions import WRITING, form_of

    scale = Scale.of([q.value for q in questions])
    valued = values and width >= 70 and any(q.value > 0 for q in questions)
    headings = ["question", "asks"]
    if valued:
        headings.append(" ".join(filter(None, ("value", scale.words))))
    headings.append("about")
    rows = []
    for q in questions:
        form = form_of(q)
        row = [q.id, form.asks]
        if valued:
            row.append(scale.show(q.value))
        about = q.group if form is WRITING else ", ".join(q.items)
        text = q.text if len(q.items) <= 1 and q.text else ""
        rows.append([*row, f"{about}: {text}" if about and text and not _MADE.fullmatch(about) else text or about])
    return plain_table(headings, rows, width, right=[2] if len(headings) == 4 else [])


def round_lines(record: Mapping[str, Any], asked: str, width: int) -> str:
    """A round: what was asked, how far the outcome moved and what is left of the risk against what was predicted,
    quality, and what stopping now would mean.
    """
    head = f"round {record.get('round')}"
    parts = []
    predicted, realised = record.get("predicted_movement"), record.get("realised_movement")
    if realised is not None:
        parts.append(f"moved {with_error(realised, record.get('realised_se'))}, predicted {number(predicted)}")
    if risk := forecast_words(record, number):
        parts.append(risk)
    if quality := quality_words(record.get("quality")):
        parts.append(quality)
    under = " " * (len(head) + 2)
    texts = [(f"{head}  ", asked or "nothing asked yet"), (under, "; ".join(parts))]
    texts += [(under, line) for line in (if_stopped_now(record), *refuted_words(record)) if line]
    return "\n".join(
        textwrap.fill(t, max(40, width), initial_indent=i, subsequent_indent=under, break_on_hyphens=False)
        for i, t in texts
        if t
    )


def quality_words(quality: Any) -> str:
    """AUC and accuracy on labelled probes, where there are any."""
    if isinstance(quality, int | float):
        return f"AUC {quality:.3f}"
    if not isinstance(quality, Mapping):
        return ""
    names = {"auc": "AUC", "accuracy": "accuracy"}
    return ", ".join(f"{names[k]} {quality[k]:.3f}" for k in names if quality.get(k) is not None)
