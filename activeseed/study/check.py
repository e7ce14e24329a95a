"""Everything that can be found out before a long run: what can't work, what may surprise, what it costs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from activeseed.errors import BudgetError, ConsentError
from activeseed.protocols import SupportsCutting, SupportsUnaffordable
from activeseed.questions import FORMS
from activeseed.study import trial
from activeseed.study.assess import first_request
from activeseed.study.cost import cost, problem_of
from activeseed.study.materials import texts_of

if TYPE_CHECKING:
    from activeseed.study.study import Study

#: trainings that are timed, at least: so many, and so many on each core
TIMED = 32
TIMED_A_CORE = 4
#: keys of timed rows: nobody else's, so that a warm-up is not what was trained before
TIMING_KEYS = 900_000_000


def check(study: Study, time_it: bool = False) -> dict[str, Any]:
    """See ``Study.check``."""
    study.take_in()
    seed = study.seed
    own_forms = [kind for kind in study.forms if kind not in FORMS]  # they are made: what can't be used is said here
    study.system.check(study.materials)
    warnings = [*_about_inputs(study), *_about_texts(study)]
    try:
        study.try_out()
        if time_it:
            _train_some(study)
    except ConsentError as wanted:
        warnings.append(
            f"The trainer was not run, so whether it works is not known. {wanted.question} Nobody has agreed to spend "
            "that; `activeseed rank` asks."
        )
    except BudgetError as refused:
        warnings.append(f"The trainer was not run, so whether it works is not known. {refused}")
    warnings += trial.warnings(study)
    if not study.system.traits.streams:
        warnings.append("The trainer has no randomness under these settings: one key says all, the noise floor is 0.")
    warnings += unaffordable(study)
    return {
        "items": len(seed),
        "groups": dict(Counter(i.group for i in seed.items if i.group)),
        "pool": len(study.pool),
        "probes": len(study.probes),
        "labelled_probes": sum(p.label is not None for p in study.probes),
        "system": study.settings.system.kind,
        "embedder": study.settings.embedder.kind,
        "executor": study.settings.executor.kind,
        "annotator": study.settings.annotator.kind,
        "gold": len(study.gold),
        **({"questions": own_forms} if own_forms else {}),
        "warnings": warnings,
        "cost": cost(study),
    }


def unaffordable(study: Study) -> list[str]:
    """Errors and indices that the settings don't pay for at this number of items.

    Raises ConfigError or PlanError where a ranking or a round would end in one.
    """
    problem = problem_of(study)
    if (problem.law.probabilities.max(1) < 1.0).any():
        first_request(study.part("response"), problem)
    estimator = study.part("estimator")
    return list(estimator.unaffordable(problem)) if isinstance(estimator, SupportsUnaffordable) else []


def _about_inputs(study: Study) -> list[str]:
    warnings = []
    counts = Counter(i.payload.digest for i in study.seed.items)
    twins = sum(n for n in counts.values() if n > 1)
    if twins:
        warnings.append(f"{twins} items have a text that another item has too: they share one effect.")
    if study.probes and all(p.label is None for p in study.probes):
        warnings.append("No probe has a label, so no quality is reported beside stability.")
    if not any(i.belief for i in study.seed.items):
        rate = study.settings.belief.base_rate
        warnings.append(f"No item has a belief of its own: all are believed to stay with probability {rate:g}.")
    return warnings


def _about_texts(study: Study) -> list[str]:
    """Texts that the embedder doesn't read to their end."""
    embedder = study.part("embedder")
    if not isinstance(embedder, SupportsCutting):
        return []
    texts = texts_of(study.seed, study.pool, study.probes)
    long = embedder.cut(texts)
    if not long:
        return []
    first = texts[long[0]]
    return [
        f"{len(long)} of {len(texts)} texts are longer than the {embedder.longest} tokens that the embedder "
        f"{study.settings.embedder.kind!r} reads: their ends have no effect (the first: {first[:40]!r}…). Shorten "
        "them, or choose another embedder."
    ]


def _train_some(study: Study) -> None:
    """A few rows by the clock, after one that waits for libraries to be loaded; they are kept like all others."""
    import numpy as np

    from activeseed.plan import Explicit, Rows
    from activeseed.protocols import Request

    trainer = study.trainer
    batched = study.system.cost(study.materials).bytes > 0
    most = min(TIMED, trainer.chunk(1)) if batched else TIMED_A_CORE * trainer.cores
    first = TIMING_KEYS
    with study.budget.expecting("Timing the trainer", lambda: trainer.cores + most):
        for rows in (trainer.cores, most):
            keys = np.arange(first, first + rows, dtype=np.int64)
            base = np.tile(np.asarray(study.seed.base, np.int16), (rows, 1))
            trainer.fulfil(Request(Explicit(Rows(base, keys)), "timing"))
            first += rows
