"""Prompts: the model level's stability. Does it wash out how the trained system is asked?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, field_serializer, field_validator

from activeseed.analyses.lock_in.ratio import Ratio
from activeseed.analyses.prompting.found import ProbeStarts, Prompted, PromptKind
from activeseed.analyses.prompting.measuring import apart, grouped, pooled, spread, washed_out
from activeseed.analyses.prompting.rewording import Start, kind_of, starts_of
from activeseed.analyses.sides import Side, rows_of
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.geometries import Hellinger, Identity, decisions_of
from activeseed.perturbations import Framing, Paraphrase
from activeseed.plan import Explicit, Floats, with_keys
from activeseed.protocols import Cost, Problem, Request, Run
from activeseed.seed import Probe


class Prompts(SettingsRecord):
    """How far the outcome of the trained system moves when the same probe is put otherwise.

    Probes are reworded by the package's rules, put behind another prompt, or given as somebody wrote them. The system
    is trained as it stands and asked at all of them, so that it works for any system that is read at probes. What is
    told is spread of outcomes over spread of starts, beside the same ratio over probes that mean different things.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Prompts(keys=1, prefixes=("Answer briefly:",)))
    >>> [k.kind for k in found.kinds][-1]
    'prefix'

    Attributes:
        rules: perturbations, such as may reword a seed; those of the package are for English texts.
        prefixes: other prompts: each is put in front of every probe.
        written: probes that somebody wrote; a column ``rewords`` (or ``group``) names the probe that each puts
            otherwise.
        keys: trainings, where the trainer has randomness.
        side: the seed that is trained.
    """

    kind: Literal["prompts"] = "prompts"
    rules: tuple[Any, ...] = Field(default_factory=lambda: (Paraphrase(most=3), Framing()))
    prefixes: tuple[str, ...] = ()
    written: tuple[Probe, ...] = Field(default=(), exclude=True, repr=False)
    keys: int = Field(default=ENOUGH_KEYS, ge=1, le=1000)
    side: Side = Side()

    @field_validator("rules")
    @classmethod
    def _reword(cls, rules: tuple[Any, ...]) -> tuple[Any, ...]:
        for rule in rules:
            if not callable(getattr(rule, "variants", None)):
                raise ValueError(f"{rule!r} is no perturbation: give objects such as Paraphrase() or Framing()")
        return rules

    @field_serializer("rules")
    def _named(self, rules: tuple[Any, ...]) -> list[Any]:
        return [r.model_dump(mode="json") if isinstance(r, BaseModel) else kind_of(r) for r in rules]

    @property
    def reads_belief(self) -> bool:
        """Nothing of what is believed is read."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: a training for each key, asked at every start."""
        keys = 1 if problem.deterministic else self.keys
        if problem.each.trainings == 1 and not problem.each.calls:
            return problem.each * keys
        starts, places = len(self._starts(problem)), max(1, len(problem.places))
        return problem.each * (keys * -(-starts // places))

    def _starts(self, problem: Problem) -> list[Start]:
        return starts_of(problem.places, self.rules, self.prefixes, self.written)

    def run(self, problem: Problem) -> Run[Prompted]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: outcomes that are not read at probes, or probes of which none can be put otherwise.
            TrainingError: no training succeeded.
        """
        if problem.materials is None or problem.places != problem.materials.probes:
            raise PlanError("This outcome is not read at the probes, so how they are put makes no difference to it.")
        if not isinstance(problem.geometry, Hellinger | Identity):
            raise PlanError("Outcomes of this system are compared as a whole, and not probe by probe.")
        starts = self._starts(problem)
        if not starts:
            raise PlanError(
                "No probe can be put otherwise by these rules. Name other prompts (prefixes), or give probes that say "
                "the same (written); vectors can't be reworded by rule."
            )
        keys = 1 if problem.deterministic else self.keys
        one = rows_of(problem, [self.side])
        rows = with_keys(one.take(np.zeros(keys, np.int64)), one.keys[0] + np.arange(keys, dtype=np.int64))
        asked = tuple(_as_probe(problem.places[s.probe], s, n) for n, s in enumerate(starts))
        answer = yield Request(Explicit(rows), "prompts put otherwise", probes=asked)
        if not answer.ok.any():
            why = next(iter(answer.failures.values()), "no reason was given")
            raise TrainingError(f"No training succeeded, so there is nothing to ask: {why}")
        values = np.asarray(answer.values[answer.ok], np.float64)
        return self._found(problem, starts, values, _featured(problem, starts))

    def _found(self, problem: Problem, starts: list[Start], values: Floats, features: Floats | None) -> Prompted:
        assert isinstance(problem.geometry, Hellinger | Identity)
        alone = replace(problem.geometry, weights=np.ones(len(starts)))
        flat = alone.embed(values)
        points = np.stack([flat[:, alone.along == q] for q in range(len(starts))], 1)  # (K, starts, dimensions)
        judged = decisions_of(problem.geometry) is not None
        mean: Floats = values.mean(0)
        groups = grouped(starts)
        spreads = [spread(points[:, at]) for at in groups]
        outcomes, left = np.array([s for s, _ in spreads]), np.stack([r for _, r in spreads])
        if features is None:
            starting: Floats = np.full(len(groups), np.nan)
        else:
            starting = np.asarray([spread(features[None, at])[0] for at in groups], np.float64)
        weights = np.array([problem.places[starts[at[0]].probe].weight for at in groups])
        whole = pooled(outcomes, left, starting, weights)
        own = np.array([int(at[0]) for at in groups])
        between, washed = float("nan"), Ratio(float("nan"), float("nan"), float("nan"))
        if features is not None and len(own) > 1:
            reach = spread(features[None, own])[0]
            between = spread(points[:, own])[0] / reach if reach > 0 else float("nan")
            if between > 0:
                washed = washed_out(outcomes, left, starting, weights, points[:, own], features[own])
        keys = len(values)
        probes = []
        for g, at in enumerate(groups):
            se = 0.0 if problem.deterministic else float("nan")
            if keys > 2:
                se = float(np.sqrt((keys - 1) / keys * ((left[g] - left[g].mean()) ** 2).sum()))
            far = int(at[np.argmax(np.abs(mean[at] - mean[at[0]]))])
            other = (mean[at[1:]] > 0.5) != (mean[at[0]] > 0.5)
            probes.append(
                ProbeStarts(
                    problem.places[starts[at[0]].probe].id, len(at), float(outcomes[g]), se, float(starting[g]),
                    float(outcomes[g] / starting[g]) if starting[g] > 0 else float("nan"),
                    float(other.mean()) if judged else float("nan"), starts[far].payload.wording,
                    float(mean[far] - mean[at[0]]),
                )
            )  # fmt: skip
        return Prompted(
            probes=tuple(sorted(probes, key=lambda p: -p.outcome)),
            kinds=self._kinds(starts, points, features, mean, judged),
            without=len(problem.places) - len(groups), outcome=whole.outcome[0], outcome_se=whole.outcome[1],
            outcome_low=whole.outcome[2], outcome_high=whole.outcome[3], start=whole.start, ratio=whole.ratio[0],
            ratio_se=whole.ratio[1], ratio_low=whole.ratio[2], ratio_high=whole.ratio[3], between=between,
            washed_out=washed.value, washed_low=washed.low, washed_high=washed.high, unit=problem.geometry.unit,
            keys=keys, notes=_notes(problem, starts, features, len(groups)),
        )  # fmt: skip

    def _kinds(
        self, starts: list[Start], points: Floats, features: Floats | None, mean: Floats, judged: bool
    ) -> tuple[PromptKind, ...]:
        out = []
        own = {s.probe: n for n, s in enumerate(starts) if not s.kind}
        for kind in dict.fromkeys(s.kind for s in starts if s.kind):
            by: dict[int, list[int]] = {}
            for n, s in enumerate(starts):
                if s.kind == kind:
                    by.setdefault(s.probe, []).append(n)
            seen = {p: [apart(points, n, own[p]) for n in mine] for p, mine in by.items()}
            each = np.array([np.mean([v for v, _ in found]) for found in seen.values()])
            left = np.stack([np.mean([r for _, r in found], axis=0) for found in seen.values()])
            here = [n for mine in by.values() for n in mine]
            moved = float("nan")
            if features is not None:
                moved = float(np.mean([((features[n] - features[own[starts[n].probe]]) ** 2).sum() for n in here]))
            whole = pooled(each, left, np.ones(len(each)), np.ones(len(each)))
            other = [(mean[n] > 0.5) != (mean[own[starts[n].probe]] > 0.5) for n in here]
            out.append(
                PromptKind(
                    kind, len(by), len(here), whole.outcome[0], whole.outcome[1], moved,
                    float(np.mean(other)) if judged else float("nan"),
                )
            )  # fmt: skip
        return tuple(out)


def _as_probe(probe: Probe, start: Start, number: int) -> Probe:
    """A start as a probe of its own."""
    return probe.model_copy(update={"id": f"{probe.id}~{number}", "payload": start.payload})


def _featured(problem: Problem, starts: list[Start]) -> Floats | None:
    """(starts, d) features; None where nothing embeds them."""
    assert problem.materials is not None
    try:
        found: Any = problem.materials.features([s.payload for s in starts])
    except PlanError:
        return None
    return np.asarray(found, np.float64)


def _notes(problem: Problem, starts: list[Start], features: Floats | None, groups: int) -> tuple[str, ...]:
    notes = []
    if groups < len(problem.places):
        gone = len(problem.places) - groups
        notes.append(f"{gone} of {len(problem.places)} probes can't be put otherwise, and are left out.")
    if features is None:
        notes.append("Nothing embeds the probes, so how far apart their starts lie is not known.")
    if any(s.payload.kind == "pair" for s in starts):
        notes.append("A pair's features are the difference of its replies': another prompt alone moves no start.")
    if groups < 3:
        notes.append("Errors take three probes.")
    return tuple(notes)
