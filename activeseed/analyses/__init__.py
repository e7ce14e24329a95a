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
    from activeseed.analyses.budget import VarianceBudget
    from activeseed.analyses.budget.found import (
        Budget,
        FactorShare,
        GroupShare,
        Interaction,
        LevelShare,
        OutcomeBlock,
        Share,
    )
    from activeseed.analyses.certificates import Certificates
    from activeseed.analyses.certificates.certified import Certificate, Certified
    from activeseed.analyses.comparison import Comparison, Ensemble, Given, Runs
    from activeseed.analyses.comparison.found import Apart, AtProbe, Compared, Contested, OfGroup, Spread, Spreads
    from activeseed.analyses.dreams import Dreams
    from activeseed.analyses.dreams.finding import Dreamed, Dreamt, Parting, Seen
    from activeseed.analyses.lock_in import LockedIn, LockIn, Ratio
    from activeseed.analyses.masking import CurvesApart, Masked, MaskedCurve, Masking, curves_apart, masked_curve
    from activeseed.analyses.prompting import ProbeStarts, Prompted, PromptKind, Prompts
    from activeseed.analyses.rates import LearningRates, RateRange, RateRanges, TriedRate
    from activeseed.analyses.redundancy import Redundancy
    from activeseed.analyses.redundancy.coverage import Cover, Coverage, ItemCoverage, ProbeCoverage
    from activeseed.analyses.removal import RemovalBounds
    from activeseed.analyses.removal.finding import ProbeReach, RemovalBound, Removals
    from activeseed.analyses.removal.partition import PartitionCertificate, PartitionVotes, PlaceVotes
    from activeseed.analyses.sides import Side

_HOMES = {
    "basins": ("Basins",),
    "basins.landscape": (
        "Basin", "BasinItem", "BasinProbe", "Candidate", "Landscape", "Rate", "Sweep", "Swept", "Training",
    ),
    "budget": ("VarianceBudget",),
    "budget.found": (
        "Budget", "FactorShare", "GroupShare", "Interaction", "LevelShare", "OutcomeBlock", "Share",
    ),
    "certificates": ("Certificates",),
    "certificates.certified": ("Certificate", "Certified"),
    "comparison": ("Comparison", "Ensemble", "Given", "Runs"),
    "comparison.found": ("Apart", "AtProbe", "Compared", "Contested", "OfGroup", "Spread", "Spreads"),
    "dreams": ("Dreams",),
    "dreams.finding": ("Dreamed", "Dreamt", "Parting", "Seen"),
    "lock_in": ("LockIn", "LockedIn", "Ratio"),
    "masking": ("CurvesApart", "Masked", "MaskedCurve", "Masking", "curves_apart", "masked_curve"),
    "prompting": ("ProbeStarts", "PromptKind", "Prompted", "Prompts"),
    "rates": ("LearningRates", "RateRange", "RateRanges", "TriedRate"),
    "redundancy": ("Redundancy",),
    "redundancy.coverage": ("Cover", "Coverage", "ItemCoverage", "ProbeCoverage"),
    "removal": ("RemovalBounds",),
    "removal.finding": ("ProbeReach", "RemovalBound", "Removals"),
    "removal.partition": ("PartitionCertificate", "PartitionVotes", "PlaceVotes"),
    "sides": ("Side",),
}  # fmt: skip
__getattr__ = lazily(__name__, _HOMES)

__all__ = [
    "Apart", "AtProbe", "Basin", "BasinItem", "BasinProbe", "Basins", "Budget", "Candidate", "Certificate",
    "Certificates", "Certified", "Compared", "Comparison", "Contested", "Cover", "Coverage", "CurvesApart", "Dreamed",
    "Dreams", "Dreamt", "Ensemble", "FactorShare", "Given", "GroupShare", "Interaction", "ItemCoverage", "Landscape",
    "LearningRates", "LevelShare", "LockIn", "LockedIn", "Masked", "MaskedCurve", "Masking", "OfGroup",
    "OutcomeBlock", "Parting", "PartitionCertificate", "PartitionVotes", "PlaceVotes", "ProbeCoverage", "ProbeReach",
    "ProbeStarts", "PromptKind", "Prompted", "Prompts", "Rate", "RateRange", "RateRanges", "Ratio", "Redundancy",
    "RemovalBound", "RemovalBounds", "Removals", "Runs", "Seen", "Share", "Side", "Spread", "Spreads", "Sweep",
    "Swept", "Training", "TriedRate", "VarianceBudget", "curves_apart", "masked_curve",
]  # fmt: skip
