"""Tables fit the terminal: every line within its width, numbers whole, what matters most there when it is narrow."""

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from activeseed.cli.numbers import Scale, bar, duration, number, with_error
from activeseed.cli.rank import print_ranking
from activeseed.cli.screen import clean, one_line, plain
from activeseed.cli.tables import law_lines, named, on_one_line, question_table, ranking_table, whole_lines
from activeseed.cli.tables import test_words as words_of_a_star
from activeseed.outcome import Ranking
from activeseed.question import Question
from activeseed.seed import Entry, Item, Seed, Text

WIDTHS = (40, 60, 80, 120, 160)


@pytest.fixture
def seed() -> Seed:
    texts = [f"Sentence number {n} of a seed, long enough to be cut off in any table that is narrow" for n in range(30)]
    return Seed(items=tuple(Item(id=f"item-{n:02d}", payload=Text(text=t)) for n, t in enumerate(texts)))


@pytest.fixture
def result(seed: Seed) -> dict:
    n = len(seed)
    effect = np.linspace(3e-4, 0.0, n)
    ties = np.empty(n, object)
    ties[:] = [["item-01"] if k % 3 == 0 else [] for k in range(n)]
    columns = {
        "effect": effect, "effect_se": effect / 9, "instability": effect / 5, "distinguishable": effect > 1e-4,
        "ties_with": ties, "first_order": effect / 3, "total": effect / 2, "share": effect / effect.sum(),
        "credibility": np.linspace(0.2, 1.0, n), "credibility_before": np.full(n, 0.8), "value": effect / 4,
    }  # fmt: skip
    summary: Any = {
        "seed_version": "v0", "system": "oversight_league", "law": "drop", "unit": "squared Hellinger distance",
        "outcome": "the evaluator at the probes", "bootstrap_spread": 2.5e-3, "bootstrap_spread_se": 1e-4,
        "belief_spread": 7e-5,
        "risk": float("nan"), "noise_floor": 0.0,
    }  # fmt: skip
    return Ranking(tuple(i.id for i in seed.items), columns, summary).to_dict()


def drawn(table: object, width: int) -> list[str]:
    console = Console(width=width, record=True, file=io.StringIO(), markup=False)
    console.print(table)
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal_and_none_wraps(seed, result, width):
    lines = drawn(ranking_table(result, seed, width, top=10), width)
    assert max(map(len, lines)) <= width
    ranks = [line.split()[0] for line in lines if line.split()[0].isdigit()]
    assert ranks == [str(n) for n in range(1, 11)]
    assert len(lines) in (11, 12)  # the heading may take two lines; no row does


@pytest.mark.parametrize("width", WIDTHS)
def test_the_numbers_are_whole_at_every_width(seed, result, width):
    first = next(line for line in drawn(ranking_table(result, seed, width, top=3), width) if line.split()[0] == "1")
    assert "300" in first
    assert "█" in first
    assert ("±33" in first) == (width >= 70)


def test_wide_terminals_show_more_columns(seed, result):
    headings = {w: " ".join(drawn(ranking_table(result, seed, w, top=3), w)[:2]) for w in WIDTHS}
    for name in ("credible", "value", "share", "ties", "total", "first", "unstable", "id"):
        assert name in headings[160].split(), name
    assert "credible" in headings[80]
    assert "unstable" not in headings[80]
    assert "credible" not in headings[60]


def test_a_column_that_is_unknown_takes_no_room(seed, result):
    for row in result["items"]:
        row["value"] = None
    assert "value" not in " ".join(drawn(ranking_table(result, seed, 160, top=3), 160)[:2])


def test_what_cannot_be_told_from_nothing_is_not_starred(seed, result):
    lines = drawn(ranking_table(result, seed, 80, top=0), 80)
    starred = [line.split()[0] for line in lines if line.rstrip().count("*")]
    assert starred == [str(r["rank"]) for r in result["items"] if r["distinguishable"]]


