"""``MachineRewriter``: what the package's own perturbations make of a text, offline and in no time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal

from activeseed.checked import SettingsRecord
from activeseed.perturbations import Drift, Framing, Paraphrase
from activeseed.seed import Item, Seed, Text

#: rules that keep what a text means, and such as don't
_KEEPING = (Paraphrase(most=8),)
_MOVING = (Drift(), Framing())


class MachineRewriter(SettingsRecord):
    """Paraphrases, clauses the other way round, swaps of words, drift and framing, as ``perturbations`` make them.

    Rules are for English; a text of which they make nothing has no other. What they make may say something else than
    the text: that is what is looked for, and whoever is shown it is told that a rule wrote it.

    Attributes:
        keeping: only by rules that keep the meaning, so that what holds of a text holds of what is written from it.
    """

    kind: Literal["machine"] = "machine"
    keeping: bool = False

    @property
    def by(self) -> str:
        return "a rule"

    def rewrite(self, texts: Sequence[str], n: int, towards: Sequence[str] = ()) -> list[list[str]]:
        """Up to ``n`` other texts for each, the rules taking turns."""
        if not texts:
            return []
        # a seed holds two items or more
        payloads = [Text(text=t) for t in (*texts, "")]
        seed = Seed(items=tuple(Item(id=str(k), payload=p) for k, p in enumerate(payloads)))
        made: list[list[list[str]]] = [[] for _ in texts]
        for rule in (*_KEEPING, *(() if self.keeping else _MOVING)):
            for k, item in enumerate(rule.variants(seed).items[: len(texts)]):
                new = [v.payload.text for v in item.variants[1:] if isinstance(v.payload, Text)]
                made[k].append(new)
        out = []
        for text, by_rule in zip(texts, made, strict=True):
            turns = [t for turn in zip_longest(*by_rule) for t in turn if t and t != text]
            out.append(list(dict.fromkeys(turns))[:n])
        return out
