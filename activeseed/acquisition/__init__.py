"""Which questions to ask next, and what each is expected to be worth."""

from activeseed.acquisition.batch import (
    DEPLOYED_SHARE,
    MINUTES,
    Candidate,
    Pick,
    choose,
    doubtful,
    item_candidates,
    list_candidate,
    writing_candidates,
)
from activeseed.acquisition.sampling import choose_some_at_random, due_at_random
from activeseed.acquisition.value import deployed_risk, ensemble_risk, item_values

__all__ = [
    "DEPLOYED_SHARE", "MINUTES", "Candidate", "Pick", "choose", "choose_some_at_random", "deployed_risk",
    "doubtful", "due_at_random", "ensemble_risk", "item_candidates", "item_values", "list_candidate",
    "writing_candidates",
]  # fmt: skip
