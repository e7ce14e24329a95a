"""Whole studies at the level of answers: everything the product decides with, and a trainer whose outcome is known.

The outcome of an assignment is a logistic function of a sum over items, so the linear response is exact up to the
threshold, and thousands of studies fit into minutes. Beliefs, batches, checks, answers, resolution, draws and limits
are the product's own functions; only the journal and the trainings are left out. The product's own loop runs beside it
in ``stopping`` on named cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.acquisition import Pick, proposed
from activeseed.annotators.simulated import Behaviour, Simulated, SimulatedPerson
from activeseed.asking import choosing
from activeseed.asking.so_far import SoFar
from activeseed.belief import Belief, BeliefSettings, fit_belief
from activeseed.config import AskTable
from activeseed.looking.assess import asked_in_order
from activeseed.looking.assessment import expected_error
from activeseed.looking.settling import stranger
from activeseed.plan import Floats, Ints, Law, generator, stream_key
from activeseed.question import Answer, Question
from activeseed.resolution import Gold, Resolution, Trust, draw, known_answers, mixed, resolve, trust, vouch
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text
from activeseed.stopping import Progress, budget, flip_risk, flips_below, nobody_to_rely_on, nothing_left

PROBES = 60
DRAWS = 200


@dataclass(frozen=True)
class Toy:
    """A seed of F items whose outcome on P probes is σ(Σ_i a_i W_ip + b_p), a_i = 1 where item i is in."""

    weights: Floats
    bias: Floats
    truth: NDArray[np.bool_]

    @classmethod
    def made(cls, items: int, rate: float, key: int) -> Toy:
        """Effects are heavy-tailed, as they are in real seeds; the true share that stays is ``rate``."""
        rng = generator(key, "stopping toy")
        scale = rng.exponential(1.0, (items, 1)) ** 1.5
        weights = 0.8 * scale * rng.standard_normal((items, PROBES))
        bias = -rate * weights.sum(0) + 2.5 * rng.standard_normal(PROBES)
        return cls(weights, bias, rng.random(items) < rate)

    def outcomes(self, assignments: Ints) -> Floats:
        """(N, P) probabilities; variant 1 is *absent*."""
        x = (np.atleast_2d(assignments) != 1).astype(np.float64) @ self.weights + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -50, 50))))

    def gram(self) -> Floats:
        """(2F, 2F) gram of a linear response of the outcome, for variants (as written, absent)."""
        f = len(self.weights)
        slope = self.weights * 0.25 / np.sqrt(PROBES)
        both = np.zeros((2 * f, PROBES))
        both[0::2] = slope
        return np.asarray(both @ both.T)


@dataclass
class Outcome:
    """How one study ended.

    ``called_random`` and ``trusted`` are about the first annotator, ``error`` is the estimate of their error rate with
    its interval; ``others_random``: how many of the others were called random.
    """

    stable: bool
    settled: bool
    share: float
    answers: int
    minutes: float
    called_random: bool
    lists: int
    trusted: bool = False
    others_random: int = 0
    error: tuple[float, float, float] = (float("nan"),) * 3


@dataclass(frozen=True)
class Plan:
    """One cell: who answers, what the author believed, how many gold questions there are.

    ``beside``: behaviour and error of others who answer every question as well.
    """

    items: int
    annotator: Behaviour
    error: float
    author: float
    rate: float
    gold: int
    ask: AskTable = field(default_factory=AskTable)
    beside: tuple[tuple[Behaviour, float], ...] = ()
    limit: float = 0.01
    most: int = 0


def study(plan: Plan, key: int, belief: BeliefSettings | None = None) -> Outcome:
    """One study until it stops; three answers an item and eight more at most where the plan sets no other budget."""
    toy = Toy.made(plan.items, plan.rate, key)
    table = plan.ask
    seed = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=f"statement {n}")) for n in range(plan.items)))
    prior = Law("author's", np.tile([plan.author, 1.0 - plan.author], (plan.items, 1)))
    gold = tuple(Gold(f"g{k}", Text(text=f"known {k}"), ABSENT if k % 2 else AS_WRITTEN) for k in range(plan.gold))
    known = known_answers(gold)
    truth = {i.id: AS_WRITTEN if t else ABSENT for i, t in zip(seed.items, toy.truth, strict=True)}
    people = [
        SimulatedPerson(name=f"person {n}", behaviour=who, error=error, base_rate=plan.author)
        for n, (who, error) in enumerate(((plan.annotator, plan.error), *plan.beside))
    ]
    crowd = Simulated(truth={**truth, **known}, people=tuple(people), key=stream_key(key, "annotator"))
    meant = toy.outcomes((~toy.truth).astype(np.int64))[0]
    questions: dict[str, Question] = {}
    answers: list[Answer] = []
    rule = flips_below(plan.limit) | nothing_left() | nobody_to_rely_on()
    rule = rule | budget(answers=plan.most or 3 * plan.items + 8)
    number, minutes = 0, 0.0
    while True:
        settled = resolve(
            seed, prior, questions, answers, known=known, accuracy=stranger(table), list_error=table.list_error
        )
        now = believed(
            belief or BeliefSettings(), prior, settled, questions, answers, stream_key(key, "belief", number)
        )
        base = np.asarray(settled.seed.base, np.int64)
        said = trust(seed, questions, answers, known=known)
        voucher = vouch(said)
        drawn = plausible(now, settled, stream_key(key, "draws", number))
        found = flip_risk(toy.outcomes(drawn), toy.outcomes(base)[0])
        asked_gold = {q.items[0] for q in questions.values() if q.purpose == "gold"}
        progress = Progress(
            flips=found.upper if answers else float("nan"),
            answers=sum(len(q.items) for q in questions.values()),
            open_questions=len(choosing.open_items(settled.seed, now, settled, table.readings)),
            distrusted=said.reasons if said.distrusted else (),
            unvouched=tuple(voucher.missing),
            can_vouch=len(asked_gold) < len(gold),
            hopeless=voucher.hopeless,
        )
        met = progress.flips <= plan.limit and not progress.distrusted
        batch: list[Question] = []
        if not rule(progress).stop:
            number += 1
            chosen = choosing.Known(
                seed=settled.seed, ask=table, belief=now, gram=toy.gram(), resolution=settled,
                so_far=SoFar(number, questions, answers, (), gold, said), error=expected_error(table, settled),
                list_error=expected_error(table, settled, listed=True), key=key,
            )  # fmt: skip
            size = choosing.size_of(table.batch, progress.flips, plan.limit)
            checks, picks = choosing.batch(chosen, size, urgent=met and not voucher.complete)
            made = choosing.read_again(_questions(settled.seed, now, picks, number), questions, answers)
            batch = list(mixed(made, checks, key, number))
        if not batch:
            really = (toy.outcomes(base)[0] > 0.5) != (meant > 0.5)
            return Outcome(
                stable=met and voucher.complete, settled=met, share=float(really.mean()), answers=progress.answers,
                minutes=minutes, lists=sum(q.kind == "confirm_list" for q in questions.values()),
                **_first(said, settled),
            )  # fmt: skip
        questions |= {q.id: q for q in batch}
        answers += crowd.poll(batch)
        minutes += sum(q.minutes for q in batch)


def _first(said: Trust, settled: Resolution) -> dict[str, Any]:
    """What became of the first annotator, and of the others."""
    name = "person 0"
    found = settled.reliability.get(name)
    return {
        "called_random": name in said.random,
        "others_random": len(said.random) - (name in said.random),
        "trusted": name in said.annotators and said.annotators[name].state == "trusted",
        "error": (found.error, 1.0 - found.high, 1.0 - found.low) if found else (float("nan"),) * 3,
    }


def believed(
    settings: BeliefSettings,
    prior: Law,
    settled: Resolution,
    questions: dict[str, Question],
    answers: Sequence[Answer],
    key: int,
) -> Belief:
    """The product's belief after these answers."""
    asked = asked_in_order(questions, answers)
    return fit_belief(
        settings, prior, groups=[""] * len(settled.seed), features=None, evidence=None, likelihood=settled.likelihood,
        key=key, order=[settled.seed.position(i) for i in asked],
        drawn=np.array([asked.get(i.id, False) for i in settled.seed.items]),
    )  # fmt: skip


