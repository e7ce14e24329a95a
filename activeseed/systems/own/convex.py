"""Which estimators are a convex training that can be handed out: logistic regression on features that stay fixed.

scikit-learn minimises C Σ sᵢ ℓᵢ + ½‖θ‖², s being sample weights times class weights. Its intercept is not penalised,
but by ``liblinear``, which penalises it as the weight of a constant feature ``intercept_scaling``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.convex import Convex
from activeseed.errors import PlanError
from activeseed.plan import Floats
from activeseed.systems.own.labels import Label

#: transformers of a pipeline that learn nothing from what they are fitted on
STATELESS = ("Normalizer", "FunctionTransformer", "Binarizer", "FrozenEstimator")


def logistic(model: Any) -> tuple[Any, list[Any]]:
    """The logistic regression in a model, and the fixed transformers before it. Raises PlanError, saying why not."""
    steps = [step for _, step in getattr(model, "steps", [("", model)])]
    last, before = steps[-1], [s for s in steps[:-1] if s is not None and s != "passthrough"]
    learned = [type(s).__name__ for s in before if type(s).__name__ not in STATELESS]
    if type(last).__name__ != "LogisticRegression" or not type(last).__module__.startswith("sklearn."):
        raise PlanError(
            f"Removals are bounded for scikit-learn's LogisticRegression; this is {type(last).__name__}."
            + (
                " Its strength is chosen from the items; give the one that it chose."
                if "CV" in type(last).__name__
                else ""
            )
        )
    if learned:
        raise PlanError(
            f"{learned[0]} is fitted on the items, so that what is removed changes the features of all others. Fit it "
            "on something else and freeze it (sklearn.frozen.FrozenEstimator), or leave it out."
        )
    given = last.get_params()
    wanted = {
        "penalty = 'l2'": given.get("penalty", "l2") in ("l2", "deprecated"),
        "l1_ratio = 0": not given.get("l1_ratio"),
        "dual = False": not given.get("dual"),
        "warm_start = False": not given.get("warm_start"),
    }
    if missing := [name for name, holds in wanted.items() if not holds]:
        raise PlanError(f"Removals are bounded for L2-regularised logistic regression. It needs {', '.join(missing)}.")
    if not np.isfinite(given["C"]):
        raise PlanError("Removals are bounded for regularised logistic regression. It needs a finite C.")
    if given["class_weight"] == "balanced":
        raise PlanError(
            "class_weight = 'balanced' weighs the others anew when an item leaves. Give the weights as numbers."
        )
    return last, before


def convex_of(model: Any, x: Any, labels: Sequence[Label], positive: Label, probes: Any) -> Convex:
    """The training of a model on features (S, ·) with these labels. Raises PlanError, saying why not."""
    last, before = logistic(model)
    features, places = _fixed(before, x), _fixed(before, probes)
    given = last.get_params()
    targets = np.array([label == positive for label in labels], np.float64)
    weight = given["class_weight"] or {}
    scale = np.array([float(weight.get(label, 1.0)) for label in labels])
    penalised = given["solver"] == "liblinear"
    constant = (float(given["intercept_scaling"]) if penalised else 1.0) if given["fit_intercept"] else 0.0
    return Convex(
        features=features, targets=targets, scale=given["C"] * scale, probes=places, l2=1.0, constant=constant,
        constant_l2=float(penalised), words=f"logistic regression at its optimum with C = {given['C']:g}",
    )  # fmt: skip


def _fixed(before: list[Any], x: Any) -> Floats:
    from sklearn.base import clone

    for step in before:
        x = clone(step).fit(x).transform(x)
    return np.asarray(x.toarray() if hasattr(x, "toarray") else x, np.float64)
