"""The ideological inference engine: a knowledge base of dicta, expanded and held against actions (Bricman 2022).

`language`, `words` and `lexicon` are its controlled English, `taking` what a seed says in it or in prose; `graph` and
`deriving` lay out what may follow, `expanding` says how confidently it does in every row; `holding`, `approving` and
the `verifiers` hold it against probes; `explaining` says why. `record` is the system, `settings` what it can be set to.
"""

from activeseed.systems.inference.record import InferenceEngine

__all__ = ["InferenceEngine"]
