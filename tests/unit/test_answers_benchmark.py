"""The answers benchmark: its arithmetic, its cells, its oracles, and that it asks through the study that init makes."""

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest

from activeseed.cli.making import make_project
from tests.benchmarks.answers import COLUMNS, Target, chosen, judge, main, newest, share_of
from tests.benchmarks.curves import crossing
from tests.benchmarks.orders import Flat, effects_known, oracle_answered
from tests.benchmarks.persona import ITEMS, Cell, Statements, across, build, init_settings
from tests.benchmarks.studies import Asked, new_study, read_cells


def record(order: str, behaviour: str, reach: int, *, left: float = 0.2, key: int = 0) -> dict[str, object]:
    """A cell whose ensemble error falls to 0.3 of its start at once, after ``reach`` answers."""
    curve = [
        {"q": float(q), "minutes": q / 2, "ensemble": 1.0 if q < reach else 0.3, "believed": 1.0, "answered": left,
         "found": 0.0, "items": float(q), "brier": 0.2, "proposed": 1.0}
        for q in range(0, 81, 4)
    ]  # fmt: skip
    return {
        "task": "content", "embedder": "minilm", "order": order, "behaviour": behaviour, "key": key, "of": "x",
        "start": [1.0, 2.0], "good": 50.0, "curves": [curve],
    }  # fmt: skip


def test_answers_needed_are_where_the_curve_first_crosses_and_unreached_counts_88() -> None:
    assert COLUMNS["ensemble"](record("default", "a", 8)) == 8
    assert COLUMNS["ensemble"](record("default", "a", 999)) == 88
    curve = [{"q": 0.0, "e": 1.0}, {"q": 8.0, "e": 0.6}, {"q": 22.0, "e": 0.2}, {"q": 30.0, "e": 0.9}]
    assert crossing(curve, "e", 0.3, 99) == pytest.approx(8 + 14 * 0.75)
    assert crossing(curve, "e", 1.0, 99) == 0
    assert crossing(curve, "e", 0.1, 99) == 99
    assert COLUMNS["as answered left after 16"](record("default", "a", 8, left=0.5)) == pytest.approx(0.25)
    assert COLUMNS["share of good items ever proposed"](record("default", "a", 8)) == pytest.approx(0.02)


def test_a_random_order_is_the_mean_over_its_permutations() -> None:
    several = record("random", "a", 8)
    several["curves"] += record("random", "a", 40)["curves"]  # type: ignore[operator]
    assert COLUMNS["ensemble"](several) == 24


def test_ratios_are_paired_by_cell_and_met_means_met() -> None:
    cells = [record("default", "a", 4), record("random", "a", 8), record("default", "b", 20), record("random", "b", 80)]
    row = judge(Target("content", "minilm", "ensemble", ("random",), 0.375), cells)
    assert row is not None
    assert row["value"] == pytest.approx((4 / 8 + 20 / 80) / 2)
    assert row["ratio_of_means"] == pytest.approx(24 / 88, abs=1e-4)
    assert row["interval"] == [0.25, 0.5]
    assert row["worst_behaviour"] == 0.5
    assert row["met"]
    # the interval reaches it and the point is within a tenth of it, and still it is not met
    assert not judge(Target("content", "minilm", "ensemble", ("random",), 0.37), cells)["met"]  # type: ignore[index]
    assert judge(Target("content", "tfidf", "ensemble", ("random",), 0.3), cells) is None


def test_of_several_orders_the_best_is_held_against_the_default() -> None:
    cells = [record("default", "a", 8), record("random", "a", 40), record("first-order", "a", 16)]
    row = judge(Target("content", "minilm", "ensemble", ("random", "first-order"), 1.0), cells)
    assert row is not None
    assert row["value"] == pytest.approx(0.5)
    assert "(first-order)" in row["claim"]


