"""The settings of representational tethers: how hard they pull, what the model is, and what is read of it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from activeseed.checked import SettingsRecord

#: the default learning rate: features are scaled to unit length and widths don't matter, so one suits most
RATE = 0.3
#: ``pretrained``: a task that is drawn for each key
DRAWN = "drawn"
#: hidden units that are enough for short inputs, and entries of longer ones that there is a unit for
UNITS, ENTRIES_A_UNIT = 16, 6
#: entries of what embeds texts, as a rule
EMBEDDED = 384


def units_for(entries: int) -> int:
    """Hidden units for inputs of so many entries: 16, or one for every six of them.

    What a framework leaves behind in a readout is what a random network of its width has of its own, which vanishes as
    it grows (its kernel becomes the same for all: Jacot et al. 2018, theorem 1), and the more directions inputs have,
    the more of them no anchor holds. Measured on embedded texts of 384 entries with 200 anchors: from 16 to 64 units
    the variance over frameworks halves (`tests/benchmarks/stack`, part tethers).
    """
    return max(UNITS, -(-entries // ENTRIES_A_UNIT))


class TetherSettings(SettingsRecord):
    """The settings of representational tethers.

    Attributes:
        tension: λ₁, how much what can't be translated to concepts and back is penalised.
        link: λ₂, how much anchors' concepts hold the translation. With both at 0 nothing is tethered; then read it
            ``fitted``, since a translator that nothing trains says nothing.
        commitment: λ₃, how closely a translation keeps to its code; only where there are codes.
        codes: size of the book of codes (points of concept space) that a translation is rounded to; 0 for none, and
            the translation is any point of concept space.
        layers: hidden layers, 1 or 2.
        hidden: units of each. What initial frameworks leave behind falls as they grow; a new project of long inputs
            begins with more (`units_for`).
        steps: gradient steps.
        learning_rate: of gradient descent with momentum; None takes 0.3.
        momentum: of the heavy ball; 0 for plain descent. The mean pull is 1/(1 − momentum) times as strong.
        minibatch: of the pool's entries in each step, in an order drawn from stream ``order``; 0 takes all of them.
            Anchors are in every step.
        init_scale: size of the random start (stream ``init``), relative to standard normal weights of units that see
            inputs of length one. Small starts learn more of what lies inside, and tethers hold more of it.
        task: where the pool's classes stand, which the model learns to tell: ``label``, ``group``, or a column of the
            pool's file. Without a pool there is no task, and nothing but the tethers shapes the model.
        concepts: names of the concepts, in the order in which lists of values have them; empty takes those that the
            seed names, in order of appearance.
        scale: ``unit``: a concept is there to some degree in [0, 1]; ``signed``: in [−1, 1], from its contrary on.
        pretrained: what the model learnt before, as the framework that it starts from: nothing where it is empty,
            ``drawn`` a task of its own for every key (which of several random directions a thing lies along), or a
            column of the pool's file with other classes.
        pretrain_steps: gradient steps of that.
        outcome: what is read at the probes: ``readouts`` of the concepts, ``predictions`` of the task, ``geometry`` of
            what lies inside, or ``all`` of them.
        readout: how concepts are read: by the ``translator`` that was trained, or by a ridge regression ``fitted`` to
            the same anchors afterwards.
        ridge: of that, beside a mean squared length of 1 + mean square of the units.
        aligned_at: probes, evenly spread, that the geometry is compared at; it has a·(a+1)/2 entries.
        compare: the geometry in which readouts and predictions are compared.
        held: key streams that stay at replicate 0 whatever the row's key.
        memory_mb: bound on what the rows of one batch take; more rows are trained in several batches.
    """

    kind: Literal["representational_tethers"] = "representational_tethers"
    tension: float = Field(default=1.0, ge=0, le=1e4)
    link: float = Field(default=5.0, ge=0, le=1e4)
    commitment: float = Field(default=0.25, ge=0, le=1e4)
    codes: int = Field(default=0, ge=0, le=4096)
    layers: Literal[1, 2] = 2
    hidden: int = Field(default=UNITS, ge=1, le=4096)
    steps: int = Field(default=200, ge=1, le=1_000_000)
    learning_rate: float | None = Field(default=None, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    minibatch: int = Field(default=0, ge=0)
    init_scale: float = Field(default=0.3, gt=0, le=1e3)
    task: str = Field(default="label", min_length=1)
    concepts: tuple[str, ...] = ()
    scale: Literal["unit", "signed"] = "unit"
    pretrained: str = ""
    pretrain_steps: int = Field(default=100, ge=1, le=1_000_000)
    outcome: Literal["readouts", "predictions", "geometry", "all"] = "readouts"
    readout: Literal["translator", "fitted"] = "translator"
    ridge: float = Field(default=1e-3, gt=0, le=1e3)
    aligned_at: int = Field(default=32, ge=2, le=512)
    compare: Literal["hellinger", "identity"] = "identity"
    held: tuple[Literal["init", "order"], ...] = ()
    memory_mb: int = Field(default=512, ge=16)

    @field_validator("concepts")
    @classmethod
    def _named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names) or any(not n.strip() for n in names):
            raise ValueError("each concept has a name of its own, and none is blank")
        return names

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.codes and not self.commitment:
            raise ValueError("codes only move where commitment is above 0; set it, or codes = 0")
        if self.codes == 1:
            raise ValueError("with one code everything is the same; set codes = 0 for none, or at least 2")
        return self

    @property
    def rate(self) -> float:
        """The learning rate that is used."""
        return RATE if self.learning_rate is None else self.learning_rate

    @property
    def streams(self) -> tuple[str, ...]:
        """Key streams that vary a result."""
        return tuple(n for n in (("init", "order") if self.minibatch else ("init",)) if n not in self.held)

    @property
    def ends(self) -> tuple[float, float]:
        """What a concept that is not there at all has for a value, and one that is there altogether."""
        return (0.0, 1.0) if self.scale == "unit" else (-1.0, 1.0)
