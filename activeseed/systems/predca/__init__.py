"""PreDCA-shaped assistance, not infra-Bayesian: find who built the AI, infer what they want, and pursue it.

Kosoy's PreDCA (2022: precursor detection, classification, assistance) is stated over infra-Bayesian physicalism. Here
is its shape alone, over worlds that are small enough to sum over all policies: `world` and `ring` are what there is,
`enumerating` every policy and how long it takes to describe, `candidates` the seed's programs, `judging` how
goal-directed each of them is, what it wants and whether the AI hinges on it, `assisting` whose wishes count and what
the AI does. `record` is the system, `settings` what it can be set to.
"""

from activeseed.systems.predca.record import PreDCA

__all__ = ["PreDCA"]
