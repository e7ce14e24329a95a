"""A trainer that fails in one kind of row: that kind's line is lost, with its reason, and not the ranking."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed import Auto, FromFunction, InProcess, LeaveOneOut, Study
from activeseed.errors import TooManyFailuresError
from activeseed.seed import Item, Pair, Probe, Seed, Text, with_flips

WORDS = ["honest", "kind", "brief", "clear", "calm", "fair"]


def study(folder: Path, train: Any, estimator: Any, pairs: bool = False, **more: Any) -> Study:
    payloads = [Pair(prompt="?", chosen=w, rejected="rude") if pairs else Text(text=w) for w in WORDS]
    seed = with_flips(Seed(items=tuple(Item(id=w, payload=p) for w, p in zip(WORDS, payloads, strict=True))))
    probes = tuple(Probe(id=f"p{n}", payload=Text(text=w)) for n, w in enumerate(WORDS))
    system = FromFunction(train, **{"compare": "hellinger", "deterministic": True, **more})
    return Study.create(folder, seed, system, probes=probes, estimator=estimator, executor=InProcess())


def known(items: Any, probes: Any) -> list[float]:
    """Each item moves its own probe alone, by a size of its own."""
    there = {i.payload.texts[0] for i in items}
    return [0.5 + 0.05 * n * (p.payload.text in there) for n, p in enumerate(probes)]


def plain(items: Any, key: Any, probes: Any) -> Any:
    return known(items, probes)


def needs_brief(items: Any, key: Any, probes: Any) -> Any:
    if all(i.id != "brief" for i in items):
        raise ValueError("no brief item")
    return known(items, probes)


def reads_no_flip(items: Any, key: Any, probes: Any) -> Any:
    if any(i.variant == "flipped" for i in items):
        raise ValueError("a flipped pair")
    return known(items, probes)


@pytest.mark.parametrize("estimator", [Auto(rows=30, bases=0), Auto(bases=4, rows=60)], ids=["small", "all parts"])
def test_an_item_that_is_needed_is_not_measured_and_the_others_are(tmp_path: Path, estimator: Auto) -> None:
    right = study(tmp_path / "plain", plain, estimator).rank(by="effect").to_frame().set_index("id")
    ranking = study(tmp_path / "needs", needs_brief, estimator).rank(by="effect")
    frame = ranking.to_frame().set_index("id")
    others = [w for w in WORDS if w != "brief"]
    np.testing.assert_allclose(frame.loc[others, "effect"], right.loc[others, "effect"], atol=1e-9)
    assert frame.loc["brief", ["effect", "first_order", "value"]].isna().all()
    assert frame.loc["brief", "not_measured"].startswith(
        "every training without brief failed: ValueError: no brief item"
    )
    assert (frame.loc[others, "not_measured"] == "").all()
    assert frame["first_order"].drop("brief").notna().all()
    assert ranking.order("effect")[-1] == WORDS.index("brief")
    said = [n for n in ranking.notes if n.startswith("Not measured")]
    assert len(said) == 1
    assert "every training without brief failed (ValueError: no brief item, at line" in said[0]


def test_flips_that_nobody_can_train_cost_the_flips(tmp_path: Path) -> None:
    right = study(tmp_path / "plain", plain, Auto(rows=30, bases=0), pairs=True).rank(by="effect").to_frame()
    made = study(tmp_path / "flips", reads_no_flip, Auto(rows=30, bases=0, also=("flip",)), pairs=True)
    ranking = made.rank(by="effect")
    frame = ranking.to_frame()
    assert frame["id"].tolist() == right["id"].tolist()
    np.testing.assert_allclose(frame["effect"], right["effect"], atol=1e-9)
    assert frame["flip_effect"].isna().all()
    assert frame["first_order"].isna().all()
    assert frame["not_measured"].str.contains("as flipped failed: ValueError: a flipped pair").all()
    assert made.ask(2) == []


def test_a_law_of_which_nothing_can_be_trained_is_no_ranking(tmp_path: Path) -> None:
    made = study(tmp_path / "flips", reads_no_flip, LeaveOneOut(law="flip"), pairs=True)
    with pytest.raises(TooManyFailuresError, match=r"No item's effect can be measured.*a flipped pair"):
        made.rank(by="effect")


def warns(items: Any, key: Any, probes: Any) -> Any:
    warnings.warn(f"did not converge, gap {len(items) / 7}", RuntimeWarning, stacklevel=1)
    return known(items, probes)


def test_a_warning_is_shown_once_and_the_ranking_says_how_often_it_came(tmp_path: Path) -> None:
    made = study(tmp_path / "study", warns, LeaveOneOut())
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        ranking = made.rank(by="effect")
    assert [str(w.message)[:16] for w in shown] == ["did not converge"]
    assert shown[0].category is RuntimeWarning
    (said,) = [n for n in ranking.notes if n.startswith("The trainer warned")]
    assert said.startswith(f"The trainer warned {made.budget.trainings} times: RuntimeWarning: did not converge, gap ")
    assert (
        Study.open(made.folder, system=FromFunction(warns, compare="hellinger", deterministic=True))
        .rank(by="effect")
        .notes
        == ranking.notes
    )
