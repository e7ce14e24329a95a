"""What certificates end in: for each region what was seen and what was proved, and what follows from it.

Lower bounds are seen and upper ones proved: they stand in columns of their own, in the order of the regions, and
nothing is sorted by either.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from activeseed.outcome import plain
from activeseed.plan import Floats

if TYPE_CHECKING:
    import pandas as pd

#: entries of an input up to which it is written out
SHORT = 64


@dataclass(frozen=True)
class Certificate:
    """How far apart two networks' scores are in one region: ``lower ≤ sup |f − g| ≤ upper``.

    Attributes:
        region: ``probes``, ``box``, ``ball``, ``unit`` or ``plane``.
        words: what it is, to be read after "every input".
        probe: id of the probe that it is around; empty for the data's domain.
        radius: Euclidean; NaN for a box.
        times: the radius in distances between neighbours; NaN where it was not given so.
        data: how many of the data (items, pool, probes) lie in it, the probe at its centre included; 0 contains none.
        lower: |f − g| at the witness, as evaluated.
        upper: proved; infinity where nothing was.
        most, least: sup of f − g and −(inf of f − g), each proved.
        method, status, slack, seconds, branches: see ``bounding.Bounded``.
        single: what scores computed in single precision may differ by more than that, both networks together; NaN where
            nothing was proved.
        nearest: id of the datum nearest to the witness; ``distance`` is how far.
        here: |f − g| at the probe in the centre; NaN elsewhere.
        caps: name -> largest value (``bounding.divergences.MEASURES``); empty where the outcome is no probability.
        policy: the same for policies on the leash over any outputs of the region; empty where no leash was given.
        vacuous: names of caps that say nothing; of policies' with ``policy`` before them.
        approves, rejects: where the first says more than ``approves`` the second says more than ½, where it says less
            than ``rejects`` the second says less than ½; NaN where the outcome is no probability.
        decided: how many of the data in the region are decided alike by that; of a domain only.
        flipped: how many of them are decided otherwise, as evaluated.
        pairs, ranked: pairs of the data in the region, and how many of them must be ranked alike; of a domain only.
        kendall: Kendall's τ of the two rankings of the data there is at least this.
        witness: (d,) the input where ``lower`` was seen; None where none was looked for.
        statement: all of it in words.
    """

    region: str
    words: str
    probe: str
    radius: float
    times: float
    data: int
    lower: float
    upper: float
    most: float
    least: float
    method: str
    status: str
    slack: float
    seconds: float = field(compare=False)
    branches: int
    single: float = math.nan
    nearest: str = ""
    distance: float = math.nan
    here: float = math.nan
    caps: dict[str, float] = field(default_factory=dict)
    policy: dict[str, float] = field(default_factory=dict)
    vacuous: tuple[str, ...] = ()
    approves: float = math.nan
    rejects: float = math.nan
    decided: int = 0
    flipped: int = 0
    pairs: int = 0
    ranked: int = 0
    kendall: float = math.nan
    witness: Floats | None = field(default=None, compare=False, repr=False)
    statement: str = ""

    @property
    def looseness(self) -> float:
        """What was proved over what was seen: 1 is exact. NaN where nothing was proved, or nothing parts."""
        return self.upper / self.lower if math.isfinite(self.upper) and self.lower > 0 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """As JSON: what is vacuous is None, and a witness of many entries is left out."""
        said = asdict(self)
        said["caps"] = {n: None if n in self.vacuous else v for n, v in self.caps.items()}
        said["policy"] = {n: None if f"policy {n}" in self.vacuous else v for n, v in self.policy.items()}
        if self.witness is not None and len(self.witness) > SHORT:
            said["witness"] = None
        return {**said, "looseness": self.looseness}


@dataclass(frozen=True)
class Certified:
    """Certificates of two sides of a comparison.

    Attributes:
        first, second: names of the two.
        unit: of scores: ``log-odds``, or ``score`` where the outcome is no probability.
        neighbours: the distance between neighbours among the data, which radii are in; NaN for fewer than two data.
        dimension: entries of an input.
        widths, activation: of the networks.
        seconds: allowed for a region.
        certificates: region by region, probe by probe, radii ascending.
        notes: sentences that a reader must see.
    """

    first: str
    second: str
    unit: str
    neighbours: float
    dimension: int
    widths: tuple[int, ...]
    activation: str
    seconds: float
    certificates: tuple[Certificate, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``: what ``certify --json`` prints."""
        said: dict[str, Any] = plain({**asdict(self), "certificates": [c.to_dict() for c in self.certificates]})
        return said

    def to_frame(self) -> pd.DataFrame:
        """One row a region, in the order they were asked for."""
        import pandas as pd

        out = []
        for c in self.certificates:
            row = c.to_dict()
            caps, policy = row.pop("caps"), row.pop("policy")
            row.pop("witness")
            row["vacuous"] = ", ".join(c.vacuous)
            out.append({**row, **caps, **{f"policy_{n}": v for n, v in policy.items()}})
        return pd.DataFrame(out)
