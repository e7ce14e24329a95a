"""The part of the dicta benchmark that asks: what is planted, what is heard, how it is counted, and one study of it."""

import numpy as np
import pytest

from activeseed.plan import generator
from activeseed.systems.inference.language import parse
from activeseed.systems.inference.norms import Norm
from tests.benchmarks._dicta_questions import (
    BELIEVING,
    NORMS,
    PLANTED,
    UNREACHED,
    WRONGS,
    Run,
    cell,
    cells,
    curve,
    heard,
    planted_as,
    rows_of,
)
from tests.charters import charter, say_norm


@pytest.mark.parametrize("how", WRONGS)
def test_what_is_planted_is_another_norm_and_can_be_said(how: str) -> None:
    rng = generator(3, "test")
    for line in charter(1).lines:
        if not isinstance(line.says, Norm):
            continue
        wrong = planted_as(line.says, how, rng)  # type: ignore[arg-type]
        assert wrong != line.says
        assert wrong.action == line.says.action
        same = (wrong.deontic, wrong.authority) == (line.says.deontic, line.says.authority)
        assert same == (how == "drifted")
        said = parse(say_norm(wrong, rng), authority=wrong.authority)
        assert said == wrong, (say_norm(wrong, rng), said)


def test_a_fifth_of_a_charter_is_planted_wrong_and_nothing_but_its_content_tells() -> None:
    of = cell(0)
    assert len(of.seed) >= NORMS + 4
    assert len(of.wrong) == round(PLANTED * len(of.seed))
    beside = {len(i.alternatives) for i in of.seed.items if i.id in of.wrong}
    assert beside == {1}
    norms = [i for i in of.seed.items if not i.id.startswith("x")]
    assert {len(i.alternatives) for i in norms} == {1}
    assert of.error(of.truth) == 0
    assert of.start > 1e-3
    # what is put right item by item ends at no error at all
    standing = np.zeros(len(of.seed), np.int64)
    for name in of.wrong:
        standing[of.seed.position(name)] = 2
    assert of.error(standing) == 0


def test_charters_in_which_nothing_is_at_stake_are_left_out() -> None:
    found = cells(3)
    assert [c.start > 1e-3 for c in found] == [True] * 3
    assert len({c.key for c in found}) == 3


def test_an_annotator_errs_at_the_rate_and_says_the_same_whatever_the_order() -> None:
    of = cell(0)
    said = heard(of, 0.3)
    ids = [[v.id for v in i.variants] for i in of.seed.items]
    wrong = [s != ids[f][of.truth[f]] for f, all_ in enumerate(said) for s in all_]
    # 48 items, heard 40 times each: four standard deviations of a share of .3 are .042
    assert np.mean(wrong) == pytest.approx(0.3, abs=0.042)
    assert all(s in ids[f] for f, all_ in enumerate(said) for s in all_)
    assert heard(of, 0.3) == said
    assert {s for f, all_ in enumerate(heard(of, 0.0)) for s in all_ if s != ids[f][of.truth[f]]} == set()


def ran(order: str, reach: float, key: int, beliefs: str = "learning") -> Run:
    """A study whose error falls to 0.3 of its start at once, after so many answers."""
    left = [{"q": q, "minutes": q / 2, "error": 1.0 if q < reach else 0.3, "found": q / 8} for q in range(0, 129, 8)]
    return Run(key, order, beliefs, 0.0, 1.0, 4, left)


def test_answers_are_counted_to_where_the_error_is_and_ratios_are_paired_by_charter() -> None:
    assert ran("value", 16, 0).answers == 16
    assert ran("value", 16, 0).minutes == 8
    assert ran("value", 16, 0).left == pytest.approx(0.3)
    assert ran("value", 999, 0).answers == UNREACHED
    runs = [ran("value", 8, 0), ran("value", 40, 1), ran("random", 16, 0), ran("random", 80, 1)]
    found = {r["claim"]: r for r in rows_of(runs)}
    ratio = found["dicta, annotator errs 0: answers, value with learning beliefs over random"]
    assert ratio["value"] == pytest.approx(0.5)
    assert ratio["interval"] == [0.5, 0.5]
    assert ratio["met"] is True
    worse = rows_of([*runs[:2], ran("random", 4, 0), ran("random", 4, 1)])
    assert [r["met"] for r in worse if r["target"] == "< 1"] == [False]


def test_a_study_comes_there_in_the_products_own_order() -> None:
    of = cell(0)
    found = curve(of, "value", "learning", 0.0)
    assert found[0]["error"] == pytest.approx(of.start)
    assert found[-1]["error"] <= 0.3 * of.start
    assert found[-1]["q"] < len(of.seed)
    assert "value" in BELIEVING
