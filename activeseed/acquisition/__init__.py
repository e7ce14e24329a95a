"""Which questions to ask next, and what each is expected to be worth."""

from activeseed.acquisition.batch import (
    DEPLOYED_SHARE,
    MINUTES,
    Candidate,
    Pick,
    choose,
    doubtful,
    item_candidates,
    kind_of,
    list_candidate,
    proposed,
    writing_candidates,
)
from activeseed.acquisition.sampling import choose_beside, drawn_at_random, due_at_random
from activeseed.acquisition.steadying import steadied
from activeseed.acquisition.value import ensemble_risk, item_values
from activeseed.acquisition.wrongness import Wrongness, deployed_risk, wrongness

__all__ = [
    "DEPLOYED_SHARE",
    "MINUTES",
    "Candidate",
    "Pick",
    "Wrongness",
    "choose",
    "choose_beside",
    "deployed_risk",
    "doubtful",
    "drawn_at_random",
    "due_at_random",
    "ensemble_risk",
    "item_candidates",
    "item_values",
    "kind_of",
    "list_candidate",
    "proposed",
    "steadied",
    "writing_candidates",
    "wrongness",
]  # fmt: skip
