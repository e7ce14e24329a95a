"""Cooperative inverse reinforcement learning, exact and small (Hadfield-Menell et al. 2016, Malik et al. 2018).

`game` is what is played, `chef` and `grid` two of them, `reading` one from a file; `humans` how the human chooses,
`solving` which plans the robot may have (`pruning`: by linear programs), `following` what comes of one; `pieces` reads
the seed as a prior, `playing` goes from rows to outcomes at `places`. `record` is the system, `settings` what it can be
set to, `checking` what is refused and what is said.
"""

from activeseed.systems.cirl.record import CIRL

__all__ = ["CIRL"]
