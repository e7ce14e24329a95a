"""⊨ by embeddings: a deed is the more what a norm is about, the nearer the two lie.

An embedding sees topic and style, and hardly negation: it says what a norm is about, and never whether it is kept. The
direction of a norm stays with the engine, and whether a reply does the thing or declines to is found by rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError
from activeseed.systems.inference.verifiers.refusing import declines

if TYPE_CHECKING:
    from activeseed.plan import Floats
    from activeseed.systems.inference.verifiers.seam import Claim, Deed, Embed

#: how many deeds the prior of the calibration counts for, and its standard deviation: that of cosines between
#: unrelated English sentences in sentence models
_PRIOR_DEEDS, _PRIOR_SPREAD = 8, 0.1
#: of very many deeds so many, evenly spaced, tell what unrelated looks like
_CALIBRATED_ON = 1000


class Similarity(SettingsRecord):
    """Cosines in the study's embedding, centred and scaled by what unrelated deeds have among themselves.

    Attributes:
        says: what of a norm is compared: its ``action`` with its conditions, which leaves its direction and its agent
            out, or the ``sentence`` that it was taken from.
        reads: what of a deed is compared: its ``text``, the ``prompt`` that it replies to, or ``both``, each by itself,
            and the mean of the two cosines.
        threshold: standard deviations of unrelated cosines up to which a deed has nothing to do with a norm.
        full: standard deviations from which on it is wholly what the norm is about.
        refusals: a reply that begins as refusals do leaves undone what it speaks of.
    """

    kind: Literal["similarity"] = "similarity"
    says: Literal["action", "sentence"] = "action"
    reads: Literal["text", "prompt", "both"] = "both"
    threshold: float = Field(default=1.0, ge=0, le=100)
    full: float = Field(default=4.0, gt=0, le=100)
    refusals: bool = True

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.full <= self.threshold:
            raise ConfigError(f"similarity: full = {self.full:g} has to be above threshold = {self.threshold:g}.")
        return self

    @property
    def revision(self) -> str:
        """Raised whenever the same texts and embeddings would compare otherwise."""
        return "1"

    def relevance(self, claims: Sequence[Claim], deeds: Sequence[Deed], embed: Embed) -> Floats:
        """(N, P) in [-1, 1]: 0 up to the threshold, then straight up to 1; negative where the deed is left undone.

        Deterministic; calibrated over the deeds alone, so that a claim has the same number whatever else is claimed.
        Cost: an embedding a distinct text, N P d multiply-adds.
        """
        import numpy as np

        if not claims or not deeds:
            return np.zeros((len(claims), len(deeds)))
        above = (self.spreads(claims, deeds, embed) - self.threshold) / (self.full - self.threshold)
        out: Floats = np.clip(above, 0.0, 1.0) * self._signs(deeds)
        return np.round(out, 10)  # the order of a sum depends on the shape of what is asked

    def spreads(self, claims: Sequence[Claim], deeds: Sequence[Deed], embed: Embed) -> Floats:
        """(N, P) centred cosines, in standard deviations of those between unrelated deeds."""
        import numpy as np

        said = np.asarray(embed([claim_text(c, self.says) for c in claims]), np.float64)
        cosines = np.zeros((len(claims), len(deeds)))
        among: list[Floats] = []
        parts = [read for read in ("text", "prompt") if self.reads in (read, "both")]
        counts = np.zeros(len(deeds))
        for part in parts:
            texts = [d.text if part == "text" else d.prompt for d in deeds]
            has = np.array([bool(t.strip()) for t in texts])
            if not has.any():
                continue
            done = np.asarray(embed([t for t, h in zip(texts, has, strict=True) if h]), np.float64)
            # A prior of some deeds at the origin: of one deed alone, the centre is not the deed.
            centre = done.sum(0) / (len(done) + _PRIOR_DEEDS)
            unit = _units(done - centre)
            cosines[:, has] += _units(said - centre) @ unit.T
            counts += has
            picked = unit[:: -(-len(unit) // _CALIBRATED_ON)]
            among.append((picked @ picked.T)[np.triu_indices(len(picked), 1)])
        spreads: Floats = cosines / np.maximum(counts, 1.0) / _spread(among, len(deeds))
        return spreads

    def _signs(self, deeds: Sequence[Deed]) -> Floats:
        import numpy as np

        return np.array([-1.0 if d.omitted or (self.refusals and declines(d.text)) else 1.0 for d in deeds])


def claim_text(claim: Claim, says: Literal["action", "sentence"]) -> str:
    """What of a claim is compared."""
    if says == "sentence":
        return f"{claim.context} {claim.sentence}".strip()
    return " ".join((claim.norm.action, *claim.norm.condition)).strip() or claim.sentence


def _units(rows: Floats) -> Floats:
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-9)
    return units


def _spread(among: Sequence[Floats], deeds: int) -> float:
    """Standard deviation of cosines of unrelated deeds, by their median deviation: pairs about one thing are few."""
    import numpy as np

    cosines = np.abs(np.concatenate([np.zeros(0), *among]))
    own = 1.4826 * float(np.median(cosines)) if len(cosines) else 0.0
    return float(np.sqrt((deeds * own**2 + _PRIOR_DEEDS * _PRIOR_SPREAD**2) / (deeds + _PRIOR_DEEDS)))
