"""Every seam of activeseed, a file each; this page names them all.

Each family (embedders, perturbations, systems, laws, distances, estimators, questions, annotators, executors, stores,
rewriters) is a set of siblings behind one small protocol. What only some members can do is a capability protocol
(``Supports…``). A third party passes any object that satisfies the protocol, or names it ``package.module:Name`` in
the configuration.
"""

from __future__ import annotations

from activeseed.protocols.analyses import (
    Analysis,
    Estimator,
    Finding,
    Problem,
    Request,
    Response,
    Run,
    SupportsLaw,
    SupportsPriors,
    SupportsResponse,
    SupportsUnaffordable,
)
from activeseed.protocols.annotators import (
    Annotator,
    Assignment,
    Collected,
    SupportsAssignment,
    SupportsCollecting,
    SupportsLinks,
    SupportsOrder,
    SupportsPlace,
    SupportsTruth,
)
from activeseed.protocols.distances import Distance, Estimate, SupportsAllPairs
from activeseed.protocols.embedders import Embedder, SupportsCentring, SupportsCutting, SupportsIds, SupportsLimits
from activeseed.protocols.executors import Batch, Executor, SupportsCores
from activeseed.protocols.forms import (
    About,
    Alike,
    Dispute,
    Form,
    Occasion,
    Pace,
    Parted,
    Respondent,
    SupportsDrawing,
    SupportsItems,
    SupportsTemplate,
)
from activeseed.protocols.geometries import (
    Geometry,
    SupportsDecisions,
    SupportsDecoding,
    SupportsEntropy,
    SupportsPlaces,
)
from activeseed.protocols.laws import ReferenceLaw
from activeseed.protocols.perturbations import Perturbation
from activeseed.protocols.rewriters import Rewriter
from activeseed.protocols.shared import Name, SupportsLocating
from activeseed.protocols.stores import Event, Store
from activeseed.protocols.systems import (
    NETWORK,
    REPRESENTATION,
    TRAJECTORY,
    Cost,
    Explanation,
    Step,
    SupportsAgreement,
    SupportsBeginning,
    SupportsConvex,
    SupportsEntries,
    SupportsExplaining,
    SupportsFactors,
    SupportsFiles,
    SupportsGradients,
    SupportsMember,
    SupportsNetworks,
    SupportsNoNetwork,
    SupportsPermission,
    SupportsReading,
    SupportsRemarks,
    SupportsSpreading,
    SupportsStates,
    SupportsStateSizes,
    SupportsTrajectories,
    System,
    Traits,
)
from activeseed.seed import Json

__all__ = [
    "NETWORK", "REPRESENTATION", "TRAJECTORY", "About", "Alike", "Analysis", "Annotator", "Assignment", "Batch",
    "Collected", "Cost", "Dispute", "Distance", "Embedder", "Estimate", "Estimator", "Event", "Executor", "Explanation",
    "Finding", "Form", "Geometry", "Json", "Name", "Occasion", "Pace", "Parted", "Perturbation", "Problem",
    "ReferenceLaw", "Request", "Respondent", "Response", "Rewriter", "Run", "Step", "Store", "SupportsAgreement",
    "SupportsAllPairs", "SupportsAssignment", "SupportsBeginning", "SupportsCentring", "SupportsCollecting",
    "SupportsConvex", "SupportsCores", "SupportsCutting", "SupportsDecisions", "SupportsDecoding", "SupportsDrawing",
    "SupportsEntries", "SupportsEntropy", "SupportsExplaining", "SupportsFactors", "SupportsFiles", "SupportsGradients",
    "SupportsIds", "SupportsItems", "SupportsLaw", "SupportsLimits", "SupportsLinks", "SupportsLocating",
    "SupportsMember", "SupportsNetworks", "SupportsNoNetwork", "SupportsOrder", "SupportsPermission", "SupportsPlace",
    "SupportsPlaces", "SupportsPriors", "SupportsReading", "SupportsRemarks", "SupportsResponse", "SupportsSpreading",
    "SupportsStateSizes", "SupportsStates", "SupportsTemplate", "SupportsTrajectories", "SupportsTruth",
    "SupportsUnaffordable", "System", "Traits",
]  # fmt: skip
