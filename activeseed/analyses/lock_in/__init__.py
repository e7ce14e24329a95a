"""Lock-in: what a legitimate revision moves, over what a paraphrase moves.

`record` is the analysis, `ratio` a ratio of two measured means with an interval that says when it has no end, `found`
what it ends in.
"""

from activeseed.analyses.lock_in.found import LockedIn
from activeseed.analyses.lock_in.ratio import Ratio
from activeseed.analyses.lock_in.record import LockIn

__all__ = ["LockIn", "LockedIn", "Ratio"]