def test_a_column_of_another_size_has_a_power_of_its_own(seed, result):
    for row in result["items"]:
        row["value"] /= 10_000
    lines = drawn(ranking_table(result, seed, 100), 100)
    assert lines[0].split() == ["value"]
    at = lines[1].index("10⁻⁹") + len("10⁻⁹")
    assert lines[2][:at].endswith(" 7.50"), "the first item's value, 7.5e-9, in its own power"


def test_a_star_says_on_what_condition_it_holds():
    said = words_of_a_star({"test": "resampled_keys", "keys": 8})
    assert said.startswith("distinguishable from nothing (5 % over all items together, by resampling 8 keys")
    assert "none of them showed" in said
    assert words_of_a_star({"test": "exact", "keys": 1}) == "distinguishable from nothing (5 % over all items together)"


def test_unknown_ties_are_no_blank_and_are_explained(seed, result):
    assert not any("ties" in line for line in law_lines(result))
    for row in result["items"]:
        row["ties_with"] = None
    assert law_lines({**result, "keys": 2}) == ["ties unknown with 2 keys: errors take eight keys"]


def test_indices_of_another_law_say_of_which(result):
    assert law_lines(result) == []
    other = "belief for the item itself, the others as in the rows: author's belief, at least 0.15"
    assert law_lines({**result, "index_law": other}) == [f"first-order index under the law: {other}"]
    both = {**result, "index_law": other, "total_law": other}
    assert law_lines(both) == [f"first-order and total index under the law: {other}"]


@pytest.mark.parametrize(("chaotic", "first"), [(True, "! The trainer is chaotic"), (None, "! Whether the trainer is")])
def test_chaos_and_unknown_chaos_come_first(result, seed, capsys, chaotic, first):
    given: Any = {k: v for k, v in result.items() if k not in ("items", "notes", "by")}
    columns = {"effect": np.linspace(1.0, 0.5, len(seed))}
    ids = tuple(i.id for i in seed.items)
    print_ranking(Ranking(ids, columns, given | {"chaotic": chaotic}, notes=("3 of 40 trainings failed.",)), seed)
    assert capsys.readouterr().out.splitlines()[0].startswith(first)


