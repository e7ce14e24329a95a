"""The studies whose results are kept: the bundled examples, and three small personas under one system each.

A persona is a seed of statements of which some say the opposite. All of it is text that stands here, and nothing is
drawn from what a later version may draw otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.cli.planted import EXAMPLES, make
from activeseed.embedders import Tfidf
from activeseed.estimators import Auto, Bootstrap, Jansen, LeaveOneOut, Regression
from activeseed.executors import InProcess
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Entry, Item, Probe, Seed, Text, Variant
from activeseed.study import Study
from activeseed.systems.cirl import CIRL
from activeseed.systems.league import OversightLeague
from activeseed.systems.own import FromFunction
from activeseed.systems.predca import PreDCA
from tests.toy_materials import candidates


@dataclass(frozen=True)
class Scene:
    """A study as it begins.

    Attributes:
        make: makes it in a folder that does not exist.
        truth: item or gold question -> the variant that is right, as the scripted answers say it; *as written* for
            what it does not name.
        asks: whether questions are asked and answered; else it is ranked, and that is all.
    """

    make: Callable[[Path], Study]
    truth: Callable[[Study], Mapping[str, str]]
    asks: bool = True


# --- the bundled examples -------------------------------------------------------------------------------------------


def _bundled(what: str) -> Scene:
    def made(folder: Path) -> Study:
        return make(EXAMPLES[what], folder, 0, "tfidf")[0]

    def truth(study: Study) -> Mapping[str, str]:
        lines = map(json.loads, (study.folder / "truth.jsonl").read_text("utf-8").splitlines())
        return {**study.gold_answers, **{line["id"]: _right(line) for line in lines}}

    return Scene(made, truth)


def _right(line: Mapping[str, Any]) -> str:
    """The variant that a line of a truth file means; another wording is named by its place, from 0."""
    known = {"keep": AS_WRITTEN, "reject": ABSENT, "flip": FLIPPED}
    return known[line["answer"]] if line["answer"] in known else f"wording-{line['variant'] + 1}"


# --- personas -------------------------------------------------------------------------------------------------------

#: who they are: what they say of a thing, what they would never say of it, and the things
PERSONAS: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "curious": (
        ("I want to know how {} came about.", "Ask me about {} and I will read until midnight.",
         "There is always more to find out about {}.", "I took {} apart to see what is inside."),
        ("I never wonder about {}, it is just there.", "Reading about {} is a waste of an evening.",
         "Who cares how {} came about?"),
        ("the old clock", "the tides", "bread", "the neighbour's radio", "Roman roads", "moss", "the lift", "a comet"),
    ),
    "frugal": (
        ("I mend {} before I buy another.", "I compare three prices before I pay for {}.",
         "I borrow {} from a friend and bring it back.", "I save a month for {} and owe nobody."),
        ("I throw {} away when I am tired of it.", "I put {} on the card and don't look at the sum.",
         "The dearest {} is the one for me."),
        ("my coat", "a bicycle", "the kettle", "a tent", "the lamp", "a pair of boots", "the printer", "a suitcase"),
    ),
    "blunt": (
        ("I say to their face what I think of {}.", "I won't praise {} if it is bad.",
         "You asked about {}, so here is the plain answer.", "If {} has a fault, I name it first."),
        ("I tell everybody that {} is wonderful, whatever I think.", "About {} I say what they want to hear.",
         "I keep quiet about {}, somebody may be hurt."),
        ("the plan", "your essay", "this soup", "the new office", "her painting", "the budget", "my own work",
         "the song"),
    ),
}  # fmt: skip
#: items of a persona, how many of them say the opposite, and how sure its author is of each
ITEMS, WRONG, BELIEF = 24, 6, 0.75


def _statements(persona: str) -> tuple[list[str], list[str]]:
    """What the persona says, and what it would never say, in an order in which neighbours differ."""
    yes, no, things = PERSONAS[persona]

    def of(openings: Sequence[str]) -> list[str]:
        wide = len(things)
        return [openings[(k % wide + k // wide) % len(openings)].format(things[k % wide]) for k in range(ITEMS)]

    return of(yes), of(no)


def _is_wrong(n: int) -> bool:
    return n % 4 == 2 and n < 4 * WRONG


def persona_seed(persona: str, wordings: bool = False) -> Seed:
    """24 items in two groups, every fourth the opposite of what it should say; some with a second wording."""
    yes, no = _statements(persona)
    items = []
    for n in range(ITEMS):
        text = no[n] if _is_wrong(n) else yes[n]
        other = (Variant(id="wording-1", payload=Text(text=f"Honestly: {text}")),) if wordings and n % 6 == 0 else ()
        items.append(
            Item(
                id=f"{persona}-{n:02d}",
                payload=Text(text=text),
                group="ab"[n % 2],
                alternatives=other,
                belief=None if wordings else {AS_WRITTEN: BELIEF, ABSENT: 1.0 - BELIEF},
            )
        )
    return Seed(items=tuple(items))


def _places(texts: Sequence[str], prefix: str, label: Callable[[int], float | None]) -> tuple[Probe, ...]:
    return tuple(Probe(id=f"{prefix}{n:02d}", payload=Text(text=t), label=label(n)) for n, t in enumerate(texts))


def persona_study(persona: str, folder: Path, system: Any, **settings: Any) -> Study:
    """A study of a persona: gold questions, labelled probes, and a pool of what it would never say."""
    yes, no = _statements(persona)
    seed = persona_seed(persona, wordings=persona == "curious")
    probes = [f"{t} Yes, I do." for t in yes[::2]] + [f"{t} So what." for t in no[::2]]
    tables: dict[str, Any] = {
        "embedder": Tfidf(),
        "estimator": Auto(rows=160, pairs=24, bases=8, bootstrap_rows=24, group_rows=24, keys=5),
        "replicates": 5,
        "ask": {"batch": 8, "consequences": 2},
    } | settings
    return Study.create(
        folder,
        seed,
        system,
        probes=_places(probes, "z", lambda n: float(n < 12)),
        pool=_places([f"{t} That is me." for t in no], "p", lambda n: None),
        gold=[
            {"id": "gold-1", "text": yes[3] + " Always.", "answer": "keep"},
            {"id": "gold-2", "text": no[5] + " Always.", "answer": "reject"},
        ],
        **tables,
    )


def _persona(persona: str, system: Callable[[], Any], asks: bool = True, **settings: Any) -> Scene:
    def truth(_study: Study) -> Mapping[str, str]:
        wrong = {f"{persona}-{n:02d}": ABSENT for n in range(ITEMS) if _is_wrong(n)}
        return {**wrong, "gold-2": ABSENT}

    return Scene(lambda folder: persona_study(persona, folder, system(), **settings), truth, asks)


def word_counts(items: Any, key: int, probes: Any) -> Any:
    """A trainer that counts words: a probe is approved of as its words are found in the items, give or take."""
    rng = np.random.default_rng(key)
    counts: dict[str, float] = {}
    for item in items:
        for word in _words(item.payload.text):
            counts[word] = counts.get(word, 0.0) + item.weight
    total = 1.0 + sum(item.weight for item in items)
    found = [_words(p.payload.text) for p in probes]
    score = np.array([sum(counts.get(w, 0.0) for w in words) / len(words) for words in found]) / total
    odds = np.exp(4.0 * (score - 0.25) - 0.2 * rng.standard_normal(len(probes)))
    return (odds / (1.0 + odds)).tolist()


@cache
def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.lower().split()))


def _function(deterministic: bool = False) -> FromFunction:
    return FromFunction(
        word_counts if not deterministic else sure_counts,
        compare="hellinger",
        weighted=True,
        deterministic=deterministic,
        version="1",
    )


def sure_counts(items: Any, key: int, probes: Any) -> Any:
    """The same without the give or take."""
    return word_counts(items, 0, probes)


def _mlp() -> OversightLeague:
    return OversightLeague(evaluator="mlp", hidden=8, rounds=2, steps=12, opponents="prioritised", drawn=2)


def _chef() -> Scene:
    """A prior over what may be cooked, at half and double as well."""
    masses = {"soup": 0.4, "salad": 0.3, "pizza": 0.2, "stew": 0.1}
    items = [Item(id=o, payload=Entry(fields={"objective": o, "mass": m}), belief={AS_WRITTEN: 0.6, ABSENT: 0.2,
             "half": 0.1, "double": 0.1}, alternatives=_reweighed(o, m)) for o, m in masses.items()]  # fmt: skip

    def made(folder: Path) -> Study:
        estimator = Auto(rows=160, pairs=24, bases=8, bootstrap_rows=24, group_rows=24, keys=5)
        return Study.create(folder, Seed(items=tuple(items)), CIRL(), embedder=Tfidf(), estimator=estimator)

    return Scene(made, lambda _study: {}, asks=False)


def _reweighed(objective: str, mass: float) -> tuple[Variant, ...]:
    each = {"half": mass / 2, "double": mass * 2}
    return tuple(Variant(id=n, payload=Entry(fields={"objective": objective, "mass": m})) for n, m in each.items())


def _ring() -> Scene:
    """The candidates of the built-in ring, four of its programs and three that are the user in other ways."""

    def made(folder: Path) -> Study:
        estimator = Auto(rows=160, pairs=24, bases=8, bootstrap_rows=24, group_rows=24, keys=5)
        return Study.create(folder, candidates().seed, PreDCA(), embedder=Tfidf(), estimator=estimator)

    return Scene(made, lambda _study: {}, asks=False)


SCENES: Mapping[str, Scene] = {
    "bundled-statements": _bundled("statements"),
    "bundled-pairs": _bundled("pairs"),
    "curious-league": _persona("curious", OversightLeague),
    "frugal-mlp": _persona("frugal", _mlp),
    "blunt-function": _persona("blunt", _function, executor=InProcess()),
    "blunt-sure-function": _persona("blunt", lambda: _function(deterministic=True), executor=InProcess()),
    "curious-laws": _persona("curious", OversightLeague, asks=False, estimator=LeaveOneOut(law="wordings", keys=2)),
    "curious-regression": _persona("curious", OversightLeague, asks=False, estimator=Regression(rows=160)),
    "frugal-jansen": _persona("frugal", _mlp, asks=False, estimator=Jansen(bases=12)),
    "chef-cirl": _chef(),
    "ring-predca": _ring(),
    "frugal-bootstrap": _persona("frugal", _mlp, asks=False, estimator=Bootstrap(rows=48, group_rows=24)),
}  # fmt: skip
