"""What is asked of the human level: how many whole studies, and what may differ between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from activeseed.checked import SettingsRecord
from activeseed.seed import digest_of
from activeseed.stack.human.ways import CREWS, DEFAULT_CREWS, DEFAULT_METHODS, METHODS, Crew, Method, named

#: factors of the human level, where each lies: where the level starts, or how it moves
FACTORS: Mapping[str, Literal["start", "dynamics"]] = {
    "draft": "start", "design": "start", "annotators": "dynamics", "method": "dynamics",
}  # fmt: skip


class HumanLevel(SettingsRecord):
    """An outer plan over whole studies: a draft is written, people are asked, the seed changes, it is trained again.

    What the people mean is one and the same in all studies; what differs is the *draft* that the author happens to
    write, the *design* of the trainer² that they happen to choose, who the *annotators* are, and by which *method* they
    are asked. Each is drawn independently and evenly from what is stated here, so that shares are about these ranges.

    >>> act.HumanLevel(studies=36, annotators=("careful", "coin")).annotators[1].people[0].behaviour
    'random'

    Attributes:
        studies: how many whole studies, rounded up to whole blocks of the plan.
        answers: that each study asks people for.
        batch: answers between two trainings.
        drafts: where first drafts come from: each item at a variant drawn from the ``author``'s stated belief, or from
            the joint ``belief`` that the outer study has learnt, in which what was answered hardly differs any more.
        designs: path of a setting of the trainer² -> its values; none named takes all that the trainer says are around
            it. Empty takes all settings of the trainer² that can be varied.
        vary_designs: whether the design differs at all.
        annotators: crews, or the names of some: ``careful``, ``hasty``, ``mixed``, ``perfect``, ``coin``.
        methods: ways of asking, or the names of some: ``by_value``, ``at_random``, ``by_effect``, ``author_order``,
            ``unlearning``, ``read_again``.
        truth: item id -> variant that is meant. Over ``truth_file``, over what a simulated annotator of the study
            knows, over what was answered, over what the author's belief takes for most credible.
        truth_file: JSON lines as a simulated annotator reads them.
        workers: processes that studies run in; None is one a core. 1 runs them here, one after the other.
        key: of all draws.
    """

    kind: Literal["human_level"] = "human_level"
    studies: int = Field(default=144, ge=1, le=100_000)
    answers: int = Field(default=24, ge=1, le=100_000)
    batch: int = Field(default=6, ge=1, le=1000)
    drafts: Literal["author", "belief"] = "author"
    designs: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)
    vary_designs: bool = True
    annotators: tuple[Crew, ...] = Field(default=DEFAULT_CREWS, min_length=1)
    methods: tuple[Method, ...] = Field(default=DEFAULT_METHODS, min_length=1)
    truth: Mapping[str, str] = Field(default_factory=dict)
    truth_file: str = ""
    workers: int | None = Field(default=None, ge=1, le=1000)
    key: int = Field(default=0, ge=0)

    @field_validator("annotators", "methods", mode="before")
    @classmethod
    def _by_name(cls, value: Any, info: Any) -> Any:
        known, what = (CREWS, "crew") if info.field_name == "annotators" else (METHODS, "method")
        if isinstance(value, str | Crew | Method):
            value = (value,)
        return tuple(named(v, known, what) for v in value) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _names_differ(self) -> HumanLevel:
        for what, ways in (("annotators", self.annotators), ("methods", self.methods)):
            names = [w.name for w in ways]
            if len(set(names)) != len(names):
                raise ValueError(f"{what} need a name each; got {', '.join(names)}")
        return self

    @property
    def told(self) -> dict[str, Any]:
        """All that decides what one study of the plan is; how many there are and where they run does not."""
        return self.model_dump(mode="json", exclude={"studies", "workers", "truth", "truth_file"})

    def name(self, *more: object) -> str:
        """Names the plan, and the folder that its studies lie in.

        Args:
            more: what else decides: the outer study's seed, its settings, what is meant.
        """
        return digest_of([self.told, *more]).hex()[:16]
