"""What a fitted scikit-learn estimator is, where it is a small network: its layers, with scalers taken into the first.

Read are linear models and multi-layer perceptrons of two classes or of one number, alone or after ``StandardScaler``s
in a pipeline, and linear classifiers calibrated by one sigmoid (``CalibratedClassifierCV(…, ensemble=False)``).
Classes are taken exactly: one that inherits from them may compute something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.networks import Activation, Layout, Link, parts_of
from activeseed.plan import Floats

#: weights (out, in) and biases (out,)
Layer = tuple[Floats, Floats]

_ACTIVATIONS: dict[str, Activation] = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}
_LINEAR_REGRESSORS = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "BayesianRidge",
    "HuberRegressor", "SGDRegressor",
)  # fmt: skip
_LINEAR_CLASSIFIERS = ("LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "LinearDiscriminantAnalysis")
#: have a linear decision function; P is σ of it only once they are calibrated
_CALIBRATED = (*_LINEAR_CLASSIFIERS, "LinearSVC", "RidgeClassifier", "Perceptron")


def layout_of(model: Any, inputs: int, *, probability: bool) -> Layout | None:
    """The shape of what an estimator will have learned, fitted or not; None where it is no such network.

    Args:
        inputs: entries of the features that it is given.
        probability: P of one of two classes is read; otherwise the number that is predicted.
    """
    *before, last = _steps(model)
    if not all(_name(step) == "StandardScaler" for step in before):
        return None
    link: Link = "sigmoid" if probability else "identity"
    name = _name(last)
    if name == ("MLPClassifier" if probability else "MLPRegressor"):
        if getattr(last, "loss", "") == "poisson":
            return None  # its outcome is the exponential of the score
        hidden = tuple(int(n) for n in np.atleast_1d(last.hidden_layer_sizes))
        if last.activation == "identity" or not hidden:
            return Layout((inputs, 1), link=link)
        activation = _ACTIVATIONS.get(last.activation)
        return None if activation is None else Layout((inputs, *hidden, 1), activation, link)
    linear = _is_linear_probability(last) if probability else name in _LINEAR_REGRESSORS
    return Layout((inputs, 1), link=link) if linear else None


def parameters_of(model: Any, layout: Layout, positive: Any = None) -> Floats:
    """(size,) parameters of a fitted estimator, as ``Layout.size`` orders them.

    Args:
        positive: the class whose probability is read; None for a number.
    """
    layers = _layers(model)
    if len(layout.widths) == 2:
        layers = [_composed(layers)]
    if positive is not None and _classes(model)[-1] != positive:
        w, b = layers[-1]
        layers[-1] = -w, -b
    flat: Floats = parts_of([part[None] for layer in layers for part in layer])[0]
    return flat


def _layers(model: Any) -> list[Layer]:
    """Layers of a fitted estimator for its later class, or for the number that it predicts."""
    *scalers, last = _steps(model)
    if _name(last) == "CalibratedClassifierCV":
        fitted = last.calibrated_classifiers_[0]
        (sigmoid,) = fitted.calibrators  # P = σ(−(a·score + b))
        layers = _layers(fitted.estimator)
        w, b = layers[-1]
        layers[-1] = -sigmoid.a_ * w, -sigmoid.a_ * b - sigmoid.b_
    elif hasattr(last, "coefs_"):
        layers = [(np.asarray(w.T, np.float64), b) for w, b in zip(last.coefs_, last.intercepts_, strict=True)]
    else:
        layers = [(np.asarray(last.coef_, np.float64).reshape(1, -1), np.atleast_1d(last.intercept_))]
    for scaler in reversed(scalers):  # w·(x − μ)/σ + b
        w, b = layers[0]
        if scaler.scale_ is not None:
            w = w / scaler.scale_
        if scaler.with_mean:
            b = b - w @ scaler.mean_
        layers[0] = w, b
    return layers


def _composed(layers: Sequence[Layer]) -> Layer:
    """Linear layers one after the other are one."""
    w, b = layers[0]
    for more, bias in layers[1:]:
        w, b = more @ w, more @ b + bias
    return w, b


def _steps(model: Any) -> list[Any]:
    """The steps of a pipeline that do something, or the estimator alone."""
    if _name(model) != "Pipeline":
        return [model]
    steps = [step for _, step in model.steps if step is not None and not isinstance(step, str)]
    return [part for step in steps for part in _steps(step)] or [model]


def _is_linear_probability(model: Any) -> bool:
    """Whether P of the later of two classes is σ of a linear function."""
    name = _name(model)
    if name == "CalibratedClassifierCV":
        *before, inner = _steps(model.estimator)
        scaled = all(_name(step) == "StandardScaler" for step in before)
        return model.method == "sigmoid" and model.ensemble is False and scaled and _name(inner) in _CALIBRATED
    if name == "SGDClassifier":
        return bool(model.loss == "log_loss")
    # σ of twice the score, in versions that had the setting
    return name in _LINEAR_CLASSIFIERS and getattr(model, "multi_class", "auto") != "multinomial"


def _classes(model: Any) -> list[Any]:
    return list(model.classes_)


def _name(model: Any) -> str:
    """The name of a class of scikit-learn, or an empty text."""
    kind = type(model)
    return kind.__name__ if kind.__module__.split(".")[0] == "sklearn" else ""