def test_a_later_line_of_a_cell_supersedes_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    lines = [json.dumps(record("default", "a", 40)), json.dumps(record("default", "a", 8)), '{"torn": ']
    path.write_text("\n".join(lines), encoding="utf-8")
    kept = newest(read_cells(path, tmp_path / "of_nobody.jsonl"))
    assert [COLUMNS["ensemble"](r) for r in kept] == [8]


def test_behaviours_are_chosen_by_name_number_or_range_and_parts_by_share() -> None:
    names = ["anger", "care", "doubt", "envy"]
    assert chosen(names, "0-1,envy") == ["anger", "care", "envy"]
    with pytest.raises(SystemExit, match="no behaviour 'zeal'"):
        chosen(names, "zeal")
    assert share_of("2/4") == (1, 4)
    with pytest.raises(SystemExit, match="no share"):
        share_of("5/4")


def test_products_over_keys_have_no_bias_from_noise() -> None:
    """(n, 8, D) differences of mean μ with unit noise: E = ‖μ‖². Var of one product sum ≤ 2D/(K(K−1)) + 4‖μ‖²/K."""
    rng = np.random.default_rng(0)
    n, k, d = 4000, 8, 5
    mean = np.full(d, 0.3)
    found = across(mean + rng.normal(size=(n, k, d)))
    variance = 2 * d / (k * (k - 1)) + 4 * (mean @ mean) / k
    assert found.mean() == pytest.approx(mean @ mean, abs=4 * np.sqrt(variance / n))
    assert (mean + rng.normal(size=(n, k, d)) ** 2).sum(2).mean() > 1  # what a square of a noisy difference gives


# --- on statements of our own making --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file laid out like the real one: what matches a behaviour names its word, what doesn't denies it."""
    folder = tmp_path_factory.mktemp("statements")
    draw = random.Random(0)
    verbs, things = ["like", "seek", "want", "enjoy", "value"], ["maps", "rain", "tea", "chess", "birds", "trains"]
    (folder / "persona").mkdir()
    with (folder / "persona" / "statements.csv").open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["behaviour", "statement", "matches_behaviour", "label_confidence"])
        for behaviour, word in (("calm", "quiet"), ("bold", "risky"), ("kind", "gentle")):
            for n in range(440):
                yes = n % 2 == 0
                text = f"I {draw.choice(verbs)} {word if yes else 'no ' + word} {draw.choice(things)}, case {n}"
                out.writerow([behaviour, text, int(yes), 0.9])
    return folder


@pytest.fixture(scope="module")
def cells(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Cell]:
    """Cells of two behaviours."""
    statements, folder = Statements.read(data), tmp_path_factory.mktemp("vectors")
    return {
        (task, name): build(statements, task, name, 0, "tfidf", folder)  # type: ignore[arg-type]
        for task, name in [
            *((task, "bold") for task in ("content", "arbitrary", "weights", "noisy")),
            ("arbitrary", "kind"),
        ]
    }


def test_settings_are_those_that_init_writes(data: Path, cells: dict[tuple[str, str], Cell], tmp_path: Path) -> None:
    seed = tmp_path / "seed.jsonl"
    cell = cells["content", "bold"]
    seed.write_text(
        "\n".join(json.dumps({"text": i.payload.text, "belief": 0.75}) for i in cell.seed.items),
        encoding="utf-8",
    )
    pool = tmp_path / "pool.jsonl"
    pool.write_text("\n".join(json.dumps({"text": p.payload.text}) for p in cell.pool), encoding="utf-8")
    study, _, _ = make_project(tmp_path / "study", seed, pool=pool, probes=pool, embedder="tfidf")
    made, ours = study.settings.record(), init_settings(0, ITEMS, "tfidf").record()
    del made["source"], ours["source"]
    assert ours["ask"].pop("consequences") == 0
    made["ask"].pop("consequences")
    assert ours == made


