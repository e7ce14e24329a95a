"""What no k changes of the seed can change, for a partition ensemble: counted from its votes, whatever its members are.

*Statement.* Let a row of a ``Partition`` of p members be trained, and another row of the same materials under the same
key, from the first by r removals, a additions and e edits of items (an edit replaces the content of one), with
r + a + 2e ≤ k. Then at every place that is certified for k changes both decide alike.

*Proof.* An item's part is a hash of its content, so a removal or an addition touches the items of one part, and an edit
those of at most two, the one that the old content was in and the one that the new content falls into. A member is a
function of its part's items, of the key and of the materials; so at most k members say something else, or abstain, or
no longer do, and what they say then is arbitrary. Count at a place the members that are above the threshold by more
than the slack (b), and all others that trained (a). Each change moves b − a down by at most 2, where a member changes
sides. With b − a > 2k, more than half of those who trained are still above it afterwards, and so is their median, which
with two in the middle is the mean of two numbers above it. Below the threshold, likewise. (Some part then still holds
an item, so the row is not one of none at all, in which members of empty parts speak as well.) The largest such k is
⌈(b − a)/2⌉ − 1. It is the largest that votes alone can prove: with one change more, members that turn bring the median
to the threshold or beyond. ∎ (Levine & Feizi 2021, theorem 1, with abstentions, and for medians.)

For the outcome itself: it stays between order statistics. Let v be sorted, n of them; a number x with
#{v ≥ x} − #{v < x} > 2k is still a lower bound of the median after k changes, and the largest is v at ⌈n/2⌉ − 1 − k
(from 0); the upper bound is its mirror image. Beyond the ends nothing is known.

What it does not say: the key, the pool, the probes and the embedder are held (one that was fitted on the seed's texts
would change with them), and so is the seed that the rows are of, in so far as a member looks at more of it than the
row's items (the order of minibatches is drawn over all items of the seed, those that a row leaves out included).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError, TrainingError
from activeseed.outcome import plain
from activeseed.plan import Explicit, Floats, Ints, Rows
from activeseed.protocols import Cost, Json, Problem, Request, Run

#: how far rounding may move a member's outcome in another batch: what a system's contract allows
SLACK = 1e-4


def said_by(members: NDArray[np.floating]) -> NDArray[np.float32]:
    """(p, P) outcomes of a partition's members from the state ``members`` of a row; NaN where one abstained."""
    return np.asarray(np.where(members[:, -1:] > 0, members[:, :-1], np.nan), np.float32)


