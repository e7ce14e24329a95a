"""What a verifier is handed, and what it owes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from activeseed.systems.inference.norms import Norm

if TYPE_CHECKING:  # seams are only described here
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.plan import Floats

    #: texts -> (n, d) features of the study's embedder, cached by text
    Embed: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class Claim:
    """A norm as a verifier sees it.

    Attributes:
        norm: what it says.
        sentence: how it is said: the sentence that it was taken from, or the engine's own words for a derived one.
        context: the lead-in or the heading that the sentence stands under; empty where there is none.
    """

    norm: Norm
    sentence: str
    context: str = ""


@dataclass(frozen=True)
class Deed:
    """What is done at a probe.

    Attributes:
        text: the probe's text (of a reply: the reply alone).
        prompt: what it replies to; empty where there is none.
        agent: who does it, a concept; empty where nobody is named, or where the text is no controlled English.
        action: what is done, a concept; empty where the text is no controlled English.
        facts: what holds meanwhile, each a concept; ``not …`` for what is said not to hold.
        omitted: the action is left undone: "the assistant does not flatter".
    """

    text: str
    prompt: str = ""
    agent: str = ""
    action: str = ""
    facts: tuple[str, ...] = ()
    omitted: bool = False


@runtime_checkable
class Verifier(Protocol):
    """Holds deeds against claims.

    Attributes:
        kind: tag in the configuration.
        revision: changes whenever the same record would say otherwise.
    """

    @property
    def kind(self) -> str: ...
    @property
    def revision(self) -> str: ...
    def relevance(self, claims: Sequence[Claim], deeds: Sequence[Deed], embed: Embed) -> Floats:
        """(N, P) in [-1, 1]: how far each deed is what each claim is about.

        1: the deed is the action of the norm, under its condition. 0: it has nothing to do with it. -1: the contrary
        is done, or the action is plainly left undone. The deontic stays out of it: of *must help* and *must not help*
        a helping deed is equally what they are about, and the engine takes the sign from the norm. A verifier that
        judges compliance (``log p(d|a) − log p(¬d|a)``) therefore turns its sign for what is forbidden.

        Deterministic; the same claim and deed give the same number whatever else is asked, up to a calibration over
        all deeds, which rows share. Raises PlanError where a text is one that it can't read.
        """
        ...
