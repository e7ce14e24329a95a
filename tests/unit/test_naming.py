"""Outcomes are called what a person would call them, and a name that says nothing is answered with one that does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activeseed.analyses.sides import Side, rows_of
from activeseed.errors import PlanError, SeedError
from activeseed.seed import Item, Seed, Text, Variant
from activeseed.study.naming import is_side, side_named
from activeseed.study.state import SeedVersion, State
from activeseed.testing.toys import linear


def item(name: str, group: str = "", copies: int = 1) -> Item:
    other = Variant(id="plainer", payload=Text(text=f"{name}, in plain words"))
    return Item(id=name, payload=Text(text=f"text of {name}"), group=group, alternatives=(other,), copies=copies)


FIRST = Seed(items=(item("short", "style"), item("kind", "style"), item("safe", "harm"), item("a,b", "harm")))
SECOND = FIRST.revise(items=[*FIRST.items, item("new", "harm")], standing={"kind": "absent", "safe": "plainer"})


def state(*seeds: Seed, **pins: int) -> State:
    return State(versions=[SeedVersion(n, s) for n, s in enumerate(seeds)], pins=pins)


NOW = state(FIRST, SECOND, reviewed=1)


def changes(name: str, of: State = NOW) -> dict[str, str]:
    return dict(side_named(name, of).changes)


def test_versions_are_what_the_newest_seed_is_changed_in() -> None:
    assert changes("latest") == changes("v1") == changes("reviewed") == changes(SECOND.version[:6]) == {}
    assert changes("v0") == {"kind": "as_written", "safe": "as_written", "new": "absent"}


def test_parts_are_joined_and_the_later_word_counts_against_a_version() -> None:
    assert changes("without:short,new") == {"short": "absent", "new": "absent"}
    assert changes("only:style") == {"safe": "absent", "a,b": "absent", "new": "absent"}
    assert changes("without-group:style+safe=as_written") == {"short": "absent", "kind": "absent", "safe": "as_written"}
    assert changes("safe=as_written,short=plainer") == {"safe": "as_written", "short": "plainer"}
    assert changes("v0+safe=plainer") == {"kind": "as_written", "safe": "plainer", "new": "absent"}
    assert changes('without:"a,b" + short = plainer') == {"a,b": "absent", "short": "plainer"}


def test_a_replicate_stands_behind() -> None:
    assert side_named("v0@3", NOW).key == 3
    assert side_named("@2", NOW) == Side(name="@2", key=2)
    assert side_named("without:new@0", NOW).key == 0
    odd = state(Seed(items=(item("mail@2"), item("other"))))
    assert changes("without:mail@2", odd) == {"mail@2": "absent"}


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("", PlanError, "names no outcome"),
        ("v9", SeedError, r"There is no outcome 'v9'\. Did you mean 'v0'|'v1'"),
        ("short", SeedError, "is an item.*'without:short'.*plainer"),
        ("style", SeedError, "is a group.*'only:style'"),
        ("without:shart", SeedError, "no item 'shart'. Did you mean 'short'"),
        ("only:stile", SeedError, "no group 'stile'. Did you mean 'style'"),
        ("short=planer", SeedError, "no variant 'planer'. Did you mean 'plainer'"),
        ("witout:short", SeedError, "Did you mean 'without'"),
        ("without:", PlanError, "names nothing behind the colon"),
        ("v0+", PlanError, "nothing stands on one side"),
        ("v0+v1", PlanError, "names two versions"),
        ("without:short+short=plainer", PlanError, "of item 'short'.*Say one"),
        ("short=as_written=plainer", PlanError, "no ITEM=VARIANT"),
        ('without:"a,b', PlanError, "double quote is opened"),
        ("without-group:style,harm", PlanError, "leaves no item standing"),
    ],
)  # fmt: skip
def test_a_name_that_says_nothing_is_answered(name: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        side_named(name, NOW)
    assert not is_side(name, NOW)


def test_a_group_of_a_seed_without_groups_is_said() -> None:
    bare = state(Seed(items=(item("one"), item("two"))))
    with pytest.raises(SeedError, match="No item of this seed has a group"):
        side_named("only:style", bare)


def test_a_version_whose_texts_are_gone_is_said_with_what_to_do() -> None:
    edited = FIRST.revise(items=[item("short"), item("kind"), Item(id="safe", payload=Text(text="rewritten"))])
    with pytest.raises(PlanError, match=r"2 of its texts .*\(safe, a,b\).*seed export"):
        side_named("v0", state(FIRST, edited))


def test_what_was_merged_since_weighs_as_it_did() -> None:
    merged = FIRST.revise(items=[item("short", "style", copies=2), *FIRST.items[1:]], standing={"kind": "absent"})
    side = side_named("v0", state(FIRST, merged))
    assert side.changes == {"kind": "as_written"}
    assert side.weights == {"short": 0.5}
    problem = replace(linear().problem(first_key=7), seed=merged)
    rows = rows_of(problem, [side, Side(key=1)])
    assert rows.variants.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0]]
    assert rows.keys.tolist() == [7, 8]
    assert rows.multiplicity is not None
    assert rows.multiplicity.tolist() == [[0.5, 1, 1, 1], [1, 1, 1, 1]]
    with pytest.raises(PlanError, match="merged weigh otherwise"):
        rows_of(replace(problem, weighted=False), [side])