def plausible(now: Belief, settled: Resolution, key: int) -> Ints:
    """(DRAWS, F) joint draws of truths, accuracies drawn along with them."""
    share = np.tile([0.0, 1.0], (len(settled.seed), 1))
    rows = generator(key, "rows of the belief").permutation(len(now.before))[:DRAWS]
    return draw(settled.counts, now.before[rows], share, key=key).assignments


def _questions(seed: Seed, now: Belief, picks: Sequence[Pick], number: int) -> list[Question]:
    """Picks as questions, without the consequences that a trainer would give them."""
    out = []
    otherwise = proposed(now, seed.base)
    for n, pick in enumerate(picks):
        c = pick.candidate
        items = tuple(seed.items[f].id for f in c.items)
        listed = {i: seed.items[f].variants[int(otherwise[f])].id for i, f in zip(items, c.items, strict=True)}
        text = seed.items[c.items[0]].display
        options = listed if c.kind == "confirm_list" else {AS_WRITTEN: text}
        out.append(
            Question(
                id=f"r{number}-{n}",
                kind=c.kind,
                items=items,
                text=text,
                options=options,
                minutes=c.minutes,
                round=number,
            )
        )
    return out


def oracle(plan: Plan, key: int) -> int:
    """Answers needed by whoever knows the base rate and that answers are right, but not the truths."""
    toy = Toy.made(plan.items, plan.rate, key)
    order = np.argsort(-(toy.weights**2).mean(1), kind="stable")
    rng = generator(key, "oracle")
    for n in range(plan.items + 1):
        drawn = rng.random((DRAWS * 3, plan.items)) < plan.rate
        base = np.ones(plan.items, bool)
        drawn[:, order[:n]] = base[order[:n]] = toy.truth[order[:n]]
        found = flip_risk(toy.outcomes((~drawn).astype(np.int64)), toy.outcomes((~base).astype(np.int64))[0])
        if found.upper <= plan.limit:
            return n
    return plan.items
