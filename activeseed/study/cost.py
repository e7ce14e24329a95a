"""What a ranking and a round of questions cost at most, counted before anything is trained.

Counts are bounds: rows that were trained before, or that two analyses share, make them smaller, and nothing makes them
larger but a larger seed (an edit adds a wording to tell apart). The study's budget holds every training to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from activeseed.belief import author_law
from activeseed.estimators import Auto, Jansen
from activeseed.protocols import Analysis, Problem
from activeseed.study import trial
from activeseed.study.requests import each_of, settings_of

if TYPE_CHECKING:
    from activeseed.study.study import Study

#: more than any budget: what an estimator would do with no limit
NO_LIMIT = 10**12
RESPONSE = "the round's regression"


def problem_of(study: Study) -> Problem:
    """What estimators are asked about before anything is known: every variant that the author holds possible is open.

    Answers and evidence only ever close variants, so that counts under this law bound those of any later belief.
    """
    table = study.settings.belief
    return Problem(
        seed=study.seed,
        law=author_law(study.seed, table.base_rate, table.rest),
        geometry=study.system.geometry(study.materials),
        deterministic=not study.system.traits.streams,
        weighted=study.system.traits.weighted,
        stream=0,
        settings=settings_of(study.system),
        places=study.system.places(study.materials),
        each=each_of(study.system, study.materials),
    )


def ranking_parts(study: Study, by: str | None = None, law: str | None = None, anew: bool = True) -> dict[str, int]:
    """Trainings that ``Study.rank`` takes at most, by purpose.

    Args:
        anew: whether where the study stands has to be assessed first.
    """
    from activeseed.study.rounds import with_law

    problem = problem_of(study)
    estimator = study.part("estimator")
    if law is not None:
        estimator = with_law(estimator, law)
    parts = {str(estimator.kind): most_rows(estimator, problem)}
    if by == "total" and not _has_totals(estimator, problem):
        parts["total indices"] = Jansen().cost(problem).trainings if _open(problem) else 0
    look = look_parts(study) if anew else {}
    if ranks_by_response(study, estimator, problem):
        look.pop(RESPONSE, None)  # the ranking's own rows, and trained once
    return _some({**parts, **look})


def analysis_parts(study: Study, analysis: Analysis[Any], anew: bool = True) -> dict[str, int]:
    """Trainings that ``Study.analyse`` takes at most."""
    parts = {analysis.kind: analysis.cost(problem_of(study)).trainings}
    return _some({**parts, **(look_parts(study) if anew else {})})


def round_parts(study: Study, anew: bool = True) -> dict[str, int]:
    """Trainings that a round of the loop takes at most: a look at the seed, the stop rule's draws, a batch.

    A loop of n rounds looks n + 1 times: before its first question, and after each round's answers.
    """
    rule = study.settings.stopping
    parts = look_parts(study) if anew else {}
    parts["the seed as it stood"] = _replicates(study)
    if rule.flips > 0 or rule.risk > 0:
        # a limit on the risk is a product across two keys
        parts["draws of the belief"] = rule.draws * (2 if rule.risk > 0 and study.system.traits.streams else 1)
    return _some({**parts, **_batch_parts(study, None, None)})


def batch_parts(
    study: Study, n: int | None = None, items: Sequence[str] | None = None, anew: bool = True
) -> dict[str, int]:
    """Trainings that ``Study.ask`` takes at most."""
    return _some({**(look_parts(study) if anew else {}), **_batch_parts(study, n, items)})


def most_of(parts: Callable[..., Mapping[str, int]]) -> Callable[..., Callable[[], int]]:
    """The sum of such parts as the budget asks for it: told at the start whether the study was assessed already."""

    def most(study: Study, *args: Any, **options: Any) -> Callable[[], int]:
        anew = not study.rounds.is_assessed
        return lambda: sum(parts(study, *args, anew=anew, **options).values())

    return most


def look_parts(study: Study) -> dict[str, int]:
    """Trainings that a look at a new version of the seed, or at new answers, takes at most (see `assess`)."""
    problem = problem_of(study)
    return {
        RESPONSE: study.part("response").cost(problem).trainings if _open(problem) else 0,
        "the seed as it stands": _replicates(study),
        trial.PURPOSE: trial.TRAININGS if trial.is_due(study) else 0,
    }


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
    batched: bool
    rows_a_batch: int
    megabytes_a_batch: float
    multiply_adds: int
    currency: str
    spent: Spent
    agreed: dict[str, float]


def cost(study: Study) -> Costs:
    """What a full ranking and a round of questions cost at most: trainings, money, and seconds where they are known."""
    said = study.system.cost(study.materials)
    chunk = study.trainer.chunk(1)
    ranking = priced(study, ranking_parts(study))
    budget = study.budget
    return {
        **ranking,
        "round": priced(study, round_parts(study)),
        "batched": said.bytes > 0,
        "rows_a_batch": chunk,
        "megabytes_a_batch": round(said.bytes * chunk / 2**20, 1),
        "multiply_adds": said.multiply_adds * ranking["trainings"],
        "currency": study.settings.limits.currency,
        "spent": {"trainings": budget.trainings, "money": round(budget.money, 2), "seconds": round(budget.seconds, 3)},
        "agreed": dict(budget.agreed),
    }


def priced(study: Study, parts: Mapping[str, int]) -> Price:
    """Trainings by purpose with their sum, its price, and its seconds by the clock on the cores at hand."""
    trainings = sum(parts.values())
    return {
        "trainings": trainings,
        "by": dict(parts),
        "price": round(study.trainer.price * trainings, 2),
        "seconds": study.budget.seconds_for(trainings, study.trainer.cores),
    }


def ranks_by_response(study: Study, estimator: Any, problem: Problem) -> bool:
    """Whether the ranking surely has the very rows that every look at the study trains."""
    response = study.part("response")
    if isinstance(estimator, Auto):
        return bool(estimator.parts(problem).regression == response)
    return bool(estimator == response)


def _has_totals(estimator: Any, problem: Problem) -> bool:
    """Whether the ranking surely has total indices of its own."""
    if isinstance(estimator, Auto):
        return estimator.parts(problem).total[1] > 0
    return isinstance(estimator, Jansen)


def _batch_parts(study: Study, n: int | None, items: Sequence[str] | None) -> dict[str, int]:
    """What annotators are shown beside the questions of a batch, those that are asked again, and gold questions."""
    table = study.settings.ask
    if not table.consequences:
        return {}
    seed = study.seed
    others = sorted((len(i.variants) - 1 for i in seed.items), reverse=True)
    # as many keys as any ranking has paid for, or a later one may
    paid = max((int(r.get("keys") or 0) for r in study.state.rankings), default=0)
    keys = max(paid, _replicates(study)) if study.system.traits.streams else 1
    if items is not None:
        return {"consequences": keys * (1 + sum(len(seed[name].variants) - 1 for name in items))}
    parts = {"consequences": keys * (1 + sum(others[: n or table.batch]))}
    divided = min(table.batch, len(seed)) if table.annotators > 1 else 0
    parts["consequences of what people disagree on"] = divided * keys * (1 + others[0])
    asked = {q.items[0] for q in study.state.questions.values() if q.purpose == "gold"}
    gold = sum(str(g["id"]) not in asked for g in study.gold)
    parts["consequences of gold questions"] = gold * keys * (3 if seed.items[0].payload.kind == "pair" else 2)
    return parts


def _replicates(study: Study) -> int:
    return study.settings.replicates if study.system.traits.streams else 1


def _open(problem: Problem) -> bool:
    return bool((problem.law.probabilities.max(1) < 1.0).any())


def _some(parts: Mapping[str, int]) -> dict[str, int]:
    return {purpose: n for purpose, n in parts.items() if n}
