"""Every form keeps its promises in every channel, and a form that does not is told so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from activeseed.perturbations import Relabel, Reweigh
from activeseed.question import Answer, Question, Reply, Says, Settled
from activeseed.questions import FORMS, LIST
from activeseed.seed import ABSENT, AS_WRITTEN, Entry, Item, Pair, Seed, Text, Variant, with_flips
from activeseed.testing import check_form
from tests.toy_forms import GOOD, MENDED, POOR, SKIP, RateIt

SEED = Seed(
    items=(
        Item(id="a", payload=Text(text="I'm an AI."), group="g"),
        Item(id="b", payload=Text(prompt="And you?", text="Trust me.\nReally."), group="g"),
        Item(
            id="c", payload=Text(text="Ask first."), alternatives=(Variant(id="w1", payload=Text(text="Ask me.")),),
            group="h",
        ),
    )
)  # fmt: skip
PAIRS = with_flips(
    Seed(
        items=(
            Item(id="p", payload=Pair(prompt="May I stop?", chosen="Ask first.", rejected="Yes.")),
            Item(id="q", payload=Pair(prompt="And now?", chosen="x", rejected="y")),
        )
    )
)
CANDIDATES = Seed(
    items=(
        Item(
            id="ada", payload=Entry(text="Ada.", fields={"program": "user", "mass": 2}),
            alternatives=(Variant(id="half", payload=Entry(text="Ada.", fields={"program": "user", "mass": 1})),),
        ),
        Item(id="cat", payload=Entry(fields={"program": "cat"})),
    )
)  # fmt: skip
#: pieces of a prior, one of them with other masses to choose from
MASSES = Reweigh().variants(
    Seed(
        items=(
            Item(id="a", payload=Entry(text="Hot soup.", fields={"objective": "soup", "mass": 0.5})),
            Item(id="b", payload=Entry(fields={"theta": [1.0, 0.0], "mass": 0})),
        )
    )
)
ANCHORS = Relabel().variants(
    Seed(
        items=tuple(
            Item(id=f"a{k}", payload=Entry(text=text, fields={"concept": concept}))
            for k, (text, concept) in enumerate((("Ask me.", "open"), ("Do it now.", "pushy"), ("Maybe?", "vague")))
        )
    )
)
#: what questions of a kind are about, where that is no text
SEEDS = {
    "judge_pair": PAIRS, "judge_candidate": CANDIDATES, "weigh_objective": MASSES, "assign_concept": ANCHORS,
}  # fmt: skip
WORDINGS = {AS_WRITTEN: "Ask first.", "w1": "Ask me."}
#: questions of the forms that are drawn up by the study itself, or that have more to offer than what is drawn up
GIVEN: dict[str, tuple[Question, ...]] = {
    "review": (Question(id="r", kind="review", items=("c",), text="Ask first.", options=WORDINGS),),
    "resolve": (
        Question(id="r", kind="resolve", items=("c",), text="Ask first.", options=WORDINGS),
        Question(id="s", kind="resolve", items=("a",), text="I'm an AI.", options={AS_WRITTEN: "I'm an AI."}),
    ),
    "prefer_outcome": (
        Question(id="o", kind="prefer_outcome", items=(), group="z1", text="a joke",
                 options={"approve": "yes", "reject": "no"}),
    ),
    "judge_dream": (
        Question(id="o", kind="judge_dream", items=(), group="z1", text="a joke", place=Text(text="a joke"),
                 options={"approve": "yes", "reject": "no"}),
    ),
    LIST.kind: (LIST.over(SEED, [(SEED["a"], SEED["a"].variants[1]), (SEED["c"], SEED["c"].variants[2])], "l", 1),),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_of_the_package_keeps_its_promises(kind: str) -> None:
    check_form(FORMS[kind], SEEDS.get(kind, SEED), GIVEN.get(kind, ()))


def test_disagreements_about_pairs_are_settled_in_every_channel() -> None:
    options = {v.id: v.wording for v in PAIRS["p"].variants if v.id != ABSENT}
    check = Question(id="r", kind="resolve", items=("p",), text=PAIRS["p"].payload.wording, options=options)
    text = Question(id="t", kind="resolve", items=("p",), text=PAIRS["p"].payload.wording,
                    options={**options, "w1": "another"})  # fmt: skip
    with pytest.raises(AssertionError, match="'choose' names an item or a variant that the seed does not have"):
        check_form(FORMS["resolve"], PAIRS, [check, text])
    with pytest.raises(AssertionError, match="none of the questions takes 'choose'"):
        check_form(FORMS["resolve"], PAIRS, [check])


def test_a_form_from_outside_keeps_them_too() -> None:
    check_form(RateIt(), SEED)


# --- liars, each by one thing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SettlesEverything(RateIt):
    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled(says=(Says(question.items[0], AS_WRITTEN),))


@dataclass(frozen=True)
class SettlesNothing(RateIt):
    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled()


@dataclass(frozen=True)
class SettlesOthers(RateIt):
    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled(says=(Says("c", ABSENT),)) if answer.verdict == "poor" else Settled()


@dataclass(frozen=True)
class NamesWhatIsNot(RateIt):
    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled(says=(Says(question.items[0], "w9"),)) if answer.verdict == "poor" else Settled()


@dataclass(frozen=True)
class SaysTheOpposite(RateIt):
    def simulated(self, question: Question, person: Any) -> dict[str, Any]:
        return {"verdict": "poor" if super().simulated(question, person)["verdict"] == "good" else "good"}


@dataclass(frozen=True)
class SaysWhatItDoesNotTake(RateIt):
    def simulated(self, question: Question, person: Any) -> dict[str, Any]:
        return {"verdict": "keep"}


@dataclass(frozen=True)
class NeedsTheSeed(RateIt):
    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        items[question.items[0]]
        return super().settles(question, answer, items)


@dataclass(frozen=True)
class AsksAboutOthers(RateIt):
    def draw(self, occasion: Any) -> list[Question]:
        return [Question(id="q", kind=self.kind, items=("a",), text="Something else.")]


class WithoutSimulated:
    kind, about, sighted, asks, titled, fields = "half", "item", False, "half?", "halves", ()
    replies = (GOOD, SKIP)

    def title(self, question: Question) -> str:
        return "Half?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Any, parts: int = 1) -> float:
        return 1.0

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled()


CHOOSES = Reply("choose", "c", "another one", "variant")
LIARS: list[tuple[Any, str]] = [
    (WithoutSimulated(), "has no 'simulated'"),
    (RateIt(kind="review"), "'review', which is taken"),
    (RateIt(kind="Rate it"), "calls itself 'Rate it'"),
    (RateIt(replies=(GOOD, POOR)), "takes no 'skip'"),
    (RateIt(replies=(GOOD, GOOD, SKIP)), "has a verdict twice"),
    (RateIt(replies=(replace(GOOD, key="q"), SKIP)), "none of the terminal's own"),
    (RateIt(replies=(GOOD, replace(POOR, key="g"), SKIP)), "two verdicts under one key"),
    (RateIt(replies=(GOOD, POOR, CHOOSES, SKIP)), "needs the field .'variants'. of a task"),
    (RateIt(replies=(GOOD, POOR, MENDED, Reply("merged", "m", "they say the same", "lines"), SKIP)), "field .'lines'."),
    (RateIt(fields=("pictures",)), "'pictures'. that tasks don't have"),
    (RateIt(about="lines", sighted=True), "shows what others said of an item, and is about none"),
    (RateIt(pace=0.0), "takes 0"),
    (RateIt(titled="a name that is too long for the page of a project"), "needs 'titled'"),
    (SettlesEverything(), "'depends' settles something"),
    (SettlesNothing(), "settles nothing by any of its verdicts"),
    (SettlesOthers(), "about items that were not asked about"),
    (NamesWhatIsNot(), "'poor' names an item or a variant that the seed does not have"),
    (SaysTheOpposite(), "who knows that '(absent|as_written)' is right says"),
    (SaysWhatItDoesNotTake(), "gives an answer that is not legal"),
    (NeedsTheSeed(), "'settles' fails: KeyError"),
    (AsksAboutOthers(), "the text of a question about an item is one of its wordings"),
]


@pytest.mark.parametrize(("form", "gap"), LIARS, ids=[type(f).__name__ + g[:12] for f, g in LIARS])
def test_a_form_that_lacks_something_is_told_what(form: Any, gap: str) -> None:
    with pytest.raises(AssertionError, match=gap):
        check_form(form, SEED)
