"""The columns of the estimators that ship with activeseed, each with its words: declared once."""

from __future__ import annotations

from activeseed.column import Column, by_name

EFFECT = Column("effect", "effect", unbiased=True, sortable=True)
FIRST_ORDER = Column("first_order", "first-order index", unbiased=True, sortable=True, short="first")
TOTAL = Column("total", "total index", unbiased=True, sortable=True)
GROUP_SPREAD = Column("group_spread", "sampling spread of the group")
SHARE = Column("share", "first-order index as a share of the spread", unit="")

#: what goes with a measured column: its error and interval
EFFECTS = (
    EFFECT,
    Column("effect_se", "standard error of the effect"),
    Column("effect_low", "lower end of the effect's 95 % interval"),
    Column("effect_high", "upper end of the effect's 95 % interval"),
    Column("instability", "what keys disagree about", unbiased=False, short="unstable"),
    Column("p_value", "chance of such an effect by noise alone, over all items", unit="probability"),
    Column("distinguishable", "whether the effect can be told from noise", unit=""),
    Column("ties_with", "items that it can't be told from", unit="", short="ties"),
    Column("perturbation", "what is done to the item", unit=""),
    Column("vouching", "how well the rest of the seed vouches for it", unit="probability"),
)
FIRST_ORDERS = (
    FIRST_ORDER,
    Column("first_order_se", "standard error of the first-order index"),
    Column("first_order_low", "lower end of its 95 % interval"),
    Column("first_order_high", "upper end of its 95 % interval"),
    Column("presence", "its part of presence", unbiased=True),
    Column("wording", "its part of wording", unbiased=True),
    SHARE,
    Column("first_order_ties_with", "items that it can't be told from", unit=""),
    Column("vouching", "how well the rest of the seed vouches for it", unit="probability"),
)
TOTALS = (
    TOTAL,
    Column("total_se", "standard error of the total index"),
    Column("total_low", "lower end of its 95 % interval"),
    Column("total_high", "upper end of its 95 % interval"),
    Column("total_instability", "what keys disagree about"),
)
#: what comes of what is believed, beside whatever was measured
BELIEVED = (
    Column("value", "value", sortable=True),
    Column("value_per_minute", "value per minute", "squared distance a minute", sortable=True),
    Column("credibility", "probability that it stays", "probability", short="credible"),
    Column("divided", "minority share, where people really disagree", "share of people"),
)
#: name -> column, of all that an estimator or a belief of this package says
KNOWN = by_name((*EFFECTS, *FIRST_ORDERS, *TOTALS, GROUP_SPREAD, *BELIEVED))
#: columns that any study's items may be ranked by, as they are typed
ORDERS = tuple(c.option for c in KNOWN.values() if c.sortable)


def under(law: str, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of a further law, which carry its name."""
    return tuple(
        Column(f"{law}_{c.name}", f"{c.words} ({law})", c.unit, c.unbiased) for c in columns if c.name != "vouching"
    )
