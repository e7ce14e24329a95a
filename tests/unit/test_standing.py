"""What `status` says, line by line, and the report's words for the same facts."""

import numpy as np

from activeseed.belief import BeliefSettings, fit_belief
from activeseed.cli.standing import status_lines
from activeseed.looking.words import PREDICTORS, belief_words, predictors
from activeseed.plan import Law

USED = {"content": 0.612, "author": 0.386, "count": 0.002}
STANDING = {
    "seed_version": "v2", "seed_hash": "abc", "items": 12, "round": 1, "answered": 4, "pending": 0, "answers": 4,
    "belief_used": USED, "minutes": 4.3, "trainings": 100,
}  # fmt: skip


def test_status_says_which_belief_is_used() -> None:
    lines = dict(status_lines(STANDING))
    assert lines["belief"] == "61% likeness, 39% your own beliefs (of items not asked about)"
    assert "belief" not in dict(status_lines({**STANDING, "belief_used": None}))
    alone = dict(status_lines({**STANDING, "answers": 0}))
    assert alone["belief"].startswith("your own, as no answer is in yet")


def test_a_belief_that_foretold_worse_is_said_not_to_be_used() -> None:
    rows = predictors(USED, 4)
    assert [(r["name"], r["share"]) for r in rows] == [
        ("likeness", 0.612), ("your own beliefs", 0.386), ("the share that was kept", None),
    ]  # fmt: skip
    assert predictors(USED, 0) == []
    assert belief_words({}, 4) == ""


def test_every_predictor_of_the_model_has_words() -> None:
    belief = fit_belief(
        BeliefSettings(), Law("author's", np.full((6, 2), 0.5)), groups=[""] * 6, features=np.eye(6), evidence=None,
        likelihood=np.ones((6, 2)), key=0,
    )  # fmt: skip
    assert set(belief.used) == set(PREDICTORS)


def test_status_says_that_every_probe_is_judged_alike() -> None:
    assert "decisions" not in dict(status_lines(STANDING))
    said = dict(status_lines({**STANDING, "one_sided": True}))["decisions"]
    assert said.startswith("Every probe is judged alike")


def test_status_says_that_gold_can_be_told_from_other_questions() -> None:
    assert "gold" not in dict(status_lines({**STANDING, "unmeasured_gold": 0}))
    said = dict(status_lines({**STANDING, "unmeasured_gold": 1}))["gold"]
    assert said.startswith("One gold question shows nothing of what hangs on the answer")


def test_status_says_what_people_spent() -> None:
    assert dict(status_lines(STANDING))["minutes"].startswith("4.3 of people's time")


def test_status_says_on_what_people_are_divided_and_what_needs_a_condition() -> None:
    found = {"people": 20, "most": "as_written", "others": 8, "share": 0.41, "low": 0.24, "high": 0.495}
    lines = dict(status_lines({**STANDING, "divided": {"a": found}, "conditions": {"b": ["who asks", "the country"]}}))
    assert lines["divided"] == "1 item, on which people really disagree (a)"
    assert lines["  a"] == "8 of 20 hold otherwise than most; minority 41 %, 95 %: 24 to 50 %"
    assert lines["  b"] == "needs a condition: who asks; the country"
