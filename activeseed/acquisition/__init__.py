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
from activeseed.acquisition.value import ensemble_risk, item_values
from activeseed.acquisition.wrongness import Wrongness, deployed_risk, wrongness

__all__ = [
    "DEPLOYED_SHARE", "MINUTES", "Candidate", "Pick", "Wrongness", "choose", "deployed_risk", "doubtful",
    "ensemble_risk", "item_candidates", "item_values", "kind_of", "list_candidate", "proposed", "wrongness",
    "writing_candidates",
]  # fmt: skip
