"""What is believed about the seed's items, how answers move it, and whether it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.belief.calibrate import calibration
    from activeseed.belief.evidence import vouching_evidence
    from activeseed.belief.model import fit_belief
    from activeseed.belief.posterior import Belief
    from activeseed.belief.settings import BeliefSettings, author_law

__getattr__ = lazily(
    __name__,
    {
        "calibrate": ("calibration",),
        "evidence": ("vouching_evidence",),
        "model": ("fit_belief",),
        "posterior": ("Belief",),
        "settings": ("BeliefSettings", "author_law"),
    },
)
__all__ = ["Belief", "BeliefSettings", "author_law", "calibration", "fit_belief", "vouching_evidence"]
