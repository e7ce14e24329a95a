"""What every perturbation promises, and that the check finds who breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from activeseed.perturbations import Drift, Drop, Flip, Framing, Paraphrase, Relabel, Reweigh, Wordings
from activeseed.seed import ABSENT, AS_WRITTEN, Entry, Item, Pair, Seed, Text, Variant
from activeseed.testing import check_perturbation

TEXTS = Seed(
    items=(
        Item(id="a", payload=Text(text="Ask first."), belief={AS_WRITTEN: 0.7, ABSENT: 0.3}, group="g"),
        Item(
            id="b",
            payload=Text(text="Say so."),
            alternatives=(Variant(id="w", payload=Text(text="Say it.")),),
            copies=2,
            metadata={"by": "ann"},
        ),
        Item(id="c", payload=Text(text="Wait.")),
    ),
    standing={"b": "w", "c": ABSENT},
)
PAIRS = Seed(items=tuple(Item(id=f"p{k}", payload=Pair(chosen=f"a{k}", rejected=f"b{k}")) for k in range(3)))


ANCHORS = Seed(
    items=(
        Item(id="a", payload=Entry(text="Ask me.", fields={"concept": "open", "note": 1}), belief={AS_WRITTEN: 1.0}),
        Item(
            id="b",
            payload=Entry(text="Now.", fields={"concept": "absent"}),
            alternatives=(Variant(id="open", payload=Entry(text="At once.", fields={"concept": "open"})),),
        ),
        Item(id="c", payload=Entry(text="?", fields={"concepts": {"open": 0.5}})),
        Item(id="d", payload=Entry(fields={"concept": "vague", "direction": "vague"})),
        Item(id="e", payload=Entry(text="0", fields={"concept": 1})),
    ),
    standing={"b": "open"},
)


#: what the rules have something to say of, beside what an author and an annotator said
RULES = Seed(
    items=(
        Item(
            id="a",
            payload=Text(prompt="May I?", text="All users should ask first. Never lie to them.", authority="developer"),
            alternatives=(
                Variant(id="w", payload=Text(text="Ask.")),
                Variant(id="edit-1", payload=Text(text="Do ask.")),
            ),
        ),
        Item(
            id="b",
            payload=Text(text="If a user asks, you must not answer."),
            alternatives=(Variant(id="paraphrase-1", payload=Text(text="You must not answer if a user asks.")),),
        ),
        Item(id="c", payload=Text(text="Nein."), belief={AS_WRITTEN: 1.0}),
    ),
    standing={"a": "edit-1"},
)

#: pieces of a prior: one weight is a variant's already, one is none, and one is no number
MASSES = Seed(
    items=(
        Item(
            id="a",
            payload=Entry(text="Soup.", fields={"objective": "soup", "mass": 3}),
            alternatives=(Variant(id="more", payload=Entry(text="Soup.", fields={"objective": "soup", "mass": 6})),),
            belief={AS_WRITTEN: 0.7, ABSENT: 0.3},
        ),
        Item(id="b", payload=Entry(fields={"objective": "salad", "mass": 0})),
        Item(id="c", payload=Entry(fields={"objective": "cake", "mass": True})),
        Item(id="d", payload=Entry(fields={"objective": "pie", "mass": 0.5, "prior": 1.5})),
        Item(id="e", payload=Entry(fields={"objective": "stew"})),
    ),
    standing={"a": "more"},
)


@pytest.mark.parametrize(
    "seed", [TEXTS, PAIRS, RULES, ANCHORS, MASSES], ids=["texts", "pairs", "rules", "anchors", "masses"]
)
@pytest.mark.parametrize(
    "perturbation",
    [
        Drop(), Flip(), Paraphrase(), Paraphrase(most=20), Drift(), Framing(), Relabel(), Relabel(most=1),
        Reweigh(),
        Reweigh(field="prior", times=(0.1, 1e9, 3)),
    ],
    ids=lambda p: p.kind,
)  # fmt: skip
def test_the_packages_own_keep_them(perturbation, seed: Seed) -> None:
    check_perturbation(perturbation, seed)


def test_wordings_keep_them() -> None:
    check_perturbation(Wordings(wordings={"a": ("Ask.", "Ask me first."), "b": ("Say it.", "Tell.")}), TEXTS)


@dataclass(frozen=True)
class Does:
    """A perturbation that does something to one item, or to the whole."""

    item: Callable[[Item], Item] = lambda item: item
    seed: Callable[[Seed], Seed] = lambda seed: seed

    def variants(self, seed: Seed) -> Seed:
        return self.seed(seed.revise(items=[self.item(i) if i.id == "a" else i for i in seed.items]))


def with_(**fields) -> Callable[[Item], Item]:
    def changed(item: Item) -> Item:
        return Item.model_validate({**{n: getattr(item, n) for n in Item.model_fields}, **fields})

    return changed


def more(*variants: Variant) -> Callable[[Item], Item]:
    def changed(item: Item) -> Item:
        known = {v.id for v in item.variants}
        return with_(alternatives=(*item.alternatives, *(v for v in variants if v.id not in known)))(item)

    return changed


def another(item: Item) -> Item:
    n = len(item.variants)
    return with_(alternatives=(*item.alternatives, Variant(id=f"n{n}", payload=Text(text=f"Ask, {n}."))))(item)


GOOD = Variant(id="softer", payload=Text(text="Ask, please."), comes_from="paraphrase")


def test_whoever_adds_a_paraphrase_and_says_so_keeps_them() -> None:
    check_perturbation(Does(more(GOOD)), TEXTS)


@pytest.mark.parametrize(
    ("liar", "said"),
    [
        (Does(with_(belief={AS_WRITTEN: 0.5, ABSENT: 0.5})), "perturbations add none"),
        (Does(with_(group="h")), "its group is another one"),
        (Does(with_(copies=3)), "its copies is another one"),
        (Does(with_(payload=Text(text="Never ask."))), "its payload is another one"),
        (Does(with_(id="z")), "changes the items' ids"),
        (Does(seed=lambda s: Seed(items=s.items[::-1], standing=s.standing)), "changes the items' ids or their order"),
        (Does(seed=lambda s: Seed(items=s.items, standing={"c": ABSENT})), "changes what stands"),
        (Does(more(Variant(id="softer", payload=Text(text="Ask first.")))), "says what 'as_written' says"),
        (Does(more(Variant(id="edit-1", payload=Text(text="Ask, please.")))), "read from its id"),
        (Does(more(GOOD.model_copy(update={"comes_from": "setting"}))), "said to be 'setting'"),
        (Does(another), "adds something to what it has added already"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_who_breaks_them_is_found(liar: Does, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_perturbation(liar, TEXTS)


def test_who_puts_new_variants_before_the_old_ones_is_found() -> None:
    class First:
        def variants(self, seed: Seed) -> Seed:
            def changed(item: Item) -> Item:
                added = () if any(v.id == "softer" for v in item.variants) else (GOOD,)
                return with_(alternatives=(*added, *item.alternatives))(item)

            return seed.revise(items=[changed(i) for i in seed.items])

    with pytest.raises(AssertionError, match="in other places"):
        check_perturbation(First(), TEXTS)


def test_who_draws_anew_each_time_is_found() -> None:
    class Drawn:
        n = 0

        def variants(self, seed: Seed) -> Seed:
            self.n += 1
            text = Text(text=f"Ask, {self.n}.")
            return Does(more(GOOD.model_copy(update={"payload": text}))).variants(seed)

    with pytest.raises(AssertionError, match="does not do the same twice"):
        check_perturbation(Drawn(), TEXTS)
