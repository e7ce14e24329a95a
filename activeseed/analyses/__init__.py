"""Analyses that end in something else than a ranking: what `Study.analyse` runs besides estimators.

Each is a frozen record tagged ``kind`` with what ``protocols.Analysis`` asks for. What one ends in says itself as JSON
(``protocols.Finding``), so that the journal keeps it and the report shows it later.
"""

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.analyses.basins import Basins
    from activeseed.analyses.basins.landscape import (
        Basin,
        BasinItem,
        BasinProbe,
        Candidate,
        Landscape,
        Rate,
        Sweep,
        Swept,
        Training,
    )
    from activeseed.analyses.redundancy import Redundancy
    from activeseed.analyses.redundancy.coverage import Cover, Coverage, ItemCoverage, ProbeCoverage

_HOMES = {
    "basins": ("Basins",),
    "basins.landscape": (
        "Basin", "BasinItem", "BasinProbe", "Candidate", "Landscape", "Rate", "Sweep", "Swept", "Training",
    ),
    "redundancy": ("Redundancy",),
    "redundancy.coverage": ("Cover", "Coverage", "ItemCoverage", "ProbeCoverage"),
}  # fmt: skip
__getattr__ = lazily(__name__, _HOMES)

__all__ = [
    "Basin", "BasinItem", "BasinProbe", "Basins", "Candidate", "Cover", "Coverage", "ItemCoverage", "Landscape",
    "ProbeCoverage", "Rate", "Redundancy", "Sweep", "Swept", "Training",
]  # fmt: skip
