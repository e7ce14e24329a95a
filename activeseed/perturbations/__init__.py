"""What may be done to a seed to see how far the outcome moves: variants that are added, and reference laws."""

from activeseed.perturbations.laws import HEADINGS, LawName, bootstrap, changes, reference_law
from activeseed.perturbations.variants import Drop, Flip, Wordings, perturbed

__all__ = ["HEADINGS", "Drop", "Flip", "LawName", "Wordings", "bootstrap", "changes", "perturbed", "reference_law"]
