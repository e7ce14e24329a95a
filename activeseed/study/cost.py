"""What a ranking and a round of questions cost at most, counted before anything is trained.

Counts are bounds: rows that were trained before, or that two analyses share, make them smaller, and nothing makes them
larger but a larger seed (an edit adds a wording to tell apart). The study's budget holds every training to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypedDict

from activeseed.belief import author_law
from activeseed.errors import ActiveseedError
from activeseed.estimators import Auto, ByDistance, Jansen
from activeseed.looking.checks import gold_left
from activeseed.looking.elsewhere import JUDGED_DRAWS
from activeseed.looking.elsewhere import PURPOSE as ELSEWHERE
from activeseed.looking.problem import is_open, problem_of
from activeseed.looking.ranked import with_law
from activeseed.protocols import Analysis, Problem, SupportsPriors
from activeseed.study.noisy import is_due
from activeseed.study.trial import PURPOSE, TRAININGS
from activeseed.study.workshop import Workshop

#: more than any budget: what an estimator would do with no limit
NO_LIMIT = 10**12
RESPONSE = "the round's regression"


def at_first(work: Workshop) -> Problem:
    """What estimators are asked about before anything is known: every variant that the author holds possible is open.

    Answers and evidence only ever close variants, so that counts under this law bound those of any later belief.
    """
    table = work.settings.belief
    law = author_law(work.seed, table.base_rate, table.rest)
    return problem_of(work.seed, law, work.system, work.materials)


def ranking_parts(work: Workshop, by: str | None = None, law: str | None = None, anew: bool = True) -> dict[str, int]:
    """Trainings that ``Study.rank`` takes at most, by purpose.

    Args:
        anew: whether where the study stands has to be assessed first.
    """
    problem = at_first(work)
    estimator = work.part("estimator")
    if law is not None:
        estimator = with_law(estimator, law)
    parts = {str(estimator.kind): most_rows(estimator, problem)}
    if by == "total" and not _has_totals(estimator, problem):
        parts["total indices"] = Jansen().cost(problem).trainings if is_open(problem.law) else 0
    look = look_parts(work) if anew else {}
    if ranks_by_response(work, estimator, problem):
        look.pop(RESPONSE, None)  # the ranking's own rows, and trained once
    return _some({**parts, **look})


def analysis_parts(work: Workshop, analysis: Analysis[Any], anew: bool = True) -> dict[str, int]:
    """Trainings that ``Study.analyse`` takes at most."""
    parts = {analysis.kind: analysis.cost(at_first(work)).trainings}
    return _some({**parts, **(look_parts(work) if anew and reads_belief(analysis) else {})})


def reads_belief(analysis: Analysis[Any]) -> bool:
    """Whether an analysis needs what a look at the study has learnt: it does, unless it says otherwise."""
    return analysis.reads_belief if isinstance(analysis, SupportsPriors) else True


def analyses_cost(work: Workshop) -> dict[str, int]:
    """Trainings of each analysis with its defaults, by the command's name, beside a look at the seed where one is due.

    Those that the system or the seed can't have are left out.
    """
    from activeseed.analyses import (
        Basins,
        Certificates,
        Comparison,
        Dreams,
        LockIn,
        PartitionCertificate,
        Redundancy,
        RemovalBounds,
        VarianceBudget,
    )
    from activeseed.analyses.removal.partition import votes_in
    from activeseed.analyses.sides import Side

    problem, out = at_first(work), {}
    networks = problem.layout is not None
    asked: dict[str, Callable[[], Analysis[Any]]] = {
        "redundancy": Redundancy,
        "compare": lambda: Comparison(first=Side(), second=Side(name="another")),
        "lock-in": LockIn,
        **({"dream": Dreams, "certify": Certificates} if networks else {}),
        "removal": PartitionCertificate if votes_in(problem) else RemovalBounds,
        "basins": Basins,
        "stability --budget": VarianceBudget,
    }
    for name, made in asked.items():
        with suppress(ActiveseedError):
            out[name] = made().cost(problem).trainings
    return _some(out)


def round_parts(work: Workshop, anew: bool = True) -> dict[str, int]:
    """Trainings that a round of the loop takes at most: a look at the seed, the stop rule's draws, a batch.

    A loop of n rounds looks n + 1 times: before its first question, and after each round's answers.
    """
    rule = work.settings.stopping
    parts = look_parts(work) if anew else {}
    parts["the seed as it stood"] = _replicates(work)
    if rule.flips > 0 or rule.risk > 0:
        # a limit on the risk is a product across two keys
        parts["draws of the belief"] = rule.draws * (2 if rule.risk > 0 and work.system.traits.streams else 1)
    return _some({**parts, **_batch_parts(work, None, None)})


def batch_parts(
    work: Workshop, n: int | None = None, items: Sequence[str] | None = None, anew: bool = True
) -> dict[str, int]:
    """Trainings that ``Study.ask`` takes at most."""
    return _some({**(look_parts(work) if anew else {}), **_batch_parts(work, n, items)})


def look_parts(work: Workshop) -> dict[str, int]:
    """Trainings that a look at a new version of the seed, or at new answers, takes at most (see `assess`)."""
    problem = at_first(work)
    return {
        RESPONSE: work.part("response").cost(problem).trainings if is_open(problem.law) else 0,
        "the seed as it stands": _replicates(work),
        PURPOSE: TRAININGS if is_due(work.declared_system, work.state.tried) else 0,
        ELSEWHERE: JUDGED_DRAWS if _judged(work) else 0,
    }


def _judged(work: Workshop) -> bool:
    """Whether some answer that counts is about a text that is no probe."""
    questions = work.state.questions
    return any(questions[a.question].place is not None for a in work.state.counted_answers)


def most_rows(estimator: Any, problem: Problem) -> int:
    """Rows that an estimator asks for at most, whatever is believed by then.

    One with a budget spends on one part what another no longer takes, up to all that its parts could take.
    """
    rows = int(estimator.cost(problem).trainings)
    if isinstance(estimator, Auto):
        free = estimator.model_copy(update={"budget": NO_LIMIT}).cost(problem).trainings
        return max(rows, min(free, estimator.budget))
    return rows


class Spent(TypedDict):
    """What was spent in all."""

    trainings: int
    money: float
    seconds: float


class Price(TypedDict):
    """What something costs at most: trainings, by purpose; money; seconds by the clock, None where nobody knows."""

    trainings: int
    by: dict[str, int]
    price: float
    seconds: float | None


class Costs(Price):
    """What a ranking costs at most, what a round does, and what was spent and agreed to. JSON as it stands."""

    round: Price
    analyses: dict[str, int]
    look: int
    batched: bool
    rows_a_batch: int
    megabytes_a_batch: float
    multiply_adds: int
    currency: str
    spent: Spent
    agreed: dict[str, float]


def cost(work: Workshop) -> Costs:
    """What a full ranking and a round of questions cost at most: trainings, money, and seconds where they are known."""
    said = work.system.cost(work.materials)
    chunk = work.trainer.chunk(1)
    ranking = priced(work, ranking_parts(work))
    budget = work.budget
    return {
        **ranking,
        "round": priced(work, round_parts(work)),
        "analyses": analyses_cost(work),
        "look": sum(look_parts(work).values()),
        "batched": said.bytes > 0,
        "rows_a_batch": chunk,
        "megabytes_a_batch": round(said.bytes * chunk / 2**20, 1),
        "multiply_adds": said.multiply_adds * ranking["trainings"],
        "currency": work.settings.limits.currency,
        "spent": {"trainings": budget.trainings, "money": round(budget.money, 2), "seconds": round(budget.seconds, 3)},
        "agreed": dict(budget.agreed),
    }


def priced(work: Workshop, parts: Mapping[str, int]) -> Price:
    """Trainings by purpose with their sum, its price, and its seconds by the clock on the cores at hand."""
    trainings = sum(parts.values())
    return {
        "trainings": trainings,
        "by": dict(parts),
        "price": round(work.trainer.price * trainings, 2),
        "seconds": work.budget.seconds_for(trainings, work.trainer.cores),
    }


def ranks_by_response(work: Workshop, estimator: Any, problem: Problem) -> bool:
    """Whether the ranking surely has the very rows that every look at the study trains."""
    response = work.part("response")
    if isinstance(estimator, Auto):
        return bool(estimator.parts(problem).regression == response)
    if isinstance(estimator, ByDistance):
        return estimator.regresses_outcomes and estimator.response() == response
    return bool(estimator == response)


def _has_totals(estimator: Any, problem: Problem) -> bool:
    """Whether the ranking surely has total indices of its own."""
    if isinstance(estimator, Auto):
        return estimator.parts(problem).total[1] > 0
    return isinstance(estimator, Jansen)


def _batch_parts(work: Workshop, n: int | None, items: Sequence[str] | None) -> dict[str, int]:
    """What annotators are shown beside the questions of a batch, those that are asked again, and gold questions."""
    table = work.settings.ask
    if not table.consequences:
        return {}
    seed = work.seed
    others = sorted((len(i.variants) - 1 for i in seed.items), reverse=True)
    # as many keys as any ranking has paid for, or a later one may
    paid = max((int(r.get("keys") or 0) for r in work.state.rankings), default=0)
    keys = max(paid, _replicates(work)) if work.system.traits.streams else 1
    if items is not None:
        return {"consequences": keys * (1 + sum(len(seed[name].variants) - 1 for name in items))}
    parts = {"consequences": keys * (1 + sum(others[: n or table.batch]))}
    divided = min(table.batch, len(seed)) if table.annotators > 1 else 0
    parts["consequences of what people disagree on"] = divided * keys * (1 + others[0])
    gold = gold_left(work.gold, work.state.questions.values())
    parts["consequences of gold questions"] = gold * keys * (3 if seed.items[0].payload.kind == "pair" else 2)
    return parts


def _replicates(work: Workshop) -> int:
    return work.settings.replicates if work.system.traits.streams else 1


def _some(parts: Mapping[str, int]) -> dict[str, int]:
    return {purpose: n for purpose, n in parts.items() if n}
