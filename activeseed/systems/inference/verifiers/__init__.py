"""Verifiers (⊨): how far the action at a probe is what a norm is about.

A verifier is a frozen record tagged ``kind``, behind one small protocol (`seam.Verifier`): claims and deeds in, a
matrix out. It knows nothing of plan rows: what it says is computed once, and the engine weighs it in every row.

`symbolic` compares concepts, `similarity` embeddings, `entailment` asks a model of natural-language inference.
"""

from activeseed.systems.inference.verifiers.seam import Claim, Deed, Verifier

__all__ = ["Claim", "Deed", "Verifier"]