def changes_borne(values: NDArray[np.floating], threshold: float = 0.5, slack: float = SLACK) -> tuple[Ints, Ints]:
    """What votes alone prove of the median's decision.

    Args:
        values: (p, P) outcomes of the members; NaN where one abstained.
        threshold: what is above it is decided one way, what is not the other.
        slack: members this near to the threshold count against the decision.

    Returns:
        (P,) 1 where the median is above the threshold, −1 where it is below, 0 where votes decide nothing; and (P,) the
        largest number of changes that is certified, −1 where nothing is.
    """
    trained = (~np.isnan(values)).sum(0)
    above = (values > threshold + slack).sum(0)
    below = (values < threshold - slack).sum(0)
    margin = 2 * np.maximum(above, below) - trained
    decision = np.where(margin > 0, np.where(above > below, 1, -1), 0)
    return decision.astype(np.int64), np.where(margin > 0, (margin - 1) // 2, -1).astype(np.int64)


def median_between(values: NDArray[np.floating], changes: int, slack: float = SLACK) -> tuple[Floats, Floats]:
    """(P,) bounds of the median after so many changes, below and above; infinite where votes bound nothing.

    Args:
        values: (p, P) outcomes of the members; NaN where one abstained.
        slack: what rounding may add to a member's outcome.
    """
    ordered = np.sort(values, axis=0)  # NaN last
    n = (~np.isnan(values)).sum(0)
    at = (n + 1) // 2 - 1 - changes
    low = np.take_along_axis(ordered, np.maximum(at, 0)[None], 0)[0].astype(np.float64) - slack
    high = np.take_along_axis(ordered, np.maximum(n - 1 - at, 0).clip(max=len(values) - 1)[None], 0)[0] + slack
    bounded = at >= 0
    return np.where(bounded, low, -np.inf), np.where(bounded, high.astype(np.float64), np.inf)


@dataclass(frozen=True)
class PlaceVotes:
    """What is certified at one place.

    Attributes:
        id: of the place.
        outcome: the median.
        single: outcome of one member that was trained on all items; not certified.
        above, below, abstained: members on either side of the threshold, and those that could not be trained. The rest
            is too near to it to be counted on.
        decision: ``above`` or ``below`` the threshold; ``open`` where votes decide nothing.
        changes: removals and additions, in any mixture, that the decision bears, at least; None where it is open.
    """

    id: str
    outcome: float
    single: float
    above: int
    below: int
    abstained: int
    decision: Literal["above", "below", "open"]
    changes: int | None

    @property
    def edits(self) -> int | None:
        """Edits that the decision bears: each touches two parts at most."""
        return None if self.changes is None else self.changes // 2


@dataclass(frozen=True, eq=False)
class PartitionVotes:
    """What a partition's decisions bear, place by place.

    Attributes:
        parts: p.
        threshold: of decisions.
        places: one each.
        members: (p, P) outcomes of the members, NaN where one abstained.
    """

    parts: int
    threshold: float
    places: tuple[PlaceVotes, ...]
    members: NDArray[np.float32]

    def certified(self, changes: int) -> float:
        """Share of the places whose decision bears so many removals and additions."""
        return float(np.mean([(p.changes if p.changes is not None else -1) >= changes for p in self.places]))

    def between(self, changes: int) -> tuple[Floats, Floats]:
        """(P,) bounds of the outcomes after so many removals and additions."""
        return median_between(self.members, changes)

    @property
    def alike(self) -> float:
        """Share of the places at which the single member is on the same side."""
        same = [(p.outcome > self.threshold) == (p.single > self.threshold) for p in self.places]
        return float(np.mean(same))

    @property
    def says(self) -> tuple[str, ...]:
        """The statement in sentences that can be quoted."""
        borne = [p.changes for p in self.places if p.changes is not None]
        half = f" Half of those that are decided bear {int(np.median(borne))} or more." if borne else ""
        silent = max((p.abstained for p in self.places), default=0)
        return (
            f"Of {len(self.places)} decisions of the median of {self.parts} members, each trained on the items that a "
            f"hash of their content gives it, {self.certified(1):.0%} are the same after any one removal or addition "
            f"of an item, {self.certified(3):.0%} after any three, {self.certified(10):.0%} after any ten; an edit "
            f"counts as two.{half}",
            *(
                [f"{silent} members abstain: their part holds no item, or none that they could be trained on."]
                if silent
                else []
            ),
            "This holds whatever the members are, for the same keys, pool, probes and embedder. It is a statement "
            f"about the ensemble, not about one training on all items, which decides alike at {self.alike:.0%} of the "
            "places and of which nothing is proved here.",
        )

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row for each place."""
        import pandas as pd

        return pd.DataFrame([{**asdict(p), "edits": p.edits} for p in self.places])

    def to_dict(self) -> Mapping[str, Json]:
        """All of it as JSON; the members' outcomes are left out."""
        out: dict[str, Any] = {
            "parts": self.parts, "threshold": self.threshold, "alike": self.alike, "says": list(self.says),
            "certified": [{"changes": k, "share": self.certified(k)} for k in range(1 + self.parts // 2)],
            "places": [{**asdict(p), "edits": p.edits} for p in self.places],
        }  # fmt: skip
        found: dict[str, Json] = {k: plain(v) for k, v in out.items()}
        return found


#: states of a partition: outcomes of its members, and of one that was trained on all items
MEMBERS, SINGLE = "members", "single"


def votes_in(problem: Problem) -> bool:
    """Whether it is posed by a partition, whose members vote."""
    return {MEMBERS, SINGLE} <= set(problem.states)


class PartitionCertificate(SettingsRecord):
    """How many removals, additions and edits of items each decision of a ``Partition`` bears, at least.

    Costs two rows at most: the members of the seed as it stands, and one more member, trained on all of it.

    >>> league = act.OversightLeague(rounds=1, steps=3)
    >>> study = act.Study.create(
    ...     "parts",
    ...     act.read_seed("positives.jsonl"),
    ...     act.Partition(parts=3, of=league),
    ...     probes=act.read_probes("probes.jsonl"),
    ...     pool=act.read_probes("pool.jsonl"),
    ... )
    >>> found = study.analyse(act.PartitionCertificate())
    >>> found.parts, found.certified(2)
    (3, 0.0)

    Attributes:
        threshold: what is above it is decided one way; ½ suits probabilities.
        key: replicate number, counted from the problem's first.
    """

    kind: Literal["partition_certificate"] = "partition_certificate"
    threshold: float = 0.5
    key: int = Field(default=0, ge=0)

    @property
    def reads_belief(self) -> bool:
        """No: any items may go."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """Two rows: all members, and a single one."""
        return problem.each * 2

    def run(self, problem: Problem) -> Run[PartitionVotes]:
        """See ``protocols.Analysis``. Raises PlanError for a system that is no partition."""
        if not votes_in(problem):
            raise PlanError(
                "Only a partition's decisions are certified by votes. Write [system] kind = 'partition' with a table "
                "[system.of] for what is trained on each part (in Python: Partition(of=…))."
            )
        if all(v == ABSENT_INDEX for v in problem.base):
            raise PlanError(
                "No item stands, so every member says what it makes of none, and one addition would change them all. "
                "Let an item stand again."
            )
        key = 0 if problem.deterministic else problem.first_key + self.key
        base = Explicit(Rows(np.array([problem.base], np.int16), np.array([key], np.int64)))
        members = yield Request(base, "members of the partition", state=MEMBERS)
        single = yield Request(base, "one member of all items", state=SINGLE)
        if not members.ok[0]:
            raise TrainingError("No member of the partition could be trained on the seed as it stands.")
        return votes_of(said_by(members.values[0]), single.values[0], [p.id for p in problem.places], self.threshold)


def votes_of(
    values: NDArray[np.float32], single: NDArray[np.floating], ids: list[str], threshold: float = 0.5
) -> PartitionVotes:
    """What (p, P) outcomes of members certify; ``single`` (P,) outcomes of one that was trained on all items."""
    decisions, changes = changes_borne(values, threshold)
    medians = np.nanmedian(values, 0)
    above, below = (values > threshold + SLACK).sum(0), (values < threshold - SLACK).sum(0)
    abstained = np.isnan(values).sum(0)
    words: dict[int, Literal["above", "below", "open"]] = {1: "above", -1: "below", 0: "open"}
    places = tuple(
        PlaceVotes(
            ids[n], float(medians[n]), float(single[n]) if len(single) == len(ids) else float("nan"),
            int(above[n]), int(below[n]), int(abstained[n]), words[int(decisions[n])],
            int(changes[n]) if changes[n] >= 0 else None,
        )
        for n in range(len(ids))
    )  # fmt: skip
    return PartitionVotes(len(values), threshold, places, values)
