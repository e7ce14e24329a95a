"""⊨ by concepts: a deed is what a norm is about where its action is the norm's, and everything the norm needs holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord

if TYPE_CHECKING:
    from activeseed.plan import Floats
    from activeseed.systems.inference.verifiers.seam import Claim, Deed, Embed


class Symbolic(SettingsRecord):
    """Compares concepts: for charters and probes in controlled English.

    Going down the lexicon is the expansion's part (⊢): by the time something is verified, a norm stands at every
    concept that it reaches, so that equality is enough. Whether agent, conditions and exceptions hold depends on the
    lexicon, which may differ from row to row; the engine asks for them itself (`systems.inference.holding`).
    """

    kind: Literal["symbolic"] = "symbolic"

    @property
    def revision(self) -> str:
        """Raised whenever the same norm and deed would compare otherwise."""
        return "1"

    def relevance(self, claims: Sequence[Claim], deeds: Sequence[Deed], embed: Embed) -> Floats:
        """(N, P): 1 where the deed's action is the norm's, -1 where it is left undone, 0 elsewhere."""
        import numpy as np

        out = np.zeros((len(claims), len(deeds)))
        for p, deed in enumerate(deeds):
            if deed.action:
                same = [c.norm.action == deed.action for c in claims]
                out[same, p] = -1.0 if deed.omitted else 1.0
        return out
