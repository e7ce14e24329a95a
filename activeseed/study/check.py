"""Everything that can be found out before a long run: what can't work, what may surprise, what it costs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from activeseed.errors import BudgetError, ConsentError
from activeseed.looking.probes import coverage
from activeseed.looking.problem import is_open
from activeseed.looking.response import first_request
from activeseed.protocols import SupportsCutting, SupportsRemarks, SupportsUnaffordable
from activeseed.questions import FORMS
from activeseed.study import noisy
from activeseed.study.answers import take_in
from activeseed.study.cost import at_first, cost
from activeseed.study.materials import texts_of
from activeseed.study.trial import try_out
from activeseed.study.workshop import Workshop

#: trainings that are timed, at least: so many, and so many on each core
TIMED = 32
TIMED_A_CORE = 4
#: keys of timed rows: nobody else's, so that a warm-up is not what was trained before
TIMING_KEYS = 900_000_000


def check(work: Workshop, time_it: bool = False) -> dict[str, Any]:
    """See ``Study.check``."""
    take_in(work)
    seed = work.seed
    own_forms = [kind for kind in work.forms if kind not in FORMS]  # they are made: what can't be used is said here
    work.system.check(work.materials)
    warnings = [*_about_inputs(work), *_about_texts(work)]
    if isinstance(work.system, SupportsRemarks):
        warnings += work.system.remarks(work.materials)
    try:
        try_out(work)
        if time_it:
            _train_some(work)
    except ConsentError as wanted:
        warnings.append(
            f"The trainer was not run, so whether it works is not known. {wanted.question} Nobody has agreed to spend "
            "that; `activeseed rank` asks."
        )
    except BudgetError as refused:
        warnings.append(f"The trainer was not run, so whether it works is not known. {refused}")
    warnings += noisy.warnings(work.declared_system, work.state.tried)
    if not work.system.traits.streams:
        warnings.append("The trainer has no randomness under these settings: one key says all, the noise floor is 0.")
    warnings += _unaffordable(work)
    covered = coverage(seed, work.system.places(work.materials), work.materials)
    warnings += [g.words for g in covered if not g.covered]
    return {
        "items": len(seed),
        "groups": dict(Counter(i.group for i in seed.items if i.group)),
        "pool": len(work.pool),
        "probes": len(work.probes),
        "labelled_probes": sum(p.label is not None for p in work.probes),
        "system": work.settings.system.kind,
        "embedder": work.settings.embedder.kind,
        "executor": work.settings.executor.kind,
        "annotator": work.settings.annotator.kind,
        "gold": len(work.gold_lines),
        **({"questions": own_forms} if own_forms else {}),
        "coverage": [g.to_dict() for g in covered],
        "warnings": warnings,
        "cost": cost(work),
    }


def _unaffordable(work: Workshop) -> list[str]:
    """Errors and indices that the settings don't pay for at this number of items.

    Raises ConfigError or PlanError where a ranking or a round would end in one.
    """
    problem = at_first(work)
    if is_open(problem.law):
        first_request(work.part("response"), problem)
    estimator = work.part("estimator")
    return list(estimator.unaffordable(problem)) if isinstance(estimator, SupportsUnaffordable) else []


def _about_inputs(work: Workshop) -> list[str]:
    warnings = []
    counts = Counter(i.payload.digest for i in work.seed.items)
    twins = sum(n for n in counts.values() if n > 1)
    if twins:
        warnings.append(f"{twins} items have a text that another item has too: they share one effect.")
    if work.probes and all(p.label is None for p in (*work.probes, *work.system.places(work.materials))):
        warnings.append("No probe has a label, so no quality is reported beside stability.")
    if not any(i.belief for i in work.seed.items):
        rate = work.settings.belief.base_rate
        warnings.append(f"No item has a belief of its own: all are believed to stay with probability {rate:g}.")
    return warnings


def _about_texts(work: Workshop) -> list[str]:
    """Texts that the embedder doesn't read to their end."""
    embedder = work.part("embedder")
    if not isinstance(embedder, SupportsCutting):
        return []
    texts = texts_of(work.seed, work.pool, work.probes)
    long = embedder.cut(texts)
    if not long:
        return []
    first = texts[long[0]]
    return [
        f"{len(long)} of {len(texts)} texts are longer than the {embedder.longest} tokens that the embedder "
        f"{work.settings.embedder.kind!r} reads: their ends have no effect (the first: {first[:40]!r}…). Shorten "
        "them, or choose another embedder."
    ]


def _train_some(work: Workshop) -> None:
    """A few rows by the clock, after one that waits for libraries to be loaded; they are kept like all others."""
    import numpy as np

    from activeseed.plan import Explicit, Rows
    from activeseed.protocols import Request

    trainer = work.trainer
    batched = work.system.cost(work.materials).bytes > 0
    most = min(TIMED, trainer.chunk(1)) if batched else TIMED_A_CORE * trainer.cores
    first = TIMING_KEYS
    with work.budget.expecting("Timing the trainer", lambda: trainer.cores + most):
        for rows in (trainer.cores, most):
            keys = np.arange(first, first + rows, dtype=np.int64)
            base = np.tile(np.asarray(work.seed.base, np.int16), (rows, 1))
            trainer.fulfil(Request(Explicit(Rows(base, keys)), "timing"))
            first += rows
