"""What an item may turn out to be, beyond as written and absent: variants that are added to a seed."""

from activeseed.perturbations.variants import Drop, Flip, Wordings, perturbed

__all__ = ["Drop", "Flip", "Wordings", "perturbed"]
