"""What an item may turn out to be, beyond as written and absent: variants that are added to a seed.

One file a perturbation. Each adds variants and never beliefs: a variant that nobody believes in has probability zero
under the belief, so adding one changes no spread, no risk and no value; it makes an effect measurable. Where an
author said one number, or none, what is not believed to stay goes to people's wordings, too (``seed.spread_anew``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.perturbations.adding import perturbed
    from activeseed.perturbations.drift import Drift
    from activeseed.perturbations.drop import Drop
    from activeseed.perturbations.flip import Flip
    from activeseed.perturbations.framing import Framing
    from activeseed.perturbations.paraphrase import Paraphrase
    from activeseed.perturbations.relabel import Relabel
    from activeseed.perturbations.reweigh import Reweigh
    from activeseed.perturbations.wordings import Wordings

__getattr__ = lazily(
    __name__,
    {
        "adding": ("perturbed",),
        "drift": ("Drift",),
        "drop": ("Drop",),
        "flip": ("Flip",),
        "framing": ("Framing",),
        "paraphrase": ("Paraphrase",),
        "relabel": ("Relabel",),
        "reweigh": ("Reweigh",),
        "wordings": ("Wordings",),
    },
)
__all__ = ["Drift", "Drop", "Flip", "Framing", "Paraphrase", "Relabel", "Reweigh", "Wordings", "perturbed"]
