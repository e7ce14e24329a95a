"""Controlled English: what parses to what, what does not, and that saying a norm is the way back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activeseed.systems.inference.language import (
    STRENGTHS,
    Grammar,
    from_mapping,
    parse,
    parse_deed,
    parse_edge,
    say,
)
from activeseed.systems.inference.lexicon import Edge, Lexicon
from activeseed.systems.inference.norms import Left, Norm
from activeseed.systems.inference.taking import controlled, sentences
from activeseed.systems.inference.words import base, concept

FLATTER = Norm("forbidden", 1.0, "flatter user", "assistant", ("ask for praise",))

#: groups of sentences that say one norm
SAME: dict[str, tuple[Any, ...]] = {
    "conditions in any place": (
        FLATTER,
        "The assistant must not flatter users when asked for praise.",
        "If asked for praise, the assistant must not flatter a user.",
        "When asked for praise, then the assistant mustn't flatter users.",
        "The assistant isn't allowed to flatter the user if asked for praise",
        "the assistant is forbidden to flatter any user whenever asked for praise;",
        "The assistant must avoid flattering users when asked for praise.",
        "The assistant must never flatter users when it is asked for praise.".replace("it is ", ""),
    ),
    "should": (
        Norm("obliged", 0.7, "cite source", "assistant"),
        "The assistant should cite its sources.",
        "The assistant ought to cite sources.",
        "An assistant is expected to cite a source.",
    ),
    "imperatives": (
        Norm("forbidden", 1.0, "lie"),
        "Never lie.",
        "Don't lie.",
        "Do not lie!",
        "Lying is forbidden.",
        "It is forbidden to lie.",
        "Avoid lying.",
        "Refrain from lying.",
        "Lying is not allowed.",
        "You must not lie.",
        "Everyone must not lie.",
    ),
    "must": (
        Norm("obliged", 1.0, "help user", "assistant"),
        "The assistant must help users.",
        "The assistant has to help users.",
        "The assistant is required to help the user.",
        "The assistant shall always help users.",
        "The assistant always helps users.",
        "The assistant needs to help users.",
        "The assistant must not refrain from helping users.",
    ),
    "may": (
        Norm("permitted", 0.5, "answer", "assistant", (), ("user minor",)),
        "The assistant may answer unless the user is a minor.",
        "Unless the user is a minor, the assistant can answer.",
        "The assistant is allowed to answer except when the user is a minor.",
        "The assistant is free to answer except if users are minors.",
    ),
    "need not": (
        Norm("permitted", 0.5, "not answer", "assistant"),
        "The assistant need not answer.",
        "The assistant doesn't have to answer.",
        "The assistant isn't required to answer.",
        "The assistant may refrain from answering.",
        "The assistant does not need to answer.",
    ),
    "prefers": (
        Norm("forbidden", 0.4, "preach", "assistant"),
        "The assistant prefers not to preach.",
        "The assistant tries not to preach.",
    ),
    "several conditions": (
        Norm("obliged", 1.0, "refuse", "assistant", ("not user consent", "user minor"), ("life at stake",)),
        "The assistant must refuse if the user is a minor and the user does not consent unless a life is at stake.",
        "If the user doesn't consent and the user is a minor, the assistant must refuse unless life is at stake.",
        "Unless a life is at stake, if the user is a minor, the assistant must refuse if the user does not consent.",
    ),
    "marks": (
        Norm("obliged", 0.9, "help", "assistant", (), (), "root"),
        "The assistant must help (strength 0.9) [root]",
        "The assistant must help. [root] (strength 0.9)",
    ),
}


@pytest.mark.parametrize("group", SAME)
def test_sentences_that_say_the_same_are_one_norm(group: str) -> None:
    norm, *said = SAME[group]
    for sentence in said:
        assert parse(sentence) == norm, sentence


@pytest.mark.parametrize("group", SAME)
def test_saying_a_norm_is_the_way_back(group: str) -> None:
    norm = SAME[group][0]
    assert parse(say(norm)) == norm, say(norm)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The assistant must lie.", "The assistant must not lie."),
        ("The assistant must help.", "The assistant should help."),
        ("The assistant may help.", "The assistant must help."),
        ("The assistant must help users.", "The assistant must help."),
        ("The assistant must help if asked.", "The assistant must help unless asked."),
        ("The assistant must help if the user is a minor.", "The assistant must help if the user is not a minor."),
        ("The assistant must help.", "The user must help."),
        ("The assistant need not help.", "The assistant may help."),
    ],
)
def test_what_differs_in_meaning_differs(one: str, other: str) -> None:
    assert parse(one) != parse(other)


@pytest.mark.parametrize(
    ("sentence", "why", "nearest"),
    [
        ("", "nothing", ""),
        ("Honesty matters to us.", "no modal", "AGENT must"),
        ("The assistant shuold help.", "no modal", "should"),
        ("If asked the assistant must help", "comma", "AGENT"),
        ("Must the assistant help?", "a question", ""),
        ("The assistant may answer only if asked.", "only if", "must not"),
        ("The assistant must help if tired or hungry.", "'or'", "AGENT"),
        ("The assistant must if asked.", "no action", "AGENT"),
        ("The assistant must help if.", "without words", "AGENT"),
        ("The assistant must " + "really " * 12 + "help.", "more than", "AGENT"),
        ("The assistant must help (strength 7).", "no number above 0", ""),
        ("The assistant must help (strength 0.1.2) [root]", "no number above 0", ""),
    ],
)
def test_what_does_not_parse_says_why_and_what_would(sentence: str, why: str, nearest: str) -> None:
    found = parse(sentence)
    assert isinstance(found, Left)
    assert why in found.why
    assert nearest in found.nearest


def test_a_concept_that_is_nearly_known_is_proposed() -> None:
    grammar = Grammar(Lexicon((Edge("isa", "flatter", "deceive"),)))
    found = parse("The assistant flaters users.", grammar)
    assert isinstance(found, Left)
    assert "flatter" in found.nearest


def test_modalities_and_synonyms_are_settings() -> None:
    grammar = Grammar(
        Lexicon(same={"fib": "lie", "tell untruth": "lie"}),
        {**STRENGTHS, "should": 0.6},
        {"had better": "should", "is under no circumstances to": "must not"},
    )
    assert parse("The assistant had better fib.", grammar) == Norm("obliged", 0.6, "lie", "assistant")
    assert parse("The assistant had better tell untruths to users.", grammar) == Norm(
        "obliged", 0.6, "lie to user", "assistant"
    )
    assert parse("The assistant is under no circumstances to lie.", grammar) == Norm(
        "forbidden", 1.0, "lie", "assistant"
    )


@pytest.mark.parametrize(
    ("said", "norm"),
    [
        ({"action": "flatter a user"}, Norm("obliged", 1.0, "flatter user")),
        (
            {
                "modality": "must not", "agent": "the assistant", "action": "flattering users",
                "condition": "asked for praise",
            },
            FLATTER,
        ),
        (
            {"modality": "should not", "strength": 0.3, "action": "lie", "condition": ["a", "users ask"],
             "authority": "root"},
            Norm("forbidden", 0.3, "lie", "", ("user ask",), (), "root"),
        ),
        ({"deontic": "permitted", "action": "rest", "exception": ["at work"]},
         Norm("permitted", 0.5, "rest", "", (), ("at work",))),
        ({"deontic": "exempt", "action": "rest"}, Norm("permitted", 0.5, "not rest")),
        ({"concept": "flattering", "isa": "deceiving"}, Edge("isa", "flatter", "deceive")),
        ({"concept": "bleach", "causes": "poisoning"}, Edge("causes", "bleach", "poison")),
    ],
)  # fmt: skip
def test_a_mapping_says_the_same(said: dict[str, object], norm: Norm | Edge) -> None:
    assert from_mapping(said) == norm


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"agent": "assistant"}, "no 'action'"),
        ({"action": "lie", "modality": "perhaps"}, "modality 'perhaps'"),
        ({"action": "lie", "strength": 3}, "above 0"),
        ({"action": "lie", "strength": "much"}, "above 0"),
        ({"concept": "lie"}, "without 'isa'"),
    ],
)
def test_a_mapping_that_says_nothing_says_why(said: dict[str, object], why: str) -> None:
    found = from_mapping(said)
    assert isinstance(found, Left)
    assert why in found.why


def test_yaml_json_and_sentences_are_texts_of_a_seed() -> None:
    norm = Norm("forbidden", 1.0, "lie", "assistant")
    for text in (
        "modality: must not\nagent: assistant\naction: lie",
        '{"modality": "must not", "agent": "assistant", "action": "lie"}',
        "The assistant must not lie.",
    ):
        assert controlled(text, Grammar()).reading.norms == (norm,), text
    two = controlled("Never lie. Lying is a kind of deceiving; lying causes mistrust.", Grammar())
    assert two.reading.norms == (Norm("forbidden", 1.0, "lie"),)
    assert two.edges == (Edge("isa", "lie", "deceive"), Edge("causes", "lie", "mistrust"))
    assert len(two.reading.lexical) == 2
    assert sentences("One must help. [root]") == ["One must help. [root]"]


@pytest.mark.parametrize(
    ("sentence", "edge"),
    [
        ("Flattering is a kind of deceiving.", Edge("isa", "flatter", "deceive")),
        ("White lies are a form of lying", Edge("isa", "white lie", "lie")),
        ("Flattery causes mistrust.", Edge("causes", "flattery", "mistrust")),
        ("Giving bleach leads to poisoning.", Edge("causes", "give bleach", "poison")),
        ("The assistant must lie.", None),
        ("If flattering is a kind of lying, it is bad", None),
    ],
)
def test_lines_of_the_lexicon(sentence: str, edge: Edge | None) -> None:
    assert parse_edge(sentence) == edge


@pytest.mark.parametrize(
    ("text", "prompt", "deed"),
    [
        ("The assistant flatters a user.", "", ("assistant", "flatter user", (), False)),
        ("The assistant doesn't flatter the user.", "", ("assistant", "flatter user", (), True)),
        ("The assistant avoids flattering users.", "", ("assistant", "flatter user", (), True)),
        ("Flattering a user", "", ("", "flatter user", (), False)),
        ("The nurse lies when asked.", "", ("nurse", "lie", ("ask",), False)),
        ("While tired, the assistant lies.", "", ("assistant", "lie", ("tire",), False)),
        (
            "The assistant lies.",
            "The user is a minor. The user asks and nobody listens.",
            ("assistant", "lie", ("nobody listen", "user ask", "user minor"), False),
        ),
        ("", "", ("", "", (), False)),
    ],
)
def test_what_is_done_at_a_probe(text: str, prompt: str, deed: tuple[str, str, tuple[str, ...], bool]) -> None:
    assert parse_deed(text, prompt) == deed


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzéß-", max_size=14))
def test_a_base_form_is_its_own(word: str) -> None:
    assert base(base(word)) == base(word)


@given(st.text(max_size=60))
def test_a_concept_is_its_own(phrase: str) -> None:
    assert concept(concept(phrase)) == concept(phrase)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(parse(text), Norm | Left)
    parse_deed(text, text)
    found = controlled(text, Grammar()).reading
    assert len(found.taken) + len(found.left) + len(found.lexical) <= max(1, len(sentences(text)))


VERBS = st.sampled_from(["help", "cite source", "flatter user", "lie", "give bleach to child", "be kind"]).map(concept)
CLAUSES = st.lists(st.sampled_from(["user minor", "not user minor", "ask for praise", "matter urgent"]), max_size=2)


@given(
    st.sampled_from(["obliged", "forbidden", "permitted"]), st.sampled_from([1.0, 0.7, 0.4, 0.5, 0.33]), VERBS,
    st.sampled_from(["", "assistant", "night nurse"]), CLAUSES, CLAUSES, st.sampled_from(["", "root"]), st.booleans(),
)  # fmt: skip
def test_every_norm_can_be_said(deontic, strength, action, agent, condition, exception, authority, exempt) -> None:
    action = f"not {action}" if exempt and deontic == "permitted" else action
    norm = Norm(deontic, strength, action, agent, tuple(sorted({*condition})), tuple(sorted({*exception})), authority)
    assert parse(say(norm)) == norm, say(norm)
