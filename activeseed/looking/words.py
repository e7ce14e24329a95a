"""What a closed round says, in sentences: for the terminal, the report and whoever reads the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: predictor -> what it goes by, in a few words, and what it believes of an item that nobody was asked about
PREDICTORS = {
    "author": ("your own beliefs", "what you believed, whatever was answered of other items"),
    "base rate": (
        "your beliefs, shifted",
        "what you believed, shifted for all items of a group alike, as the answers say",
    ),
    "content": (
        "likeness",
        "that, and what was answered of items whose text is like its own, and how well the rest of the seed vouches "
        "for it",
    ),
    "count": ("the share that was kept", "the plain share of the answered items that was kept, whatever you believed"),
}
#: share below which a predictor is said not to be used
UNUSED = 0.005
#: what a condition begins with that says on what people are divided
DIVIDED = "divided: "
#: items that people are divided on and that are named in a sentence
NAMED = 5


def if_stopped_now(record: Mapping[str, Any]) -> str:
    """What stopping now would mean, in decisions; empty where outcomes are no decisions or nothing was answered."""
    if record.get("one_sided"):
        return "Every probe is judged alike, whatever is believed: decisions say nothing here."
    trained = record.get("flips") is not None
    mean = record.get("flips_mean" if trained else "flips_guess")
    upper = record.get("flips" if trained else "flips_guess_upper")
    if mean is None or upper is None:
        return ""
    how = "" if trained else ", by the surrogate"
    return (
        f"Stopping now: about {100 * mean:.1f} in 100 probes would be judged otherwise than by what humans mean, "
        f"at most {100 * upper:.1f} (95 %{how})."
    )


def no_better_than_chance(quality: Mapping[str, Any] | None) -> str:
    """Heads a ranking, and is said before the first question: the outcome has nothing to do with the labels.

    Empty where the interval of the AUC lies above one half, and where nothing is labelled.
    """
    if not quality or quality.get("auc_low") is None or quality["auc_low"] > 0.5:
        return ""
    low, high = quality["auc_low"], quality["auc_high"]
    worse = " It is worse: what is approved tends to be what you labelled as wrong." if high < 0.5 else ""
    return (
        f"No better than chance on your labelled probes (AUC {quality['auc']:.2f}, 95 %: {low:.2f} to {high:.2f})."
        f"{worse} Answers can steady the outcome, but hardly make it good: look at the system, the embedder and the "
        "probes first."
    )


def divided_words(divided: Mapping[str, Any] | None) -> str:
    """On how many items people really disagree, and on which; empty where there are none."""
    if not divided:
        return ""
    shown = ", ".join(list(divided)[:NAMED]) + (", …" if len(divided) > NAMED else "")
    many = "1 item" if len(divided) == 1 else f"{len(divided)} items"
    return f"{DIVIDED}{many}, on which people really disagree ({shown})"


def discord_words(discord: Mapping[str, Any] | None) -> str:
    """That people differ on more than errors explain, where it can't be said on which items; empty where they don't."""
    if not discord:
        return ""
    return (
        f"{DIVIDED}people differ on {discord['split']} of the {discord['items']} items that several answered, which "
        f"errors would leave in {100 * discord['by_error']:.1f} of 100 studies; six people an item tell on which "
        "([ask] annotators)"
    )


def division_words(found: Mapping[str, Any]) -> str:
    """How people are divided on one item: *8 of 20 hold otherwise; minority 41 %, 95 %: 24 to 50 %*."""
    return (
        f"{found['others']} of {found['people']} hold otherwise than most; minority {100 * found['share']:.0f} %, "
        f"95 %: {100 * found['low']:.0f} to {100 * found['high']:.0f} %"
    )


def belief_words(used: Mapping[str, float] | None, answers: int) -> str:
    """Which beliefs are used for items that nobody was asked about, largest share first; empty where none is known."""
    if not used:
        return ""
    if not answers:
        return "your own, as no answer is in yet"
    return ", ".join(f"{share:.0%} {PREDICTORS[name][0]}" for name, share in used.items() if share >= UNUSED)


def predictors(used: Mapping[str, float], answers: int) -> list[dict[str, Any]]:
    """Name, share and meaning of each belief that was in the contest; before any answer all say the same."""
    return [
        {"name": PREDICTORS[name][0], "what": PREDICTORS[name][1], "share": share if share >= UNUSED else None}
        for name, share in used.items()
        if answers
    ]


def refuted_words(record: Mapping[str, Any]) -> list[str]:
    """Beliefs of the author that answers refute: what was learnt is used in their place."""
    out = []
    for found in record.get("refuted") or ():
        where = f"of the group {found['group']!r}" if found["group"] else "of the items"
        out.append(
            f"You believed that {found['stated']:.0%} {where} stay; of {found['asked']} drawn at random "
            f"{found['kept']} did. What was learnt from the answers is used instead."
        )
    return out


def unmeasured_gold_words(count: int) -> str:
    """Gold questions that the trainer can't train; empty where there are none."""
    if not count:
        return ""
    many = "One gold question shows" if count == 1 else f"{count} gold questions show"
    return (
        f"{many} nothing of what hangs on the answer, as the trainer can't train what is not in the seed. Gold "
        "questions are there to vouch for whoever answers and need no measuring, but these can be told from the "
        "others: [ask] consequences = 0 makes all look alike."
    )


def ending_words(stopped: Mapping[str, Any] | None) -> str:
    """How a study ended, never called stable where it is not; empty while it goes on."""
    if not stopped:
        return ""
    head = "Stopped, not shown to be stable"
    if stopped.get("settled"):
        head = "Settled, if your annotators can be trusted"
        if any(str(c).startswith(DIVIDED) for c in stopped.get("conditions", ())):
            head = "Settled by majorities, on what people are divided about"
    if stopped.get("stable"):
        head = "Stable"
    return f"{head}: {'; '.join(str(r) for r in stopped.get('reasons', ()))}."


def vouched_words(record: Mapping[str, Any]) -> str:
    """What vouches for whom."""
    by = {"gold": "Gold questions answered right", "others": "Others who agree", "probes": "Labelled probes"}
    return " ".join(f"{by[what]} vouch for {who}." for who, what in record.get("vouched", {}).items())


def forecast_words(record: Mapping[str, Any], number: Any) -> str:
    """The risk against what was forecast for it before the answers came; ``number`` writes a figure."""
    risk, said = record.get("risk"), record.get("forecast")
    if risk is None:
        return ""
    return f"risk {number(risk)}" + (f", forecast {number(said)}" if said is not None else "")
