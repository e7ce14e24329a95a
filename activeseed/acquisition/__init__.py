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
from activeseed.acquisition.value import deployed_risk, ensemble_risk, item_values

__all__ = [
    "DEPLOYED_SHARE", "MINUTES", "Candidate", "Pick", "choose", "deployed_risk", "doubtful", "ensemble_risk",
    "item_candidates", "item_values", "list_candidate", "writing_candidates",
]  # fmt: skip
