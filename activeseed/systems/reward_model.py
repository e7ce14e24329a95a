"""A reward model from preference pairs: Bradley–Terry on the replies' embeddings, batched over rows like the league.

P(a preferred to b) = σ(r(a) − r(b)) (Bradley & Terry 1952; the loss of RLHF reward models). The linear reward reads the
difference of the two embeddings; the MLP reads each reply. Items are pairs (kept, dropped, flipped, reworded), probes
are pairs, the outcome is P(chosen preferred) on them. A flipped pair is its own slot with the replies exchanged.

Multiply-adds of a row (S slots, T distinct replies in them, d features, h hidden units), each step: dual S², linear
primal 2Sd, MLP 2Thd + 3Th; plus one reading of pairs and probes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from operator import not_
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY, Cost, Json, Traits
from activeseed.seed import Pair, Probe
from activeseed.systems.fields.settings import check_decay, check_minibatch, kept_besides, looked_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from activeseed.convex import Convex
    from activeseed.factor import Factor
    from activeseed.geometries import Hellinger, Identity
    from activeseed.networks import Layout
    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials, Rows
    from activeseed.systems.fields.batches import Latest
    from activeseed.systems.fields.draws import Draws
    from activeseed.systems.fields.field import Field as ScoreField
    from activeseed.systems.fields.points import Points

MEBIBYTE = 2**20


class RewardModel(SettingsRecord):
    """A reward learned from pairs by gradient descent on ``−Σ wᵢ log σ(r(chosenᵢ) − r(rejectedᵢ)) + l2/2‖θ‖²``.

    The weights w are those of the row, summing to one. A row without pairs keeps its start: no preference anywhere.

    >>> act.RewardModel(steps=50, minibatch=16).traits.streams
    ('order',)

    Attributes:
        reward: ``linear`` or ``mlp`` (one hidden layer).
        hidden: units of the MLP's hidden layer.
        steps: gradient steps.
        learning_rate: of plain gradient descent; None takes 4 for a linear reward and 2 for an MLP.
        l2: weight decay.
        init_scale: size of the random start of a linear reward or of an MLP's output layer (its hidden layer always
            starts at random, stream ``init``).
        minibatch: pairs in each gradient step, in an order drawn from stream ``order``; 0 takes all of them.
        momentum: β of the heavy ball, in [0, 1): each step goes on by β of the last one.
        dropout: share of units (of a linear reward, of its inputs) that is set to zero by a mask of stream ``mask``;
            what is kept is scaled by 1/(1 − p).
        dropconnect: share of weights, likewise.
        masked: when masks are on: in ``training`` (a new one each step, the same for all pairs), at ``run`` (one, where
            outcomes are read), or ``both``.
        pretrained: gradient steps on another task that the reward starts from: the same pairs, each either way round by
            a coin of stream ``init``; 0 for none.
        compare: the geometry in which outcomes are compared.
        held: key streams that stay at replicate 0.
        memory_mb: bound on what the rows of one batch take; more rows are trained in several batches.
    """

    kind: Literal["reward_model"] = "reward_model"
    reward: Literal["linear", "mlp"] = "linear"
    hidden: int = Field(default=16, ge=1, le=4096)
    steps: int = Field(default=100, ge=1, le=1_000_000)
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    l2: float = Field(default=1e-3, ge=0, allow_inf_nan=False)
    init_scale: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    minibatch: int = Field(default=0, ge=0)
    momentum: float = Field(default=0.0, ge=0, lt=1, exclude_if=not_)
    dropout: float = Field(default=0.0, ge=0, le=0.9, exclude_if=not_)
    dropconnect: float = Field(default=0.0, ge=0, le=0.9, exclude_if=not_)
    masked: Literal["training", "run", "both"] = Field(default="training", exclude_if=lambda m: m == "training")
    pretrained: int = Field(default=0, ge=0, le=100_000, exclude_if=not_)
    compare: Literal["hellinger", "identity"] = "hellinger"
    held: tuple[Literal["init", "order", "mask"], ...] = ()
    memory_mb: int = Field(default=512, ge=16)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        check_decay(self.rate, self.l2)
        return self

    @property
    def rate(self) -> float:
        """The learning rate that is used."""
        return self.learning_rate or (4.0 if self.reward == "linear" else 2.0)

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would train differently."""
        return "1"

    @property
    def traits(self) -> Traits:
        """Pairs may have any weight; streams are those that vary the result under these settings."""
        return Traits(self._streams, weighted=True, memory_mb=self.memory_mb)

    @property
    def _streams(self) -> tuple[str, ...]:
        starts = self.reward == "mlp" or self.init_scale > 0 or self.pretrained > 0
        varies = {"init": starts, "order": self.minibatch > 0, "mask": self.has_masks}
        return tuple(name for name, yes in varies.items() if yes and name not in self.held)

    @property
    def has_masks(self) -> bool:
        """Whether anything is dropped."""
        return self.dropout > 0 or self.dropconnect > 0

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def check(self, materials: Materials) -> None:
        """Raise PlanError where items or probes are no pairs, where there are no probes, or the minibatch is whole."""
        if not isinstance(materials.slots.payloads[0], Pair):
            raise PlanError(
                "A reward model learns from preference pairs; this seed holds "
                f"{materials.slots.payloads[0].kind!r} items. Give every item 'chosen' and 'rejected', or use kind = "
                "'oversight_league'."
            )
        if not materials.probes:
            raise PlanError("There are no probes to read the reward at. Give --probes FILE with pairs.")
        for probe in materials.probes:
            if not isinstance(probe.payload, Pair):
                raise PlanError(
                    f"A reward model is read at pairs, but the probe {probe.id!r} is a {probe.payload.kind!r}. "
                    "Give every probe 'chosen' and 'rejected'."
                )
        check_minibatch(self.minibatch, len(materials.seed))

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The probe pairs."""
        return materials.probes

    def geometry(self, materials: Materials) -> Hellinger | Identity:
        """Preference probabilities over the probe pairs, by their weights."""
        from activeseed.geometries import at_places

        return at_places(materials.probes, self.compare, "the preferred reply at the probe pairs")

    def cost(self, materials: Materials) -> Cost:
        """Bytes and multiply-adds of one row (count: see the module)."""
        return _cost(self, materials, _features(materials))

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Train every row in batched computations; a row that diverges is a recorded failure."""
        from activeseed.systems.fields.batches import in_batches

        bench = _bench_of(self, materials)
        per, places = self._rows_a_batch(materials, bench), len(materials.probes)
        return in_batches(lambda part: _train_batch(self, bench, part, materials), rows, per, places)

    def _rows_a_batch(self, materials: Materials, bench: _Bench) -> int:
        return max(1, self.memory_mb * MEBIBYTE // _cost(self, materials, bench.features).bytes)

    # --- what can be varied -------------------------------------------------------------------------------------

    def factors(self) -> tuple[Factor, ...]:
        """Settings of the trainer (length, rate, momentum, decay, minibatch, start) and of the model (units, masks)."""
        from activeseed.systems.fields.settings import varied

        names = [
            "steps", "learning_rate", "l2", "init_scale", *(["hidden"] if self.reward == "mlp" else []),
            "momentum", "minibatch", "dropout", "dropconnect", "pretrained",
        ]  # fmt: skip
        return varied({name: getattr(self, name) for name in names}, self.rate, names)

    def with_settings(self, settings: Mapping[str, Json]) -> RewardModel:
        """The same model with other values of these settings."""
        return type(self)(**{**self.model_dump(mode="json"), **settings})

    # --- what can be looked into --------------------------------------------------------------------------------

    @property
    def state_names(self) -> tuple[str, ...]:
        """``trajectory``; ``network`` of a linear reward, ``representation`` of an MLP."""
        return (NETWORK, TRAJECTORY) if self.reward == "linear" else (TRAJECTORY, REPRESENTATION)

    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
        """(R, …) a state of each row, trained as ``train`` does; NaN where a row failed.

        The representation of a pair is the difference of its replies' hidden units: what the last layer scores.
        """
        import numpy as np

        bench = _bench_of(self, materials)
        out = np.full((len(rows), *_state_shape(self, materials, bench.features, name)), np.nan, np.float32)
        per = self._rows_a_batch(materials, bench)
        for a in range(0, len(rows), per):
            part = slice(a, a + per)
            _states_batch(self, bench, rows.take(part), materials, name, out[part])
        return out

    def state_size(self, materials: Materials, name: str) -> int:
        """Numbers in a state of one row."""
        return prod(_state_shape(self, materials, _features(materials), name))

    def trajectory_steps(self, materials: Materials) -> tuple[int, ...]:
        """The gradient steps after which the state ``trajectory`` is read: 16, evenly spaced, and the start."""
        return looked_at(1, self.steps, each=16)

    def layout(self, materials: Materials) -> Layout | None:
        """A linear reward is a network on the difference of the replies' features, its bias 0.

        None for an MLP: r(a) − r(b) is a function of both replies, not of the difference that features of a pair are.
        """
        from activeseed.networks import Layout

        return Layout((_features(materials), 1)) if self.reward == "linear" else None

    @property
    def why_no_network(self) -> str:
        """See ``protocols.SupportsNoNetwork``."""
        return "An MLP reads each reply by itself, and not their difference. Say reward = 'linear'."

    def convex(self, materials: Materials, key: int = 0) -> Convex:
        """See ``protocols.SupportsConvex``: a linear reward's descent. Raises PlanError for an MLP."""
        import numpy as np

        from activeseed.convex import Convex
        from activeseed.systems.fields.convex import descent_words, drawn_start, paced

        if self.reward != "linear":
            raise PlanError("An MLP's training is not convex. Say reward = 'linear'.")
        other = [name for name in ("momentum", "dropout", "dropconnect", "pretrained") if getattr(self, name)]
        if other:
            raise PlanError(f"This training is no plain descent. It is with {', '.join(f'{n} = 0' for n in other)}.")
        self.check(materials)
        x = np.asarray(materials.features(list(materials.slots.payloads)), np.float64)
        start = drawn_start(materials.root, key, self.held, x.shape[1], self.init_scale)
        return Convex(
            features=x, targets=np.ones(len(x)), scale=np.ones(len(x)), l2=self.l2, normalised=True,
            probes=np.asarray(materials.features([p.payload for p in materials.probes]), np.float64),
            steps=self.steps, rate=self.rate, start=start,
            pace=paced(materials, key, self.held, self.minibatch, self.steps) if self.minibatch else None,
            words=descent_words("a linear reward", self.steps, self.rate, self.l2, start, self.minibatch, key),
        )  # fmt: skip


@dataclass(frozen=True)
class _Bench:
    """What all rows share.

    ``chosen`` and ``rejected`` (S,) are columns of the field's training points, ``probe_chosen`` and
    ``probe_rejected`` (P,) of its probes; None where the points are differences already (the linear reward).
    """

    points: Points
    features: int
    item_of: NDArray[np.int64]
    as_written: NDArray[np.int64]
    chosen: Tensor | None = None
    rejected: Tensor | None = None
    probe_chosen: Tensor | None = None
    probe_rejected: Tensor | None = None


def _features(materials: Materials) -> int:
    """d; a reply is embedded to learn it."""
    return int(materials.embed(materials.slots.payloads[0].texts[:1]).shape[1])


def _state_shape(model: RewardModel, materials: Materials, features: int, name: str) -> tuple[int, ...]:
    """The shape of a state of one row. Raises PlanError for one that these settings don't hand out."""
    if name not in model.state_names:
        raise PlanError(
            f"This reward model has no state {name!r}; it hands out {', '.join(model.state_names)}. A linear reward "
            "has a network, an MLP hidden units."
        )
    if name == NETWORK:
        return (features + 1,)
    places = len(materials.probes)
    return (len(model.trajectory_steps(materials)), places) if name == TRAJECTORY else (places, model.hidden)


def _bench_of(model: RewardModel, materials: Materials) -> _Bench:
    """The bench of these materials, checked; the latest is remembered, since a plan trains in many batches."""
    return _latest().of(model, materials)


@cache
def _latest() -> Latest[RewardModel, _Bench]:
    from activeseed.systems.fields.batches import Latest

    return Latest(_lay_out)


def _lay_out(model: RewardModel, materials: Materials) -> _Bench:
    import torch

    from activeseed.systems.fields.points import Points, in_precision

    model.check(materials)
    slots = materials.slots
    probes = [p.payload for p in materials.probes]
    if model.reward == "linear":
        x = in_precision(materials.features(list(slots.payloads)))
        z = in_precision(materials.features(probes))
        points = Points.lay_out(x, z, 0, dual=_uses_dual(model, len(x), x.shape[1]))
        return _Bench(points, x.shape[1], slots.items, slots.index[:, 0])
    replies, pairs = _distinct(slots.payloads)
    probe_replies, probe_pairs = _distinct(probes)
    x = in_precision(materials.embed(replies))
    z = in_precision(materials.embed(probe_replies))
    a, b = torch.from_numpy(pairs), torch.from_numpy(probe_pairs)
    return _Bench(
        Points.lay_out(x, z, 0, dual=False),
        x.shape[1], slots.items, slots.index[:, 0],
        chosen=a[:, 0], rejected=a[:, 1], probe_chosen=b[:, 0], probe_rejected=b[:, 1],
    )  # fmt: skip


def _distinct(payloads: Any) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct replies, and (n, 2) the numbers of each pair's chosen and rejected one."""
    import numpy as np

    number: dict[str, int] = {}
    pairs = [[number.setdefault(text, len(number)) for text in p.texts] for p in payloads]
    return list(number), np.array(pairs, np.int64)


def _uses_dual(model: RewardModel, slots: int, features: int) -> bool:
    return model.reward == "linear" and model.init_scale == 0 and not model.has_masks and slots < 2 * features


def _cost(model: RewardModel, materials: Materials, d: int) -> Cost:
    s, p, f = len(materials.slots.payloads), len(materials.probes), len(materials.seed)
    assignment = 26 * f + 9 * s
    minibatch = 12 * f + 3 * s if model.minibatch else 0
    if model.reward == "mlp":
        t, q, h = (
            len(_distinct(materials.slots.payloads)[0]),
            len(_distinct([x.payload for x in materials.probes])[0]),
            model.hidden,
        )
        floats = 4 * h * d + 6 * h + 5 * h * max(t, q) + 8 * s + 4 * t + 3 * (q + p + f)
        adds = (model.steps + model.pretrained) * (2 * t * h * d + 3 * t * h) + (t + q) * h * d
        size = h * d + 2 * h
    else:
        dual = _uses_dual(model, s, d)
        floats = (s if dual else 3 * d) + 6 * s + 3 * (p + f)
        width = s if dual else d
        adds = (model.steps + model.pretrained) * s * width * (1 if dual else 2) + (s + p) * width
        size = width
    floats += kept_besides(size, model.momentum, model.has_masks) + (3 * s if model.pretrained else 0)
    return Cost(bytes=assignment + 4 * (floats + minibatch), multiply_adds=adds)


def _train_batch(model: RewardModel, bench: _Bench, rows: Rows, materials: Materials) -> Outcomes:
    return _trained(model, bench, rows, materials)[2]


def _trained(
    model: RewardModel,
    bench: _Bench,
    rows: Rows,
    materials: Materials,
    watch: Callable[[int, ScoreField, list[Tensor]], None] | None = None,
) -> tuple[ScoreField, list[Tensor], Outcomes]:
    """The rewards of one batch as they are read (under a mask, where it is on then), and what is read of them.

    Args:
        watch: called with the number of gradient steps so far, before the first (0) and after each, and with what would
            be read then. Parameters move in place: what is wanted of them is copied.
    """
    import torch

    from activeseed.systems.fields.batches import read_off, sound_weights
    from activeseed.systems.fields.choosing import chosen_field
    from activeseed.systems.fields.descending import Descent, Masks, masked
    from activeseed.systems.fields.draws import Draws, Minibatches
    from activeseed.systems.fields.field import Rates
    from activeseed.systems.fields.points import in_precision

    weights, sound = sound_weights(rows, materials)
    with torch.no_grad():
        given = in_precision(weights)
        wanted = given / given.sum(1, keepdim=True).clamp(min=1e-12)
        draws = Draws.of(materials.root, rows, model.held)
        rates = Rates(model.rate, 0.0, model.rate * model.l2)  # a bias cancels in every difference
        field = chosen_field(model.reward, bench.points, rates, model.hidden, model.init_scale)
        params = field.start(len(rows), draws)
        if model.pretrained:
            _pretrain(model, bench, field, params, draws)
        masks = Masks(field, draws, model.dropout, model.dropconnect) if model.has_masks else None
        at_run = masks.at_run() if masks is not None and model.masked != "training" else []
        descent = Descent(field, model.momentum, None if model.masked == "run" else masks)
        if watch is not None:
            watch(0, field, masked(params, at_run) if at_run else params)
        batches = Minibatches(draws, torch.from_numpy(bench.item_of), len(bench.as_written), model.minibatch)
        for step in range(model.steps):
            here = batches.weights(wanted, step) if model.minibatch else wanted
            reading = descent.read(params, step)
            margin = _differences(reading.shared, bench.chosen, bench.rejected)
            descent.move(params, reading, _spread_back(torch.sigmoid(-margin).mul_(here).neg_(), bench))
            if watch is not None:
                watch(step + 1, field, masked(params, at_run) if at_run else params)
        params = masked(params, at_run) if at_run else params
        trained = _differences(field.train_scores(params), bench.chosen, bench.rejected)
        at_items = trained[:, torch.from_numpy(bench.as_written)].sigmoid().numpy()
        values = _outcome_of(bench, field, params).numpy()
    diverged = f"the reward diverged (NaN) at learning_rate {model.rate:g}; lower it"
    return field, params, read_off(values, at_items, sound, diverged)


def _pretrain(model: RewardModel, bench: _Bench, field: ScoreField, params: list[Tensor], draws: Draws) -> None:
    """Descend on the same pairs, each either way round by a coin."""
    import torch

    from activeseed.systems.fields.pretraining import coins

    wanted = coins(draws, len(bench.item_of))
    for _ in range(model.pretrained):
        reading = field.read(params)
        margin = _differences(reading.shared, bench.chosen, bench.rejected)
        slope = (torch.sigmoid(margin) - wanted) / max(1, len(bench.item_of))
        field.move(params, reading, _spread_back(slope, bench), None, None)


def _outcome_of(bench: _Bench, field: ScoreField, params: list[Tensor]) -> Tensor:
    """(R, P) P(chosen preferred) at the probes, by the rewards as they are now."""
    return _differences(field.probe_scores(params), bench.probe_chosen, bench.probe_rejected).sigmoid()


def _states_batch(
    model: RewardModel, bench: _Bench, rows: Rows, materials: Materials, name: str, out: NDArray[np.float32]
) -> None:
    """One batch's state, into ``out``."""
    import numpy as np

    looks = {step: t for t, step in enumerate(model.trajectory_steps(materials))} if name == TRAJECTORY else {}

    def watch(step: int, field: ScoreField, params: list[Tensor]) -> None:
        if step in looks:
            out[:, looks[step]] = _outcome_of(bench, field, params).numpy()

    field, params, outcomes = _trained(model, bench, rows, materials, watch if looks else None)
    if name == NETWORK:
        out[:] = field.flat(params).numpy()
    elif name == REPRESENTATION:
        units = field.units(params, bench.points.probes)
        assert units is not None, "an MLP has hidden units"
        out[:] = (units[:, bench.probe_chosen] - units[:, bench.probe_rejected]).numpy()
    out[~outcomes.ok] = np.nan


def _differences(scores: Tensor, chosen: Tensor | None, rejected: Tensor | None) -> Tensor:
    """(R, S) r(chosen) − r(rejected)."""
    if chosen is None or rejected is None:
        return scores
    return scores[:, chosen] - scores[:, rejected]


def _spread_back(slope: Tensor, bench: _Bench) -> Tensor:
    """dLoss/dscore of each training point, from that of each pair."""
    if bench.chosen is None or bench.rejected is None:
        return slope
    out = slope.new_zeros(len(slope), len(bench.points.train))
    return out.index_add_(1, bench.chosen, slope).index_add_(1, bench.rejected, slope, alpha=-1)
