"""Drifts and framings: what they say, that each says what it is, and what is left alone."""

from __future__ import annotations

import pytest

from activeseed.errors import ConfigError
from activeseed.perturbations import Drift, Framing, Paraphrase, perturbed
from activeseed.perturbations.meaning import changed
from activeseed.seed import Item, Seed, Text

#: text, its weaker and its stronger modality; nothing where it has none
MODALITY = [
    ("Users must ask.", "Users should ask.", ""),
    ("The model should ask.", "The model may ask.", "The model must ask."),
    ("The model should not ask.", "", "The model must not ask."),
    ("The model must not lie to you.", "The model should not lie to you.", ""),
    ("Never lie to the user.", "Rarely lie to the user.", ""),
    ("Always tell the truth.", "Usually tell the truth.", ""),
    ("You usually ask first.", "", "You always ask first."),
    ("It is rarely right to wait.", "", "It is never right to wait."),
    ("Users may ask for the price.", "", "Users should ask for the price."),
    ("It may be late for the user.", "", ""),
    ("You have to ask.", "You should ask.", ""),
    ("You don't have to ask.", "", ""),
    ("There is no need to ask.", "", ""),
    ("Do not lie to the user.", "Try not to lie to the user.", ""),
    ("You must ask and must wait.", "You should ask and should wait.", ""),
    ("It is not always right.", "", ""),
    ("You can tell the user `never lie`.", "", ""),
]
SCOPE = [
    ("All users must ask.", "Most users must ask.", ""),
    ("Every user must ask.", "Almost every user must ask.", ""),
    ("Almost every user must ask.", "", "Every user must ask."),
    ("Everyone is to be asked.", "Almost everyone is to be asked.", ""),
    ("Users must ask.", "Some users must ask.", "All users must ask."),
    ("Some users must ask.", "", "All users must ask."),
    ("Most of the users are right.", "Some of the users are right.", "All of the users are right."),
    ("It is not at all late for all.", "", ""),
    ("Not every user is right.", "", ""),
    ("It is the most important of rules.", "", ""),
    ("All of the users are right.", "Most of the users are right.", ""),
]


@pytest.mark.parametrize(("text", "weaker", "stronger"), MODALITY, ids=[f"{n}" for n in range(len(MODALITY))])
def test_modality_drifts_one_step(text: str, weaker: str, stronger: str) -> None:
    assert Drift(towards=("weaker",)).drifted(text, "modality") == [weaker] * bool(weaker)
    assert Drift(towards=("stronger",)).drifted(text, "modality") == [stronger] * bool(stronger)


@pytest.mark.parametrize(("text", "weaker", "stronger"), SCOPE, ids=[f"{n}" for n in range(len(SCOPE))])
def test_scope_drifts_one_step(text: str, weaker: str, stronger: str) -> None:
    assert Drift(towards=("weaker",)).drifted(text, "scope") == [weaker] * bool(weaker)
    assert Drift(towards=("stronger",)).drifted(text, "scope") == [stronger] * bool(stronger)


@pytest.mark.parametrize(("text", "weaker", "stronger"), MODALITY + SCOPE)
def test_a_drift_is_no_paraphrase(text: str, weaker: str, stronger: str) -> None:
    for drifted in filter(None, (weaker, stronger)):
        moved = changed(text, drifted)
        assert moved, (text, drifted)
        assert drifted not in Paraphrase(most=20).paraphrases(text)


FRAMES = [
    ("You must not lie to the user.", "You must avoid lying to the user."),
    ("The model should not make promises to them.", "The model should avoid making promises to them."),
    ("Never lie to the user.", "Always avoid lying to the user."),
    ("Do not lie to the user.", "Avoid lying to the user."),
    ("Don't stop at the first error.", "Avoid stopping at the first error."),
    ("Do not be rude to the user.", "Avoid being rude to the user."),
    ("You ought not to lie to them.", "You ought to avoid lying to them."),
    ("The model should never lie to them.", "The model should always avoid lying to them."),
    ("The model should ask the user.", "The model should not fail to ask the user."),
    ("You must ask the user.", "You must not fail to ask the user."),
    ("Always ask the user.", "Never fail to ask the user."),
    ("You must avoid lying to them.", "You must not lie to them."),
    ("Avoid lying to the user.", "Do not lie to the user."),
    ("Never fail to ask the user.", "Always ask the user."),
    ("You should not fail to ask them.", "You should ask them."),
]


@pytest.mark.parametrize(("text", "framed"), FRAMES, ids=[f"{n}" for n in range(len(FRAMES))])
def test_a_rule_is_framed_the_other_way(text: str, framed: str) -> None:
    assert framed in Framing().framed(text)


@pytest.mark.parametrize(
    "text",
    [
        "You must not lie or cheat the user.", "Do not tell anyone the price.", "Content should not be shown to them.",
        "Say what the model should do.", "Ask how the user should ask.", "Should the user ask?", "You may not lie.",
        "The model should have asked them.", "They should not have lied to them.", "You must not ever lie to them.",
        "If the model should ask, the user answers.", "Say `must not lie` to the user.", "", "Nie lügen.",
    ],
)  # fmt: skip
def test_what_has_no_safe_frame_is_left_alone(text: str) -> None:
    assert Framing().framed(text) == []


def test_ids_say_what_drifts_and_where_each_comes_from() -> None:
    text = Text(prompt="What?", text="Users should never ask.", authority="root")
    seed = Seed(items=(Item(id="a", payload=text), Item(id="b", payload=Text(text="Nein."))))
    grown = perturbed(seed, [Drift(), Framing(), Paraphrase()])
    found = {v.id: (v.wording, v.origin) for v in grown["a"].alternatives}
    assert found["drift-modality-1"] == ("Users should rarely ask.", "drift")
    assert found["drift-modality-2"] == ("Users must never ask.", "drift")
    assert found["drift-scope-1"] == ("Some users should never ask.", "drift")
    assert found["drift-scope-2"] == ("All users should never ask.", "drift")
    assert found["framing-1"] == ("Users should always avoid asking.", "framing")
    assert found["paraphrase-1"][1] == "paraphrase"
    for variant in grown["a"].alternatives:
        assert isinstance(variant.payload, Text)
        assert (variant.payload.prompt, variant.payload.authority) == ("What?", "root")
    assert grown["b"] == seed["b"]
    assert perturbed(grown, [Drift(), Framing(), Paraphrase()]) == grown


def test_one_direction_and_one_kind_can_be_had_alone() -> None:
    seed = Seed(items=(Item(id="a", payload=Text(text="Users should ask.")), Item(id="b", payload=Text(text="No."))))
    one = Drift(of=("scope",), towards=("stronger",)).variants(seed)
    assert [(v.id, v.wording) for v in one["a"].alternatives] == [("drift-scope-1", "All users should ask.")]
    assert Framing(towards=("do",)).framed("The model should ask the user.") == []
    for wrong in ({"of": ()}, {"of": ("tone",)}, {"towards": ()}):
        with pytest.raises(ConfigError):
            Drift(**wrong)
    with pytest.raises(ConfigError):
        Framing(towards=("sideways",))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["Users should never ask. " * 4000, "(" * 100_000, "<a " * 33_000, "x" * 100_000])
def test_a_text_of_100_kilobytes_drifts_like_any_other(text: str) -> None:
    for rule in (lambda t: Drift().drifted(t, "modality"), lambda t: Drift().drifted(t, "scope"), Framing().framed):
        assert bool(rule(text)) == text.startswith("Users")