def test_truths_are_drawn_anew_for_every_behaviour_and_a_fifth_of_the_items_is_heavy(
    cells: dict[tuple[str, str], Cell],
) -> None:
    bold, kind = cells["arbitrary", "bold"], cells["arbitrary", "kind"]
    assert not np.array_equal(bold.truth, kind.truth)
    assert cells["content", "bold"].truth.sum() == 60
    heavy = cells["weights", "bold"]
    assert np.array_equal(heavy.truth, bold.truth)
    assert sorted({i.copies for i in heavy.seed.items}) == [1, 8]
    assert sum(i.copies == 8 for i in heavy.seed.items) == 16
    slips = cells["noisy", "bold"].slips
    assert slips.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / slips.size))
    assert not np.array_equal(slips[0], slips[1])


@pytest.mark.slow
def test_the_seed_as_it_should_be_has_no_error_and_oracles_ask_about_what_is_wrong(
    cells: dict[tuple[str, str], Cell],
) -> None:
    cell = cells["weights", "bold"]
    assert cell.errors(cell.truth)[0] == pytest.approx(0.0, abs=1e-12)
    picks = oracle_answered(Flat(cell, "oracle answered"), 3)
    assert all(cell.truth[i] == 0 for i in picks)
    right_one = np.ones(len(cell.seed))
    right_one[picks] = 0
    assert cell.errors(right_one)[0] < cell.start[1]
    blind = effects_known(Flat(cell, "effects known"), 8)
    copies = np.array([i.copies for i in cell.seed.items])
    # eightfold items have about 64 times the squared effect: whoever knows effects begins with them
    assert (copies[blind[:4]] == 8).all()


def test_a_study_is_asked_in_the_same_words_whatever_the_order(
    cells: dict[tuple[str, str], Cell], tmp_path: Path
) -> None:
    cell = cells["content", "bold"]
    study = new_study(tmp_path / "study", cell.seed, cell.settings, cell.folder, pool=cell.pool, probes=cell.probes)
    asked = Asked(study, lambda item, time: ("absent", "as_written")[cell.heard(item, time)])
    wrong = int(np.flatnonzero(cell.truth == 0)[0])
    right = int(np.flatnonzero(cell.truth == 1)[0])
    assert asked.answer([wrong, right])
    assert asked.lines == 2
    assert set(asked.asked) == {wrong, right}
    assert (asked.standing[wrong], asked.standing[right]) == (1, 0)
    assert asked.credibility[wrong] < 0.5 < asked.credibility[right]
    assert asked.answer()
    assert asked.lines >= 2 + cell.settings.ask.batch
    assert len(study.state.live_answers) <= asked.lines  # a list is one answer with several lines


@pytest.mark.bench
def test_a_killed_run_goes_on_where_it_was(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second run trains nothing and prints the same table; two parts make the same table as one run."""
    one, said = tmp_path / "cells.jsonl", tmp_path / "answers.json"
    call = ["--data", str(data), "--quick", "--embedder", "tfidf", "--behaviours", "bold", "--orders",
            "first-order;default", "--json", str(said)]  # fmt: skip
    assert main([*call, "--cells", str(one)]) == 0
    first, table = one.read_text(encoding="utf-8"), capsys.readouterr().out
    assert main([*call, "--cells", str(one)]) == 0
    assert one.read_text(encoding="utf-8") == first
    assert capsys.readouterr().out == table
    assert {line["order"] for line in json.loads(said.read_text(encoding="utf-8"))["orders"]} == {
        "first-order",
        "default",
    }
    parts = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for n, part in enumerate(parts, start=1):
        assert main([*call, "--cells", str(part), "--part", f"{n}/2"]) == 0
        assert len(part.read_text(encoding="utf-8").splitlines()) == 1
        capsys.readouterr()
    assert main([*call, "--cells", str(parts[0]), "--part", "1/2", "--merge", str(parts[1])]) == 0
    assert capsys.readouterr().out == table
