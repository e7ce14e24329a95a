"""Entries with half and double the mass, and what is no mass."""

from __future__ import annotations

from pathlib import Path

import pytest

import activeseed as act
from activeseed.errors import ConfigError


def seed_of(*masses: object) -> act.Seed:
    return act.Seed(
        items=tuple(
            act.Item(id=f"i{k}", payload=act.Entry(fields={"objective": f"o{k}", "mass": m}))
            for k, m in enumerate(masses)
        )
    )


def masses(item: act.Item, field: str = "mass") -> dict[str, object]:
    return {v.id: v.payload.fields[field] for v in item.variants if isinstance(v.payload, act.Entry)}


def test_a_mass_is_halved_and_doubled_and_nothing_else_is_said_otherwise() -> None:
    first, second = act.Reweigh().variants(seed_of(3, 0.25)).items
    assert masses(first) == {"as_written": 3, "half": 1.5, "double": 6.0}
    assert masses(second) == {"as_written": 0.25, "half": 0.125, "double": 0.5}
    assert [v.origin for v in first.variants] == ["written", "absent", "drift", "drift"]
    assert first.variants[2].payload == act.Entry(fields={"objective": "o0", "mass": 1.5})


def test_what_is_no_weight_is_left_as_it_is() -> None:
    texts = act.Seed(items=tuple(act.Item(id=t, payload=act.Text(text=t)) for t in "ab"))
    for seed in (seed_of(0, True), seed_of("much", None), texts):
        assert act.Reweigh().variants(seed) == seed
    assert act.Reweigh(field="weight").variants(seed_of(1, 2)) == seed_of(1, 2)


def test_a_product_that_is_there_or_is_no_number_is_not_added() -> None:
    item = act.Item(
        id="a",
        payload=act.Entry(fields={"mass": 1e300}),
        alternatives=(act.Variant(id="mine", payload=act.Entry(fields={"mass": 2e300})),),
    )
    seed = act.Seed(items=(item, act.Item(id="b", payload=act.Entry(fields={"mass": 5e-324}))))
    grown = act.Reweigh(times=(2, 1e9, 0.5, 1e-9)).variants(seed)
    assert list(masses(grown.items[0])) == ["as_written", "mine", "half", "times-1e-09"]
    assert list(masses(grown.items[1])) == ["as_written", "double", "times-1e+09"]


def test_other_factors_are_named_by_their_number() -> None:
    grown = act.Reweigh(field="prior", times=(0.1, 3)).variants(
        act.Seed(items=tuple(act.Item(id=k, payload=act.Entry(fields={"prior": 2.0, "of": k})) for k in "ab"))
    )
    assert masses(grown.items[0], "prior") == {"as_written": 2.0, "times-0.1": 0.2, "times-3": 6.0}


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ((), "times"), ((0.0,), "positive factor"), ((-1.0,), "positive factor"), ((1.0,), "changes nothing"),
        ((2.0, 2.0), "names a factor twice"), ((float("nan"),), "finite"),
    ],
)  # fmt: skip
def test_factors_that_are_none_are_refused(times: tuple[float, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        act.Reweigh(times=times)


def test_variants_come_back_from_a_file_as_a_machines(tmp_path: Path) -> None:
    grown = act.Reweigh().variants(seed_of(1, 3))
    act.write_seed(grown, tmp_path / "seed.jsonl")
    assert act.read_seed(tmp_path / "seed.jsonl") == grown
