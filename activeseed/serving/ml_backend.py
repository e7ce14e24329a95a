"""The protocol that Label Studio speaks with ML backends, as pure functions from a body to a reply.

What the server sends was read in ``label_studio/ml/api_connector.py`` and ``ml/models.py`` of Label Studio 1.23.2; the
replies are shaped like those of the reference implementation (github.com/HumanSignal/label-studio-ml-backend,
``label_studio_ml/api.py``), to which the guide *Write your own ML backend* (labelstud.io/guide/ml_create) refers:

=================  ==================================================  ================================================
request            body                                                reply
=================  ==================================================  ================================================
GET /health        none                                                ``{"status": "UP", …}``
POST /setup        project, schema (the labelling configuration),      ``{"model_version": …}``
                   hostname, access_token, extra_params
POST /predict      tasks, project, label_config, params                ``{"results": [{"result": [], "score": …,
                                                                       "model_version": …}, …]}``, one a task, in order
GET /versions      none                                                ``{"versions": […]}``
POST /webhook      action (``START_TRAINING``), project                status 2xx; a ``job`` would be asked about later
POST /train        annotations, project, label_config, params          the same, of old servers
=================  ==================================================  ================================================

Authentication is basic or none. Setup hands over the API token of whoever made the project: it is neither kept nor
looked at. ``/validate``, ``/delete`` and ``/duplicate_model`` stand in the connector but are called by nothing, and
``/job_status`` is asked only about jobs that a backend has named: they are unknown paths here.

When a backend is connected, the server registers a webhook at its ``/webhook``, with whole payloads and without any
header, so that it could not show the secret; it does not where the project has a webhook with that very address. Hence
our own goes to the same path.
"""

from __future__ import annotations

from typing import Any

from activeseed.serving.scores import LAST, NO_ORDER, Scores

#: the event that asks for a training
TRAIN = "START_TRAINING"


class BadBodyError(Exception):
    """A body that is not what the protocol says; the text goes back to the caller."""


def health() -> dict[str, Any]:
    """Says that something listens here, and nothing about the study: anybody may ask."""
    return {"status": "UP", "model_class": "activeseed"}


def setup(body: Any, scores: Scores) -> dict[str, Any]:
    """The server takes the model version over, and asks for predictions where a task has none of that version."""
    return {"model_version": scores.of(body.get("project") if isinstance(body, dict) else None).version}


def versions(scores: Scores) -> dict[str, Any]:
    """All orders in force; the server does not say for which of its projects it asks."""
    return {"versions": [order.version for order in scores.orders.values()] or [NO_ORDER]}


def predict(body: Any, scores: Scores, study: str) -> dict[str, Any]:
    """One prediction a task: no result, so that no form is filled in advance, and the task's place in the order.

    A task is ours where its ``meta`` names the study. Ours that have no place and those of others come last. Nothing
    but the order decides, so that the score of a check is like that of any other question.

    Raises:
        BadBodyError: no list of tasks.
    """
    tasks = body.get("tasks") if isinstance(body, dict) else None
    if not isinstance(tasks, list) or not all(isinstance(t, dict) for t in tasks):
        raise BadBodyError('Expected {"tasks": [{…}, …]}.')
    results = []
    for task in tasks:
        order = scores.of(task.get("project"))
        score = order.scores.get(_question(task, study), LAST)
        results.append({"result": [], "score": score, "model_version": order.version})
    return {"results": results, "model_version": scores.of(body.get("project")).version}


def _question(task: dict[str, Any], study: str) -> str:
    meta = task.get("meta")
    if not isinstance(meta, dict) or meta.get("activeseed") != study:
        return ""
    question = meta.get("question")
    return question if isinstance(question, str) else ""


def action(body: Any) -> str:
    """What an event is about. Raises BadBodyError."""
    name = body.get("action") if isinstance(body, dict) else None
    if not isinstance(name, str):
        raise BadBodyError('Expected {"action": "…"}.')
    return name
