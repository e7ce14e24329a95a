"""The human level: drafts around what is meant, a plan whose studies share what they should, ratios, words."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import activeseed as act
from activeseed.cli.human import left_words, lines, tables
from activeseed.plan import Floats
from activeseed.seed import Item, Seed, Text, Variant
from activeseed.stack.human import CREWS, METHODS, HumanFound
from activeseed.stack.human.apart import apart, by_block, left_of, of_seeds, spread_of
from activeseed.stack.human.drafts import draft, exchanged, written
from activeseed.stack.human.found import Factor, Left, Moved, Share, Spread, Way
from activeseed.stack.human.moving import steps_of
from activeseed.stack.human.one import CameTo, across
from activeseed.stack.human.runs import block_size, chosen, masks_of, runs_of
from activeseed.stack.human.telling import compared, left_in_block
from activeseed.testing.summing import Known, Summing

FACTORS = ("draft", "design", "annotators", "method")
WORDED = Seed(
    items=(
        Item(id="a", payload=Text(text="a"), alternatives=(Variant(id="w", payload=Text(text="other")),)),
        Item(id="b", payload=Text(text="b")),
    )
)
LAW = np.array([[0.7, 0.1, 0.2], [0.6, 0.4, 0.0]])


def _asked(**told: Any) -> act.HumanLevel:
    """What is asked, crews and methods by name as a table of settings has them."""
    return act.HumanLevel(**told)


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_crews_and_methods_can_be_named_and_a_typo_is_told_the_nearest():
    asked = _asked(annotators=("careful", "coin"), methods="author-order")
    assert asked.annotators == (CREWS["careful"], CREWS["coin"])
    assert asked.methods == (METHODS["author_order"],)
    with pytest.raises(act.ConfigError, match=r"no method 'by_valeu'. Did you mean 'by_value'"):
        _asked(methods=("by_valeu",))
    with pytest.raises(act.ConfigError, match=r"no crew 'carefull'. Did you mean 'careful'"):
        _asked(annotators=("carefull",))
    with pytest.raises(act.ConfigError, match="need a name each"):
        _asked(methods=("by_value", "by_value"))


@pytest.mark.parametrize(("field", "value"), [("studies", 0), ("answers", 0), ("batch", 0), ("workers", 0)])
def test_nothing_of_something_is_refused(field: str, value: int):
    with pytest.raises(act.ConfigError, match=f"{field} = 0: it has to be at least 1"):
        _asked(**{field: value})


def test_too_few_studies_are_told_how_many_would_do():
    with pytest.raises(act.PlanError, match=r"1 whole study says nothing about 4 factors .* Run 36 or more"):
        runs_of(1, FACTORS)
    with pytest.raises(act.PlanError, match="Nothing differs"):
        runs_of(64, ())


# --- the plan -----------------------------------------------------------------------------------------------------


def test_studies_of_a_block_share_what_their_masks_agree_on_and_other_blocks_share_nothing():
    runs = runs_of(40, FACTORS)
    assert len(runs) == 3 * block_size(4) == 54
    assert [r.number for r in runs] == list(range(54))
    for a in runs:
        for b in runs:
            shared = [a.draw(j) == b.draw(j) for j in range(4)]
            if a.block != b.block:
                assert not any(shared)
            else:
                assert shared == [not (a.mask ^ b.mask) >> j & 1 for j in range(4)]
    again = [(r.block, r.mask) for r in runs if r.again]
    assert again == [(b, m) for b in range(3) for m in (0, 15)]


def test_a_longer_plan_begins_with_a_shorter_one():
    assert runs_of(90, FACTORS)[:36] == runs_of(36, FACTORS)


def test_the_two_draws_of_a_block_are_even_and_independent_and_every_choice_comes_up():
    # 4,000 pairs of a three-way choice: each of nine cells has 1/9 with a standard error of 0.005 at most; 5 of them
    cells = np.zeros((3, 3))
    for key in range(800):
        pairs = [(chosen(key, "method", 2 * b, 3), chosen(key, "method", 2 * b + 1, 3)) for b in range(5)]
        assert {a for a, _ in pairs[:3]} == {0, 1, 2}
        for a, b in pairs:
            cells[a, b] += 1
    assert np.abs(cells / cells.sum() - 1 / 9).max() < 0.025


@pytest.mark.parametrize("choices", [2, 3, 5])
def test_blocks_that_draw_one_choice_twice_are_spread_evenly_and_do_not_come_in_clusters(choices: int):
    # blocks are taken to be independent; were two draws orders of their own, both of two blocks would be the same or
    # neither, and the errors of shares would be those of twice as many blocks as there are
    for key in range(40):
        for start in (0, choices):
            blocks = range(start, start + choices)
            same = [chosen(key, "method", 2 * b, choices) == chosen(key, "method", 2 * b + 1, choices) for b in blocks]
            assert sum(same) == 1


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_errs_as_often_as_the_author_says_about_whatever_is_meant():
    right = np.array([1, 0])  # of the first item something else than the most credible variant is meant
    drafts = np.array([draft(LAW, right, 3, k) for k in range(4000)])
    # shares have standard errors of 0.008 at most; 5 of them
    for f, shares in enumerate(([0.1, 0.7, 0.2], [0.6, 0.4, 0.0])):
        assert np.abs(np.bincount(drafts[:, f], minlength=3) / 4000 - shares).max() < 0.04
    assert (draft(LAW, right, 3, 7) == drafts[7]).all()
    assert exchanged(np.array([0, 1, 2]), np.array([0, 0, 0]), np.array([2, 2, 2])).tolist() == [2, 1, 0]


def test_whoever_wrote_a_draft_believes_in_it_as_firmly_as_the_author_in_the_seed():
    seed = written(WORDED, np.array([2, 1]), LAW)
    assert dict(seed.standing) == {"a": "w", "b": "absent"}
    assert seed["a"].belief == {"as_written": 0.2, "absent": 0.1, "w": 0.7}
    assert seed["b"].belief == {"as_written": 0.4, "absent": 0.6}
    same = written(WORDED, np.array([0, 0]), LAW)
    assert not same.standing
    assert same["a"].belief == {"as_written": 0.7, "absent": 0.1, "w": 0.2}


def test_a_seed_that_is_given_with_an_item_left_out_keeps_it_so_until_somebody_answers(tmp_path: Path):
    toy = Summing()
    study = act.Study.create(tmp_path / "s", toy.seed.stand(c="absent"), toy, probes=toy.probes)
    (question,) = study.ask(items=["a"])
    study.tell([{"question": question.id, "annotator": "me", "verdict": "reject"}])
    assert dict(study.seed.standing) == {"a": "absent", "c": "absent"}
    (question,) = study.ask(items=["c"])
    study.tell([{"question": question.id, "annotator": "me", "verdict": "keep"}])
    assert dict(study.seed.standing) == {"a": "absent"}


# --- numbers ----------------------------------------------------------------------------------------------------------


def _additive(rng: np.random.Generator, blocks: int, sizes: tuple[float, ...], noise: float) -> np.ndarray:
    """(R, 3) points of a plan: a draw of factor j adds a normal vector of variance ``sizes[j]``, each study noise."""
    n = len(sizes)
    runs = runs_of(blocks * block_size(n), tuple("abcd"[:n]))
    drawn = [rng.standard_normal((2 * blocks, 3)) * math.sqrt(s / 3.0) for s in sizes]
    fresh = rng.standard_normal((len(runs), 3)) * math.sqrt(noise / 3.0)
    return np.array([sum(d[r.draw(j)] for j, d in enumerate(drawn)) for r in runs]) + fresh


def test_shares_of_an_additive_plan_are_unbiased_and_a_factor_that_does_nothing_has_none():
    rng = np.random.default_rng(5)
    sizes, times = (0.5, 0.2, 0.0), 200
    found = [spread_of(_additive(rng, 8, sizes, 0.3), ("a", "b", "c"), "x", "u") for _ in range(times)]
    values = np.array([[s.value * f.value for s in f.shares] for f in found])
    true = np.array([*sizes, 0.0, 0.0, 0.0])
    error = values.std(0, ddof=1) / math.sqrt(times)
    assert (np.abs(values.mean(0) - true) < 4.5 * error).all()  # six means, each within 4.5 standard errors: 4e-5
    assert abs(np.mean([f.noise for f in found]) - 0.3) < 0.03  # 3,200 pairs of 3 dimensions: s.e. below 0.005
    # family-wise tests at 5 % of 4 shares that are nothing: 200 plans, 10 expected at most, s.d. 3.1
    wrong = sum(any(s.p < 0.05 for s, t in zip(f.shares, true, strict=True) if t == 0.0) for f in found)
    assert wrong < 25


def test_what_two_drafts_are_apart_has_no_noise_in_it():
    rng = np.random.default_rng(6)
    each = np.array([apart(_additive(rng, 4, (0.5, 0.2), 1.0), 2, 0).mean() for _ in range(400)])
    assert abs(each.mean() - 0.5) < 4.5 * each.std() / 20.0
    none = np.array([apart(_additive(rng, 4, (0.0, 0.2), 1.0), 2, 0).mean() for _ in range(400)])
    assert abs(none.mean()) < 4.5 * none.std() / 20.0


def test_a_study_that_failed_takes_its_block_with_it():
    points = _additive(np.random.default_rng(7), 9, (0.5, 0.2), 0.1)
    whole = spread_of(points[6:], ("a", "b"), "x", "u")
    points[3] = np.nan
    assert spread_of(points, ("a", "b"), "x", "u") == whole
    assert np.isnan(apart(points, 2, 0)[0])
    assert np.isfinite(apart(points, 2, 0)[1:]).all()


def test_what_is_left_is_a_ratio_with_an_interval_that_may_have_no_end():
    rng = np.random.default_rng(8)
    first = 1.0 + 0.1 * rng.standard_normal(9)
    found = left_of("x", first, 0.25 * first + 0.01 * rng.standard_normal(9))
    assert 0.2 < found.low < 0.26 < found.high < 0.3  # the error of the mean of nine is 0.003
    assert found.washes_out
    # what there was at first can't be told from nothing
    unsure = left_of("x", rng.standard_normal(9) * 0.5 + 0.3, 0.2 + 0.05 * rng.standard_normal(9))
    assert math.isinf(unsure.high) or unsure.high > 1.0
    assert not unsure.washes_out
    two = left_of("x", first[:2], first[:2])
    assert two.value == 1.0
    assert math.isnan(two.low)
    assert math.isnan(left_of("x", np.full(3, np.nan), first[:3]).value)


def test_seeds_are_as_far_apart_as_the_share_of_their_items_that_differ():
    points = of_seeds(np.array([[0, 1, 2, 0], [0, 1, 0, 1]]), 3)
    assert ((points[0] - points[1]) ** 2).sum() == pytest.approx(0.5)


def test_levels_are_compared_within_blocks_whatever_blocks_differ_in():
    rng = np.random.default_rng(9)
    effect = np.array([0.0, 0.0, 1.0])

    def p_values(times: int) -> np.ndarray:
        out = []
        for _ in range(times):
            blocks = np.repeat(np.arange(10), 4)
            level = np.concatenate([np.repeat(rng.choice(3, 2, replace=False), 2) for _ in range(10)])
            values = 50.0 * rng.standard_normal(10)[blocks] + effect[level] + 0.3 * rng.standard_normal(40)
            out.append(compared(values, blocks, level, 3))
        return np.array(out)

    found = p_values(300)
    assert np.isnan(found[:, 0]).all()
    # level 1 does what level 0 does: 15 of 300 expected below 5 %, s.d. 3.8, four of them
    assert 3 < (found[:, 1] < 0.05).sum() < 31
    # level 2 is 1 away with an error near 0.15
    assert (found[:, 2] < 0.05).mean() > 0.9


def test_a_level_that_no_block_joins_to_the_first_is_not_told():
    blocks = np.repeat(np.arange(6), 2)
    level = np.tile([1, 2], 6)
    found = compared(np.random.default_rng(0).standard_normal(12), blocks, level, 3)
    assert np.isnan(found).all()
    same = compared(np.ones(12), blocks, np.tile([0, 1], 6), 2)
    assert np.isnan(same[1])  # no difference and no error: nothing to be told


def test_distances_are_taken_over_the_first_drafts_of_the_block():
    blocks = np.array([0, 0, 1, 1])
    found = left_in_block((np.array([1.0, 3.0, 0.0, 0.0]), np.array([1.0, 4.0, 1.0, 1.0])), blocks)
    assert found[:2].tolist() == [0.5, 2.0]
    assert np.isnan(found[2:]).all()
    runs = runs_of(12, ("a", "b"))
    values: Floats = np.arange(12, dtype=np.float64)
    values[0] = np.nan
    assert by_block(values, runs).tolist() == [3.0, 8.5]
    assert np.isnan(by_block(values, runs, [r.block == 1 for r in runs])[0])


def test_movement_is_told_without_the_noise_of_keys_and_by_half_of_the_answers():
    rng = np.random.default_rng(1)
    points = rng.standard_normal((3, 400, 5)) * 0.1  # nothing moves, but each key has noise
    variants = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 0]])
    came = CameTo(
        points=points, right=points[0], variants=variants, answers=(0, 4, 8), flipped=(0.0, 0.1, 0.2),
        networks=(0.0, math.nan, math.nan),
    )  # fmt: skip
    steps = steps_of(came)
    assert steps.answers.tolist() == [4, 4]
    assert steps.late.tolist() == [0, 1]
    assert steps.moved["trainer2"].tolist() == [1.0, 2.0]
    assert steps.moved["world"].tolist() == [0.1, 0.2]
    # ‖·‖² of noise alone would be 5 · 2 · 0.01 = 0.1; its products of different keys have an s.d. below 0.0004
    assert np.abs(steps.moved["model"]).max() < 0.002
    assert across(np.ones((1, 2)), np.ones((1, 2))) == 2.0  # one key is taken to have no noise
    assert math.isnan(across(np.ones((0, 2)), np.ones((0, 2))))


def test_the_formula_of_the_toy_is_what_simulated_studies_come_to():
    known = Known(Summing(), (1.0, 2.0), (0.0, 0.3), ((0, 1, 2), (5, 4, 3)))
    rng, n = np.random.default_rng(2), 20_000
    draft_, other = (rng.random((n, 6)) < 0.75 for _ in range(2))
    cells = [(g, e, m) for g in range(2) for e in range(2) for m in range(2)]
    y = np.array([known.outcome(draft_.astype(float), *c, rng.random((n, 6))) for c in cells])
    again = np.array([known.outcome(draft_.astype(float), *c, rng.random((n, 6))) for c in cells])
    apart_ = np.array([known.outcome(other.astype(float), *c, rng.random((n, 6))) for c in cells])
    noise = 0.5 * ((y - again) ** 2).sum(-1).mean()
    assert noise == pytest.approx(known.noise, rel=0.03)
    mean = y.mean((0, 1))
    spread = ((y - mean) * (again - mean)).sum(-1).mean()
    variances = known.variances()
    assert spread == pytest.approx(variances["spread"], rel=0.03)
    drafts = sum(v for name, v in variances.items() if "draft" in name)
    assert 0.5 * ((y - apart_) ** 2).sum(-1).mean() - noise == pytest.approx(drafts, rel=0.05)


# --- words ------------------------------------------------------------------------------------------------------------


def _found(**changes: Any) -> HumanFound:
    shares = tuple(Share(n, 0.5, 0.1, 0.3, 0.7, 0.01) for n in ("draft", "method", "draft × method"))
    unknown = tuple(Share(s.name, 0.2, math.nan, math.nan, math.nan, math.nan) for s in shares)
    left = Left("outcomes", 0.01, 0.004, 0.4, 0.2, 0.7)
    moved = (Moved("trainer2", "items of the seed that changed", 0.2, 0.01, 0.3, 0.1),
             Moved("model", "squared distance of outcomes (nats)", 1e-5, math.nan, 2e-5, math.nan))  # fmt: skip
    way = Way("method", "by_value", "what is worth most", 20, 3.0, left, moved, ((1.0, 1e-4), (4.0, 1e-5)))
    other = Way("method", "at_random", "at random", 16, 5.0, left, moved, ((1.0, 1e-5),), ("outcome",))
    fields: dict[str, Any] = {
        "studies": 36, "blocks": 6, "failed": 0, "answers": 8, "trainings": 1234, "seconds": 120.0, "unit": "nats",
        "factors": (Factor("draft", "start", "first drafts"), Factor("method", "dynamics", "by_value, at_random")),
        "spreads": (
            Spread("outcomes", "nats", 0.01, 0.002, 0.001, shares), Spread("seeds", "share", 0.1, 0.02, 0.0, unknown),
            Spread("first outcomes", "nats", 0.01, 0.002, 0.001, shares),
        ),
        "washed": (left,), "errors": (left,), "basins": {1: 0.75, 2: 0.25}, "moved": moved, "ways": (way, other),
        "folder": ".activeseed/human/x",
    }  # fmt: skip
    return HumanFound(**{**fields, **changes})


def test_verdicts_are_sentences_that_say_no_more_than_was_measured():
    found = _found()
    assert found.stability == (
        "Washes out: 40 % of what first drafts make of the outcome is left after 8 answers (20 % to 70 %); one basin "
        "in 75 % of subsets."
    )
    assert found.structure == (
        "The picture changes with method: at_random (outcome): they end otherwise than by_value (method)."
    )
    grows = _found(washed=(Left("outcomes", 1.0, 2.0, 2.0, 1.5, 3.0),), basins={})
    assert grows.stability.startswith("Grows: 200 %")
    assert _found(washed=()).stability.startswith("Not asked")
    assert _found(washed=(Left("outcomes", 0.0, 1.0, math.nan, math.nan, math.nan),)).stability.startswith("Not known")
    assert _found(ways=()).structure.startswith("Not asked")
    assert not _found(ways=(found.ways[0],)).changes


def test_what_was_found_says_itself_as_json_and_as_a_table():
    said = _found().to_dict()
    assert said["kind"] == "human_level"
    assert said["spreads"][1]["shares"][0]["low"] is None
    assert said["basins"] == {"1": 0.75, "2": 0.25}
    assert said["one_basin"] == 0.75
    frame = _found().to_frame()
    assert len(frame) == 9
    assert set(frame["of"]) == {"outcomes", "seeds", "first outcomes"}


@pytest.mark.parametrize("width", [60, 80, 140])
def test_tables_fit_the_terminal(width: int):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for title, table in tables(_found(), width):
        console.print(title)
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue().splitlines()
    assert max(len(line) for line in printed) <= width
    assert any(line.startswith("draft × method") for line in printed)
    assert any("at_random *" in line for line in printed)


def test_numbers_are_said_in_words():
    assert left_words(Left("x", 1.0, 2.0, math.nan, math.nan, math.nan)) == "1 at the first draft, 2 at the end"
    assert "above 50 %" in left_words(Left("x", 1.0, 2.0, 2.0, 0.5, math.inf))
    assert "anything" in left_words(Left("x", 1.0, 2.0, 2.0, 0.0, math.inf))
    assert any(line.startswith("* ends otherwise") for line in lines(_found()))


def test_masks_are_all_ways_to_mix_two_draws():
    assert masks_of(2) == (0, 1, 2, 3)
