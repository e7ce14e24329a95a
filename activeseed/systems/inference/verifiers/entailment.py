"""⊨ by natural-language inference: does what is done entail that the norm's action was done, or that it was not?"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from activeseed.agreeing import said
from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, MissingExtraError, PlanError
from activeseed.seed import Json, digest_of
from activeseed.systems.inference.verifiers.similarity import Similarity, claim_text

if TYPE_CHECKING:
    from activeseed.plan import Floats
    from activeseed.systems.inference.verifiers.seam import Claim, Deed, Embed

#: (model, premise, hypothesis) -> P(entailment), of this process; at some 300 bytes a pair, it may grow to 100 MB
_KNOWN: dict[tuple[str, str, str], float] = {}
_KNOWN_AT_MOST = 300_000


class Entailment(SettingsRecord):
    """A cross-encoder of natural-language inference, by name: s = log p(d | a) − log p(¬d | a) (VELMA, Bricman 2022).

    Of each claim and its negation the model says how far what is done entails it. Their log ratio, bounded, is
    tanh(s/2) = (p − p′)/(p + p′); times how much is entailed at all, p + p′, it is p − p′, which is near zero where
    the two have nothing to do with each other. ``gated = false`` leaves that factor out, as the source does.

    Attributes:
        model: name on the hub, or a folder, of a sequence classifier with a label for entailment.
        commit: the hub's revision of the model; without it the newest is used.
        says: what is put to the model: that the norm's ``action`` is done and that it is not, or the ``sentence`` of
            the norm and *it is not the case that* (then the sign is turned for what is forbidden).
        gated: unrelated is 0, as above.
        focus: only pairs are asked about whose cosine in the study's embedding is so many standard deviations above
            unrelated, the others are 0; 0 asks about all that are more alike than unrelated ones, None about every
            pair.
        most: pairs of texts that the model may be asked about at most.
        batch: pairs at a time.
        device: ``cpu``, ``cuda``, ``mps``.
    """

    kind: Literal["entailment"] = "entailment"
    model: str = Field(default="cross-encoder/nli-deberta-v3-base", min_length=1)
    commit: str = ""
    says: Literal["action", "sentence"] = "action"
    gated: bool = True
    focus: float | None = Field(default=1.0, ge=0, le=100)
    most: int = Field(default=200_000, ge=1)
    batch: int = Field(default=32, ge=1, le=4096)
    device: str = "cpu"

    limits: ClassVar[str] = (
        "A model of natural-language inference was taught on captions of photographs and the like: what it says of "
        "replies and rules is a guess, and a long reply is cut at the model's limit."
    )

    @property
    def revision(self) -> str:
        """Raised whenever the same texts would compare otherwise."""
        return f"1-{digest_of([self.model, self.commit]).hex()[:12]}"

    @staticmethod
    def installed() -> bool:
        return importlib.util.find_spec("sentence_transformers") is not None

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        if self.model == type(self).model_fields["model"].default:
            return None
        return f"load the model {said(self.model)}", [self.model, self.commit]

    def relevance(self, claims: Sequence[Claim], deeds: Sequence[Deed], embed: Embed) -> Floats:
        """(N, P) in [-1, 1]: 1 where the deed entails that the norm's action is done, -1 where that it is not.

        Every pair of texts is put to the model once a process. Raises MissingExtraError without the package,
        ConfigError when the model can't be had or is none of inference, PlanError where there are too many pairs.
        """
        import numpy as np

        out = np.zeros((len(claims), len(deeds)))
        if not claims or not deeds:
            return out
        asked: Any = np.ones(out.shape, bool)
        if self.focus is not None:
            asked = Similarity(says="action").spreads(claims, deeds, embed) > self.focus
        pairs = 2 * int(asked.sum())
        if pairs > self.most:
            raise PlanError(
                f"The entailment verifier would be asked about {pairs:,} pairs of texts, and most = {self.most:,}. "
                "Raise most, raise focus, or take fewer dicta or probes."
            )
        premises = [f"{d.prompt}\n{d.text}".strip() for d in deeds]
        both = [_hypotheses(c, self.says) for c in claims]
        where = list(zip(*np.nonzero(asked), strict=True))
        wanted = [(premises[p], hypothesis) for n, p in where for hypothesis in both[n]]
        found = np.asarray(self.entailed(wanted), np.float64).reshape(-1, 2)
        for (n, p), (yes, no) in zip(where, found, strict=True):
            score = yes - no if self.gated else (yes - no) / max(yes + no, 1e-12)
            turned = self.says == "sentence" and claims[n].norm.deontic == "forbidden"
            out[n, p] = max(-1.0, min(1.0, -score if turned else score))
        return out

    def entailed(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """P(entailment) of each (premise, hypothesis); those known from before cost nothing."""
        name = f"{self.model}@{self.commit}"
        found = {p: _KNOWN[name, *p] for p in pairs if (name, *p) in _KNOWN}
        new = [p for p in dict.fromkeys(pairs) if p not in found]
        if new:
            model, label = _load(self.model, self.commit, self.device)
            # Batches of alike lengths waste least on padding; the longest first: memory runs out at once or never.
            new.sort(key=lambda p: (-len(p[0]) - len(p[1]), p))
            shares = model.predict(new, batch_size=self.batch, show_progress_bar=False, apply_softmax=True)
            found.update({pair: float(row[label]) for pair, row in zip(new, shares, strict=True)})
            if len(_KNOWN) + len(new) > _KNOWN_AT_MOST:
                _KNOWN.clear()
            _KNOWN.update({(name, *pair): found[pair] for pair in new[:_KNOWN_AT_MOST]})
        return [found[p] for p in pairs]


def _hypotheses(claim: Claim, says: Literal["action", "sentence"]) -> tuple[str, str]:
    """A claim and its negation."""
    sentence = claim_text(claim, says).rstrip(" .")
    if says == "sentence":
        return f"{sentence}.", f"It is not the case that {sentence[:1].lower()}{sentence[1:]}."
    return f"The reply does this: {sentence}.", f"The reply does not do this: {sentence}."


@lru_cache(maxsize=1)
def _load(name: str, commit: str, device: str) -> tuple[Any, int]:
    """The model, and the number of its label for entailment."""
    if not Entailment.installed():
        raise MissingExtraError("The entailment verifier", "sentence-transformers")
    import sentence_transformers

    try:
        model = sentence_transformers.CrossEncoder(name, revision=commit or None, device=device)
    except Exception as error:  # hub, disk and model code raise whatever they like
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(
            f"The model of natural-language inference {name!r} can't be loaded ({reason}). Check its name and the "
            "connection to the hub, or hold deeds against norms by similarity: verifier = {kind = 'similarity'}."
        ) from error
    return model, label_of_entailment(name, dict(getattr(model.config, "id2label", None) or {}))


def label_of_entailment(name: str, labels: dict[Any, str]) -> int:
    """The number of the label for entailment, as the model's configuration names it; models differ in their order.

    Raises ConfigError where no label, or more than one, is for entailment.
    """
    found = [int(number) for number, label in labels.items() if label.strip().lower() in _ENTAILS]
    if len(labels) < 2 or len(found) != 1:
        shown = ", ".join(f"{n}: {label}" for n, label in sorted(labels.items(), key=lambda x: int(x[0]))) or "none"
        raise ConfigError(
            f"The model {name!r} is none of natural-language inference: one of its labels has to be 'entailment' "
            f"(its configuration names {shown}). Take a cross-encoder that was taught on NLI."
        )
    return found[0]


_ENTAILS = frozenset(("entailment", "entail", "entails", "entailed"))
