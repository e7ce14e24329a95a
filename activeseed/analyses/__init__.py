"""Analyses that end in something else than a ranking: what `Study.analyse` runs besides estimators.

Each is a frozen record tagged ``kind`` with what ``protocols.Analysis`` asks for. What one ends in says itself as JSON
(``protocols.Finding``), so that the journal keeps it and the report shows it later.
"""

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.analyses.comparison import Comparison, Ensemble, Given, Runs
    from activeseed.analyses.lock_in import LockedIn, LockIn, Ratio
    from activeseed.analyses.redundancy import Redundancy
    from activeseed.analyses.redundancy.coverage import Cover, Coverage, ItemCoverage, ProbeCoverage
    from activeseed.analyses.removal.partition import PartitionCertificate, PartitionVotes, PlaceVotes

_HOMES = {
    "comparison": ("Comparison", "Ensemble", "Given", "Runs"),
    "lock_in": ("LockIn", "LockedIn", "Ratio"),
    "redundancy": ("Redundancy",),
    "redundancy.coverage": ("Cover", "Coverage", "ItemCoverage", "ProbeCoverage"),
    "removal.partition": ("PartitionCertificate", "PartitionVotes", "PlaceVotes"),
}
__getattr__ = lazily(__name__, _HOMES)

__all__ = [
    "Comparison", "Cover", "Coverage", "Ensemble", "Given", "ItemCoverage", "LockIn", "LockedIn",
    "PartitionCertificate", "PartitionVotes", "PlaceVotes", "ProbeCoverage", "Ratio", "Redundancy", "Runs",
]  # fmt: skip
