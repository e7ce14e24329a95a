"""For whoever adds to activeseed: toy systems whose indices are known exactly, and a check of each seam.

``toys()`` are systems of a few items whose mean response is a formula and whose noise has mean zero, so that every
index follows by summing over all assignments (``truth``); ``run`` plays the part of a study. A check takes a member of
its family and raises AssertionError with the promise that it breaks:

    check_system, check_gradients, check_settings, check_states, check_cells,
    check_explaining, check_networks, check_trajectories,
    check_representations, check_convex                                         a trainer and what it can do
    check_analysis, check_estimator, check_response                             what asks it
    check_law, check_geometry, check_distance                                   what an effect and a distance are
    check_embedder, check_perturbation, check_rewriter                          what goes before
    check_annotator, check_form                                                 who is asked, and what
    check_executor, check_store                                                 what runs and keeps it all
"""

from activeseed.annotators.contract import check_annotator
from activeseed.annotators.form_contract import check_form
from activeseed.executors.contract import check_executor
from activeseed.store.contract import check_store
from activeseed.systems.capabilities import (
    check_cells,
    check_convex,
    check_explaining,
    check_networks,
    check_representations,
    check_settings,
    check_states,
    check_trajectories,
)
from activeseed.systems.contract import check_gradients, check_system
from activeseed.testing.analysis import check_analysis
from activeseed.testing.distance import check_distance
from activeseed.testing.embedder import check_embedder
from activeseed.testing.estimator import check_estimator
from activeseed.testing.geometry import check_geometry
from activeseed.testing.law import check_law
from activeseed.testing.perturbation import check_perturbation
from activeseed.testing.pitchfork import Pitchfork
from activeseed.testing.response import check_response
from activeseed.testing.rewriter import check_rewriter
from activeseed.testing.running import answer, problem_of, run
from activeseed.testing.stacked import Stacked
from activeseed.testing.strongest import Strongest
from activeseed.testing.summing import Summing
from activeseed.testing.toy import Draws, Noise, Toy
from activeseed.testing.toys import drowned, interaction, ishigami, linear, product, toys, wordings, zeros
from activeseed.testing.truth import Truth, truth, truth_in_rows

__all__ = [
    "Draws", "Noise", "Pitchfork", "Stacked", "Strongest", "Summing", "Toy", "Truth", "answer", "check_analysis",
    "check_annotator", "check_cells", "check_convex", "check_distance", "check_embedder", "check_estimator",
    "check_executor", "check_explaining", "check_form", "check_geometry", "check_gradients", "check_law",
    "check_networks", "check_perturbation", "check_representations", "check_response", "check_rewriter",
    "check_settings", "check_states", "check_store", "check_system", "check_trajectories", "drowned", "interaction",
    "ishigami", "linear", "problem_of", "product", "run", "toys", "truth", "truth_in_rows", "wordings", "zeros",
]  # fmt: skip
