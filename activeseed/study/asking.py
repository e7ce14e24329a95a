"""From a chosen batch to questions that an annotator can answer: texts, options, and what each answer would decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.acquisition import Pick, proposed
from activeseed.plan import Change, Floats, OneAtATime
from activeseed.protocols import Request
from activeseed.question import Consequence, Question
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Probe, Seed, Variant
from activeseed.study import special
from activeseed.study.assess import Assessment
from activeseed.study.training import Trainer

#: keys over which consequences are averaged: they are shown to a human, not tested
CONSEQUENCE_KEYS = 2


def make_questions(
    picks: Sequence[Pick], assessment: Assessment, round_: int, decided: dict[tuple[int, ...], tuple[Consequence, ...]]
) -> list[Question]:
    """One question a pick, in order of value per minute.

    Args:
        decided: consequences by the item numbers of the pick.
    """
    seed = assessment.seed
    out = []
    for n, pick in enumerate(picks, start=1):
        c = pick.candidate
        id_ = f"r{round_:03d}-{n:02d}"
        if c.kind == "write_more":
            each = float(c.minutes) / special.EXAMPLES
            out.append(special.write_more(seed, c.group, id_, round_, each, float(pick.value)))
            continue
        ids = tuple(seed.items[f].id for f in c.items)
        text, options = _form(seed, c.kind, c.items, assessment)
        out.append(
            Question(
                id=id_,
                kind=c.kind,
                items=ids,
                group=c.group,
                text=text,
                options=options,
                value=float(pick.value),
                minutes=float(c.minutes),
                reason=_reason(pick, assessment),
                consequences=decided.get(c.items, ()),
                round=round_,
                seed_version=seed.version,
            )
        )
    return out


def _form(seed: Seed, kind: str, items: tuple[int, ...], assessment: Assessment) -> tuple[str, dict[str, str]]:
    if kind == "confirm_list":
        otherwise = proposed(assessment.belief, seed.base)
        changed = {seed.items[f].id: seed.items[f].variants[int(otherwise[f])] for f in items}
        lines = [_line(seed.items[f], changed[seed.items[f].id]) for f in items]
        return "\n".join(lines), {name: variant.id for name, variant in changed.items()}
    item = seed.items[items[0]]
    options = {v.id: v.display for v in item.variants if v.id != ABSENT}
    return item.display, options


def _line(item: Item, proposed: Variant) -> str:
    """A line of a list: the item as it stands, and the wording that would take its place where there is one."""
    said = f"{item.id}: {item.display}"
    return said if proposed.id in (AS_WRITTEN, ABSENT, FLIPPED) else f"{said}\nwould become: {proposed.display}"


def _reason(pick: Pick, assessment: Assessment) -> str:
    c = pick.candidate
    if c.kind == "confirm_list":
        return "Some of these may not belong. Nothing leaves the seed until you confirm it."
    credibility = float(assessment.belief.credibility[c.items[0]])
    return reason(credibility, float(pick.value), assessment.ranking.summary.get("belief_spread"))


def reason(credibility: float, value: float, spread: float | None) -> str:
    """One sentence or two for the annotator: how sure everybody is of the item, and how much its answer settles."""
    share = f" An answer settles about {value / spread:.0%} of what is unclear." if spread and value > 0 else ""
    return f"Believed to stay with probability {credibility:.0%}.{share}"


def consequences(
    picks: Sequence[Pick], assessment: Assessment, trainer: Trainer, places: Sequence[Probe], shown: int
) -> dict[tuple[int, ...], tuple[Consequence, ...]]:
    """The probes whose outcome differs most between the variants of each asked item, by real trainings.

    Args:
        places: where outcomes are read.
        shown: probes a question; 0 trains nothing.
    """
    single = [p.candidate.items[0] for p in picks if len(p.candidate.items) == 1]
    return consequences_of(assessment.seed, single, assessment.problem.deterministic, trainer, places, shown)


def consequences_of(
    seed: Seed, factors: Sequence[int], deterministic: bool, trainer: Trainer, places: Sequence[Probe], shown: int
) -> dict[tuple[int, ...], tuple[Consequence, ...]]:
    """Consequences of the items of these numbers; see ``consequences``."""
    if not shown or not factors:
        return {}
    changes = []
    for f in factors:
        for v, variant in enumerate(seed.items[f].variants):
            changes.append(Change(f"{seed.items[f].id}:{variant.id}", (f,), (v,)))
    keys = tuple(range(1 if deterministic else CONSEQUENCE_KEYS))
    design = OneAtATime(seed.base, tuple(changes), keys)
    outcomes = trainer.fulfil(Request(design, "consequences of the questions"))
    means: dict[str, Floats] = {}
    for c, change in enumerate(changes):
        rows = [design.place(k, c)[1] for k in range(len(keys))]
        good = [r for r in rows if outcomes.ok[r]]
        if good:
            means[change.label] = np.asarray(outcomes.values[good], np.float64).mean(0)
    out: dict[tuple[int, ...], tuple[Consequence, ...]] = {}
    for f in factors:
        item = seed.items[f]
        of = {v.id: means[f"{item.id}:{v.id}"] for v in item.variants if f"{item.id}:{v.id}" in means}
        out[f,] = _largest(of, places, shown)
    return out


def _largest(of: dict[str, Floats], places: Sequence[Probe], shown: int) -> tuple[Consequence, ...]:
    if len(of) < 2:
        return ()
    table = np.stack(list(of.values()))
    gap = table.max(0) - table.min(0)
    # probes that would be judged otherwise come first, whatever the size of the gap
    flips = (table > 0.5).any(0) & (table <= 0.5).any(0)
    order = [int(p) for p in np.lexsort((-gap, ~flips))[:shown] if gap[p] > 1e-4]
    return tuple(
        Consequence(
            probe=places[p].id,
            text=places[p].payload.display,
            outcomes={variant: round(float(values[p]), 4) for variant, values in of.items()},
        )
        for p in order
    )


def resolve_question(
    seed: Seed, item_id: str, answers: Sequence[tuple[str, str, str]], id_: str, round_: int
) -> Question:
    """A disagreement put before a human: the item, and what was answered so far under aliases."""
    item = seed[item_id]
    return Question(
        id=id_,
        kind="resolve",
        items=(item_id,),
        text=item.display,
        options={v.id: v.display for v in item.variants if v.id != ABSENT},
        reason="The answers so far do not agree with each other or with everything else that is known.",
        round=round_,
        minutes=1.5,
        seed_version=seed.version,
        answers=tuple(answers),
    )
