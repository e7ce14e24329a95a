"""``FromEstimator``: any scikit-learn estimator as a trainer²."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from math import prod
from operator import not_
from pathlib import Path
from typing import Any, Literal, Self, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from activeseed.agreeing import as_json, said
from activeseed.checked import SettingsRecord
from activeseed.convex import Convex
from activeseed.errors import ConfigError, PlanError, TrainingError, nearest
from activeseed.factor import Factor
from activeseed.geometries import Compare, Hellinger, Identity, at_places
from activeseed.networks import Layout, Network
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows, stream_key
from activeseed.protocols import NETWORK, REPRESENTATION, Cost, Json, Traits
from activeseed.seed import Payload, Probe
from activeseed.systems.own.fingerprint import fingerprint
from activeseed.systems.own.given import GivenItem, also_reads, given_items, one_by_one, text_of
from activeseed.systems.own.inside import layout_of, parameters_of
from activeseed.systems.own.labels import Label, Labels
from activeseed.systems.own.target import load, name_of
from activeseed.systems.own.varying import Varies, check_names, factors_of, otherwise, standing


class EstimatorSettings(TypedDict, total=False):
    """The settings of `FromEstimator` by name."""

    estimator: str
    parameters: Mapping[str, Any]
    label: str
    positive: bool | int | float | str
    features: Literal["embedding", "text"]
    probability: bool
    deterministic: bool | None
    version: str
    varies: Mapping[str, Any]
    instance: Any


class FromEstimator(SettingsRecord):
    """A trainer² that fits a clone of an estimator on each row's items and predicts the probes.

    Items need labels, which stand in the seed file beside the text. The outcome is P(``positive``) of each probe for a
    classifier, the prediction for a regressor. A clone gets its ``random_state``, and that of every part of it, from
    the row's key. Weights go to ``sample_weight`` where the estimator takes it; where it does not, an item of
    multiplicity 2 comes twice. A row that leaves a single class is a recorded failure.

    >>> from sklearn.linear_model import LogisticRegression
    >>> trainer = act.FromEstimator(LogisticRegression(C=10.0), label="label", positive="urgent")
    >>> trainer.estimator, trainer.parameters["C"]
    ('sklearn.linear_model:LogisticRegression', 10.0)

    Attributes:
        estimator: where the estimator's class (or a function that makes one) is found, ``sklearn.svm:SVC``; filled in
            for an instance.
        parameters: what it is made with.
        label: the metadata column that holds the label; ``group`` takes the item's group.
        positive: the class whose probability is the outcome. Empty: the later one of two classes: numbers by size,
            texts by their characters, true after false. Labels reach the estimator as what they are in the file.
        features: ``embedding`` gives it the study's embedding (a vector's own entries, chosen minus rejected for a
            pair), ``text`` the texts themselves, for a pipeline with a vectoriser of its own.
        probability: outcomes are probabilities (``predict_proba``). Otherwise ``predict``: labels must be numbers.
        deterministic: None takes an estimator without any ``random_state`` for deterministic.
        version: names this trainer in place of a fingerprint of its class and parameters.
        varies: parameters of it (``C``, ``learning_rate_init``, a part's ``mlpclassifier__alpha``) that can be
            perturbed: name -> values, the first of which stands, or a table with ``values``, ``level`` and ``aspect``.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Literal["estimator"] = "estimator"
    estimator: str = ""
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    label: str = "label"
    positive: bool | int | float | str = ""
    features: Literal["embedding", "text"] = "embedding"
    probability: bool = True
    deterministic: bool | None = None
    version: str = ""
    varies: Mapping[str, Varies] = Field(default_factory=dict, exclude_if=not_)
    instance: Any = Field(default=None, exclude=True, repr=False)
    _base: Path = PrivateAttr(default=Path())
    _permit: Callable[[], None] | None = PrivateAttr(default=None)

    def __init__(self, estimator: Any = None, /, **settings: Unpack[EstimatorSettings]) -> None:
        given: dict[str, Any] = dict(settings)
        if isinstance(estimator, str):
            given["estimator"] = estimator
        elif estimator is not None:
            if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
                what = f"the class {estimator.__name__}" if isinstance(estimator, type) else type(estimator).__name__
                raise ConfigError(
                    f"FromEstimator takes an estimator of scikit-learn's kind, not {what}: FromEstimator("
                    "LogisticRegression()), or its name in a text, 'sklearn.linear_model:LogisticRegression'."
                )
            parameters = _plain_parameters(estimator)
            if parameters is not None:
                given = {"estimator": name_of(type(estimator)), "parameters": parameters, **given}
            given["instance"] = estimator
        super().__init__(**given)

    # A table of settings names everything: it needs no constructor, and its mistakes are told as the table's.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="after")
    def _has_an_estimator(self) -> Self:
        if not self.estimator and self.instance is None:
            raise ConfigError(
                "A trainer of kind 'estimator' needs its estimator: FromEstimator(LogisticRegression()), or in "
                "activeseed.toml estimator = 'sklearn.linear_model:LogisticRegression' or 'file.py:make_it'. A "
                "pipeline has no such name: open its study with Study.open(folder, system=FromEstimator(pipeline))."
            )
        check_names(self.varies, type(self).model_fields)
        return self

    def located(self, folder: Path) -> Self:
        """The same trainer, with a relative path in ``estimator`` read from a folder instead of the current one."""
        there = self.model_copy()
        there._base, there._permit = folder, self._permit
        return there

    def asking(self, permit: Callable[[], None]) -> Self:
        """The same trainer, which calls ``permit`` before it imports anything: that raises where it may not."""
        there = self.model_copy()
        there._base, there._permit = self._base, permit
        return there

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        path = self.estimator
        made_with = [path, as_json(self.model_dump()["parameters"])]
        if self.varies:
            made_with.append(as_json(self.model_dump()["varies"]))
        return (f"make {said(path)}", made_with) if path else None

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def rows_at_a_time(self) -> int:
        """Rows don't influence each other, so an executor may spread a batch over processes; known unloaded."""
        return 1

    @property
    def revision(self) -> str:
        return self.version or fingerprint(self.made())

    @property
    def traits(self) -> Traits:
        """Randomness and weights as the estimator itself has them. Raises ConfigError where it can't be made."""
        model = self.made()
        fixed = self.deterministic if self.deterministic is not None else not _random_states(model)
        streams = () if fixed else ("train",)
        return Traits(streams, weighted=_weight_name(model) is not None, rows_at_a_time=self.rows_at_a_time)

    def record(self) -> dict[str, Json]:
        """The settings; class and parameters are also in ``revision``."""
        return {**self.model_dump(mode="json", exclude={"varies"}), **standing(self.varies)}

    def factors(self) -> tuple[Factor, ...]:
        """The parameters that it declares."""
        return factors_of(self.varies)

    def with_settings(self, settings: Mapping[str, Json]) -> Self:
        """The same trainer with other values of declared parameters. Raises PlanError for one that is not declared."""
        return self.model_copy(update={"varies": otherwise(self.varies, settings)})

    def also_reads(self, materials: Materials) -> list[Json]:
        """What may determine an outcome besides ``Materials.digest``: the labels, and what they are taken for."""
        read = also_reads(materials)
        if not self.probability:
            return read
        try:
            labels = self._labels(materials)
        except PlanError:
            return read  # nothing can be trained
        # labels were texts once, and rows that were trained then are other rows
        return read if labels.kind == "texts" else [*read, [labels.kind, list(labels.classes)]]

    def check(self, materials: Materials) -> None:
        model = self.made()
        if not materials.probes:
            raise PlanError("There are no probes: an estimator's outcome is what it predicts for each of them.")
        wanted = "predict_proba" if self.probability else "predict"
        if not hasattr(model, wanted) or not hasattr(model, "fit"):
            hint = " Say probability=False, or calibrate it (CalibratedClassifierCV)." if self.probability else ""
            raise PlanError(f"{type(model).__name__} has no {wanted}.{hint}")
        labels = [self._label(item.metadata, item.group) for item in materials.seed.items]
        without = [item.id for item, label in zip(materials.seed.items, labels, strict=True) if label is None]
        if without:
            raise PlanError(
                f"{len(without)} item(s) have no {self.label!r}, so nothing can be fitted (the first: {without[0]!r}). "
                "Add the column to the seed file, or name another one with label=..."
            )
        if not self.probability:
            _numbers(labels)
            return
        found = Labels.of(labels)
        classes = ", ".join(map(str, found.classes[:20]))
        if len(found.classes) < 2:
            raise PlanError(f"All items have the label {found.classes[0]!r}; a classifier needs at least two classes.")
        if odd := [c for c in found.classes if isinstance(c, float)]:
            raise PlanError(
                f"The label {odd[0]:g} is no class: classes that are numbers are whole numbers. Say probability=False "
                "for a regressor, or write words."
            )
        if self.positive != "" and found.named(self.positive) is None:
            raise PlanError(f"positive = {self.positive!r} is the label of no item. Labels: {classes}.")
        if self.positive == "" and len(found.classes) > 2:
            raise PlanError(
                f"There are {len(found.classes)} classes ({classes}). Say with positive=... which one's "
                "probability is the outcome."
            )

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Hellinger | Identity:
        return at_places(materials.probes, self._compare)

    def cost(self, materials: Materials) -> Cost:
        """Unknown: it depends on the estimator."""
        return Cost()

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        probes = self._inputs(materials, [p.payload for p in materials.probes])
        fitted, positive = self._fitting(rows, materials)

        def train(r: int) -> Any:
            model = fitted(r)
            asked = probes.copy()  # a scaler that saves itself a copy writes into what it is asked about
            return model.predict(asked) if positive is None else _probability(model, asked, positive)

        return one_by_one(train, rows, len(materials.probes), self._compare)

    # --- what can be looked into --------------------------------------------------------------------------------

    @property
    def state_names(self) -> tuple[str, ...]:
        """``network`` where the estimator is one (`own.inside`), and ``representation`` where it has hidden units."""
        layout = self._layout(1)
        if layout is None:
            return ()
        return (NETWORK,) if len(layout.widths) == 2 else (NETWORK, REPRESENTATION)

    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
        """(R, …) a state of each row, fitted as ``train`` does; NaN where a row failed.

        Parameters are rounded once to single precision.
        """
        layout = self.layout(materials)
        if layout is None or name not in self.state_names:
            known = ", ".join(self.state_names) if layout is not None else "nothing of itself on these items"
            raise PlanError(
                f"This trainer has no state {name!r}; it hands out {known}. Linear models and perceptrons of two "
                "classes, alone or after a StandardScaler, on the study's embedding, are networks."
            )
        fitted, positive = self._fitting(rows, materials)
        probes = np.asarray(materials.features([p.payload for p in materials.probes]), np.float64)

        def read(r: int) -> Any:
            flat = parameters_of(fitted(r), layout, positive)
            return flat if name == NETWORK else Network.of(layout, flat).units(probes).reshape(-1)

        shape = (layout.size,) if name == NETWORK else (len(probes), layout.widths[-2])
        found = one_by_one(read, rows, prod(shape), "identity")
        return found.values.reshape(len(rows), *shape)

    def layout(self, materials: Materials) -> Layout | None:
        """The network that the estimator is; None for a kind that is none, more than two classes, or texts."""
        if self._layout(1) is None:
            return None  # nothing is embedded to learn that
        if self.probability:
            try:
                if len(self._labels(materials).classes) != 2:
                    return None
            except PlanError:
                return None  # nothing can be trained
        return self._layout(materials.features([materials.slots.payloads[0]]).shape[1])

    @property
    def why_no_network(self) -> str:
        """See ``protocols.SupportsNoNetwork``."""
        return (
            "Those of linear models and of scikit-learn's MLPs are, on the embedder's vectors: features = 'embedding'."
        )

    def _layout(self, inputs: int) -> Layout | None:
        return layout_of(self.made(), inputs, probability=self.probability) if self.features == "embedding" else None

    def convex(self, materials: Materials, key: int = 0) -> Convex:
        """See ``protocols.SupportsConvex``: logistic regression on fixed features. Raises PlanError otherwise."""
        from activeseed.systems.own.convex import convex_of, logistic

        model = self.made()
        logistic(model)
        if not self.probability:
            raise PlanError("Removals are bounded for a classifier's probability. Say probability=True.")
        self.check(materials)
        labels, items = self._labels(materials), materials.seed.items
        if len(labels.classes) != 2:
            raise PlanError(f"Removals are bounded for two classes; there are {len(labels.classes)} labels.")
        said = [self._label(items[f].metadata, items[f].group) for f in materials.slots.items]
        inputs = [self._inputs(materials, p) for p in (list(materials.slots.payloads), _payloads(materials.probes))]
        return convex_of(model, inputs[0], labels.read(said).tolist(), self._positive(labels), inputs[1])

    def _labels(self, materials: Materials) -> Labels:
        return Labels.of([self._label(i.metadata, i.group) for i in materials.seed.items])

    def _positive(self, labels: Labels) -> Label:
        named = labels.classes[-1] if self.positive == "" else labels.named(self.positive)
        if named is None:
            raise PlanError(f"positive = {self.positive!r} is the label of no item.")
        return named

    @property
    def _compare(self) -> Compare:
        return "hellinger" if self.probability else "identity"

    # --- one row ------------------------------------------------------------------------------------------------

    def made(self) -> Any:
        """The estimator, unfitted, with what its declared parameters are. Raises ConfigError when it can't be made."""
        model = self._as_given()
        return with_parameters(model, standing(self.varies)) if self.varies else model

    def _as_given(self) -> Any:
        if self.instance is not None:
            return self.instance
        found = load(self.estimator, self._base, self._permit)
        if not isinstance(found, type) and hasattr(found, "fit"):
            return found
        try:
            return found(**self.parameters)
        except TypeError as error:
            raise ConfigError(f"{self.estimator} can't be made with these parameters: {error}.") from error

    def _fitting(self, rows: Rows, materials: Materials) -> tuple[Callable[[int], Any], Label | None]:
        """Row number -> the estimator as fitted on that row; and the class whose probability is read, if one is."""
        weight_name = _weight_name(self.made())
        labels = self._labels(materials) if self.probability else None

        def fitted(r: int) -> Any:
            items = given_items(materials, rows, r, weighted=weight_name is not None)
            return self._fitted(items, materials, int(rows.stream("train")[r]), weight_name, labels)

        return fitted, None if labels is None else self._positive(labels)

    def _fitted(
        self,
        items: list[GivenItem],
        materials: Materials,
        replicate: int,
        weight_name: str | None,
        classes: Labels | None,
    ) -> Any:
        from sklearn.base import clone

        labels: Any = [self._label(i.metadata, i.group) for i in items]
        if classes is not None:
            labels = classes.read(labels)
            if len(set(labels.tolist())) < 2:
                left = f"only the label {labels.tolist()[0]!r} is" if len(labels) else "no item is"
                raise TrainingError(f"{left} left in this row; a classifier needs at least two classes")
        else:
            labels = _numbers(labels)
        model = clone(self.made())
        # numpy's RandomState, which scikit-learn uses, takes 32 bits; each part of a pipeline gets its own.
        key = stream_key(materials.root, "train", replicate)
        model.set_params(**{name: stream_key(key, name) % 2**32 for name in _random_states(model)})
        weights = {} if weight_name is None else {weight_name: np.array([i.weight for i in items])}
        return model.fit(self._inputs(materials, [i.payload for i in items]), labels, **weights)

    def _inputs(self, materials: Materials, payloads: list[Payload]) -> Any:
        if self.features == "embedding":
            return np.asarray(materials.features(payloads), np.float64)
        return [text_of(p) for p in payloads]

    def _label(self, metadata: Mapping[str, Any], group: str) -> Any:
        label = metadata.get(self.label, group or None if self.label == "group" else None)
        return None if label == "" or label != label else label  # a missing cell of a table reads as NaN


def with_parameters(model: Any, values: Mapping[str, Any]) -> Any:
    """A clone with these parameters. Raises ConfigError for one that it has not, with the nearest known name."""
    from sklearn.base import clone

    known = model.get_params(deep=True)
    for name in values:
        if name not in known:
            raise ConfigError(f"varies names {name!r}, which {type(model).__name__} has not.{nearest(name, known)}")
    return clone(model).set_params(**copy.deepcopy(dict(values)))


def _payloads(probes: tuple[Probe, ...]) -> list[Payload]:
    return [p.payload for p in probes]


def _numbers(labels: list[Any]) -> NDArray[np.float64]:
    try:
        numbers = np.array([float(label) for label in labels], np.float64)
    except (TypeError, ValueError):
        raise PlanError("With probability=False labels must be numbers; some of these are not.") from None
    if not np.isfinite(numbers).all():
        raise PlanError("With probability=False labels must be finite numbers; some of these are not.")
    return numbers


def _probability(model: Any, probes: Any, positive: Label) -> Any:
    classes = list(model.classes_)
    if positive not in classes:
        raise TrainingError(f"no item with the label {positive!r} is left in this row, so it has no probability")
    return model.predict_proba(probes)[:, classes.index(positive)]


def _random_states(model: Any) -> list[str]:
    """Names of the parameters, of the model and of its parts, that take a random state."""
    return sorted(n for n in model.get_params(deep=True) if n == "random_state" or n.endswith("__random_state"))


def _weight_name(model: Any) -> str | None:
    """How ``fit`` of this model is given weights, or None where it takes none."""
    from sklearn.utils.validation import has_fit_parameter

    steps = getattr(model, "steps", None)
    if steps:
        name, last = steps[-1]
        inner = _weight_name(last)
        return f"{name}__{inner}" if inner else None
    return "sample_weight" if has_fit_parameter(model, "sample_weight") else None


def _plain_parameters(model: Any) -> dict[str, Any] | None:
    """Parameters that differ from the class's defaults, or None where a configuration file can't hold them all."""
    defaults = {n: p.default for n, p in inspect.signature(type(model).__init__).parameters.items()}
    given = {n: v for n, v in model.get_params(deep=False).items() if n not in defaults or v is not defaults[n]}
    return given if all(isinstance(v, str | int | float) for v in given.values()) else None