def test_what_the_budget_cut_is_said_after_the_table_and_the_rest_before_it(result, seed, capsys):
    cut = "The budget of 4000 trainings affords no total indices."
    failed = "3 of 40 trainings failed; the keys they belong to are left out."
    given: Any = {k: v for k, v in result.items() if k not in ("items", "notes", "by")}
    columns = {"effect": np.linspace(1.0, 0.5, len(seed))}
    print_ranking(
        Ranking(tuple(i.id for i in seed.items), columns, given | {"chaotic": True}, notes=(cut, failed)), seed
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("! The trainer is chaotic")
    table = next(n for n, line in enumerate(lines) if "item-00" in line)
    assert next(n for n, line in enumerate(lines) if failed[:20] in line) < table
    assert next(n for n, line in enumerate(lines) if cut[:20] in line) > table


def test_a_ranking_of_nothing_but_unknowns_is_printed(seed, result):
    for row in result["items"]:
        row["effect"] = None
    assert any("–" in line for line in drawn(ranking_table(result, seed, 60, top=3), 60))


def test_spread_and_floor_lose_their_meaning_before_their_number(result):
    wide, narrow = whole_lines(result, 80), whole_lines(result, 40)
    assert [line.split("  ")[0] for line in wide] == ["bootstrap spread", "spread", "noise floor"]  # risk is not known
    assert "0.00250 ±0.00010" in wide[0]
    assert "resampling" in wide[0]
    assert all(len(line) <= 40 for line in narrow)
    assert "0.00250 ±0.00010" in narrow[0]


def test_escape_sequences_in_a_seed_do_not_reach_the_terminal(result):
    evil = "fine\x1b[2J\x1b]0;title\x07 text"
    seed = Seed(items=tuple(Item(id=r["id"], payload=Text(text=evil)) for r in result["items"]))
    text = "\n".join(drawn(ranking_table(result, seed, 160, top=2), 160))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "fine" in text


def test_an_entry_is_told_on_one_line_as_it_is_typed():
    entry = Entry(text="Sometimes\nsoup.", fields={"objective": "soup", "mass": 0.2})
    assert on_one_line(entry) == "Sometimes soup. | objective: soup | mass: 0.2"
    assert on_one_line(Text(text="two\nlines | bar")) == "two lines | bar"


def test_markup_in_a_seed_is_text(result):
    seed = Seed(items=tuple(Item(id=r["id"], payload=Text(text="[red]a[/red] :smile:")) for r in result["items"]))
    assert "[red]a[/red] :smile:" in "\n".join(drawn(ranking_table(result, seed, 160, top=2), 160))


@given(st.floats(min_value=1e-12, max_value=1e9), st.integers(min_value=1, max_value=40))
def test_a_scale_shows_its_largest_value_with_at_most_four_digits_before_the_point(largest, n):
    scale = Scale.of([largest / k for k in range(1, n + 1)])
    shown = scale.show(largest)
    assert len(shown.split(".")[0]) <= 4
    assert math.isclose(float(shown) * 10.0**scale.exponent, largest, rel_tol=0.006)


@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_a_number_keeps_two_digits(value):
    text = number(value).replace("−", "-").replace(",", "")
    if "×10" in text:
        digits, _, power = text.partition("×10")
        text = f"{digits}e{power.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789'))}"
    assert math.isclose(float(text), value, rel_tol=0.006, abs_tol=0.0)


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (2.5e-3, 1e-4, "0.00250 ±0.00010"), (2.5e-5, 1e-6, "(2.50 ±0.10)×10⁻⁵"), (0.12, None, "0.12"),
        (None, 0.1, "–"), (12.0, 0.0, "12"),
    ],
)  # fmt: skip
def test_a_number_and_its_error_share_their_power_of_ten(value, se, text):
    assert with_error(value, se) == text


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=1, max_value=30))
def test_bars_are_as_long_as_their_share(share, width):
    drawn_bar = bar(share, width)
    assert len(drawn_bar) <= width
    assert abs(len(drawn_bar) - share * width) <= 1
    assert bool(drawn_bar) == (share > 0)


def test_made_ids_are_not_shown_where_the_text_says_more():
    assert named("0123456789", "A text", 30) == "A text"
    assert named("0123456789-2", "A text", 30) == "A text"
    assert named("my-id", "A text", 30) == "my-id: A text"
    assert named("my-id", "A text", 8) == "my-id"


def test_text_is_cleaned():
    assert clean("a\x00b\x9bc\nd") == "a\ufffdb\ufffdc\nd"
    assert one_line("  a\n\tb  ") == "a b"


def test_plain_json_has_no_nan():
    assert plain({"a": float("nan"), 1: np.float64(2.5), "c": (np.array([1, 2]), None)}) == {
        "a": None, "1": 2.5, "c": [[1, 2], None]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "unknown"), (0.2, "under a second"), (42, "42 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("width", WIDTHS)
def test_questions_fit_the_terminal(width):
    text = (
        "Sentence of a seed, long enough to be cut off in any table that is narrow, and longer than most terminals are"
    )
    asked = [
        Question(id="r001-01", kind="review", items=("my-own-id",), text=text, value=3e-5),
        Question(id="r001-02", kind="confirm_list", items=("a", "b"), text="a: x\nb: y", value=1e-5),
        Question(id="r001-03", kind="write_more", items=(), group="doubt", text="Write more"),
    ]
    lines = drawn(question_table(asked, width), width)
    assert len(lines) == 4
    assert max(map(len, lines)) <= width
    assert "my-own-id" in lines[1] or width == 40
    assert "a, b" in lines[2]
    assert "doubt" in lines[3]
    assert ("30.0" in lines[1]) == (width >= 70)


def test_values_can_be_kept_from_whoever_answers():
    asked = [Question(id="r001-01", kind="review", items=("a",), text="x", value=3e-5)]
    assert "value" not in drawn(question_table(asked, 100, values=False), 100)[0]
