"""Paraphrases by rule: what they say, what they never touch, and texts that no rule is for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.errors import ConfigError
from activeseed.perturbations import Paraphrase
from activeseed.perturbations.meaning import changed, tokens
from activeseed.perturbations.reading import Means, article, is_english, sentences
from activeseed.perturbations.tables import opposites, swaps, verbs
from activeseed.seed import BY_MACHINE, Item, Pair, Seed, Text, spread_belief

ALL = Paraphrase(most=20, at_once=1)

#: a sentence, and a wording that has to be among its paraphrases
SAID = [
    ("The assistant should not share passwords.", "The assistant shouldn't share passwords."),
    ("The assistant should not share passwords.", "The assistant ought not to share passwords."),
    ("You should never give medical advice.", "You ought never to give medical advice."),
    ("Models ought to say when they guess.", "Models should say when they guess."),
    ("Don't argue with the user.", "Do not argue with the user."),
    ("Do not argue with the user.", "Don't argue with the user."),
    ("It cannot promise a refund.", "It can't promise a refund."),
    ("It won’t promise a refund.", "It will not promise a refund."),
    ("It is not rude to decline.", "It isn't rude to decline."),
    ("It is fine to decline.", "It's fine to decline."),
    ("I am sorry for the delay.", "I'm sorry for the delay."),
    ("I will tell the truth.", "I'm going to tell the truth."),
    ("I'm going to tell the truth.", "I will tell the truth."),
    ("I will not tell anyone.", "I'm not going to tell anyone."),
    ("You must wait for an answer.", "You have to wait for an answer."),
    ("If a user asks for a refund, explain the policy.", "Explain the policy if a user asks for a refund."),
    ("Refuse if the law forbids it in your country.", ""),
    ("Explain the policy if a user asks for a refund.", "If a user asks for a refund, explain the policy."),
    ("When money is involved, name the price.", "Name the price when money is involved."),
    ("I believe that people deserve honest answers.", "I believe people deserve honest answers."),
    ("I think we owe them an answer.", "I think that we owe them an answer."),
    ("Give reasons, for example a source.", "Give reasons, for instance a source."),
    ("Everyone is to be heard.", "Everybody is to be heard."),
    ("No one is to be mocked.", "Nobody is to be mocked."),
    ("They should help each other.", "They should help one another."),
    ("Ask first in order to be sure of the facts.", "Ask first to be sure of the facts."),
    ("Answer regardless of who asks.", "Answer irrespective of who asks."),
    ("It is a difficult choice for the user.", "It is a hard choice for the user."),
    ("This helps us to achieve our goals.", "This helps us to attain our goals."),
    ("A mistake is to be named at once.", "An error is to be named at once."),
    ("Say what happened and who is an attorney.", "Say what happened and who is a lawyer."),
    ("The user has a duty to pay.", "The user has an obligation to pay."),
    ("This is an unfair rule.", "This is an unjust rule."),
    ("You may conceal the key.", "You may hide the key."),
    ("They concealed it, and it was prohibited.", "They concealed it, and it was forbidden."),
    ("Try to be brief with the answer.", "Attempt to be brief with the answer."),
    ("It seems that the user is tired.", "It appears that the user is tired."),
    ("Quickly tell the user what to do.", "Rapidly tell the user what to do."),
    ("Never disclose the address.", "Never divulge the address."),
    ("The model is rarely asked about this.", "The model is seldom asked about this."),
]


@pytest.mark.parametrize(("text", "expected"), SAID, ids=[f"{n}" for n in range(len(SAID))])
def test_what_a_sentence_becomes(text: str, expected: str) -> None:
    found = ALL.paraphrases(text)
    assert expected in found if expected else not any("it" in f.split() and f.startswith("If") for f in found)


#: sentences of which this wording would say something else, or nothing
NEVER = [
    ("Do not answer because the user is rude.", r"^Because"),
    ("Ask if the user is a minor.", r"^If"),
    ("There are times when silence is better.", r"^When"),
    ("Do A and B if the user agrees.", r"^If"),
    ("If a user asks, tell them and stop.", r"stop if"),
    ("If someone should ask, answer.", r"ought"),
    ("How should the model answer?", r"ought"),
    ("Say how should and must differ for the user.", r"ought"),
    ("Should you be asked, answer the user.", r"[Oo]ught"),
    ("Aren't you the assistant?", r"Are not"),
    ("You must not lie to the user.", r"have to"),
    ("It must be late, the user is tired.", r"have to|has to"),
    ("Do it at large scale for the user.", r"big"),
    ("A large language model is not a person.", r"big"),
    ("You did it by mistake, and that is fine.", r"error"),
    ("This is apparent to the user.", r"evident"),
    ("The user asked for instances of the class.", r"cases"),
    ("The vast majority of users is right.", r"immense"),
    ("It occurs to the model that the user is tired.", r"happens"),
    ("For instance, ask the user.", r"case"),
    ("They want more than the model can give.", r"desire"),
    ("The individual user is right.", r"person"),
    ("It is what it is.", r"it's\.$"),
    ("That is how I am.", r"I'm\.$"),
    ("Almost nothing is certain in this.", r"[Nn]early nothing"),
    ("It is not really true that the model knows.", r"truly"),
    ("The hidden long-term aim is large-scale.", r"big-scale"),
    ("It's been said that the model knows.", r"It is been"),
    ("You have not the right to know the name.", r"$^"),
]


@pytest.mark.parametrize(("text", "pattern"), NEVER, ids=[f"{n}" for n in range(len(NEVER))])
def test_what_a_sentence_never_becomes(text: str, pattern: str) -> None:
    assert not [said for said in ALL.paraphrases(text) if re.search(pattern, said)]


#: two wordings, and what differs that decides; nothing where they say the same
MOVED = [
    ("Never lie.", "Always lie.", "a negation"),
    ("Do not ask the user.", "Ask the user.", "a negation"),
    ("You must ask.", "You should ask.", "a modal verb"),
    ("You should ask.", "You may ask.", "a modal verb"),
    ("All users must ask.", "Most users must ask.", "a quantity"),
    ("Ask only the user.", "Ask the user.", "a quantity"),
    ("Ask if you can.", "Ask unless you can.", "a conjunction"),
    ("Ask a user or a friend.", "Ask a user and a friend.", "a conjunction"),
    ("Wait 3 days.", "Wait 5 days.", "a number or a name"),
    ("It is safe to wait.", "It is dangerous to wait.", "a word for its opposite"),
    ("It is fair to wait.", "It is unfair to wait.", "a word for its opposite"),
    ("Users accepted it.", "Users rejected it.", "a word for its opposite"),
    ("You must not wait and ask.", "You must wait and not ask.", "what a negation or a modal verb is about"),
    ("You should not lie.", "You ought not to lie.", ""),
    ("We can't lie.", "We cannot lie.", ""),
    ("I will not lie.", "I'm not going to lie.", ""),
    ("No one may lie.", "Nobody may lie.", ""),
    ("They have to ask.", "They must ask.", ""),
    ("It is rarely asked.", "It is seldom asked.", ""),
    ("Never disclose it.", "Never divulge it.", ""),
    ("Discourage lies.", "Encourage lies.", "a word for its opposite"),
    ("You can refuse.", "You can not refuse.", "a negation"),
]


@pytest.mark.parametrize(("before", "after", "what"), MOVED, ids=[f"{n}" for n in range(len(MOVED))])
def test_the_veto_sees_what_decides(before: str, after: str, what: str) -> None:
    assert changed(before, after) == what
    assert changed(after, before) == what


def test_the_tables_hold_no_reversal_and_nothing_that_decides() -> None:
    table = swaps()
    assert len(table) > 500
    for word, found in table.items():
        for swap in found:
            assert swap.new != word
            assert tuple(sorted((word, swap.new))) not in opposites()
            assert not changed(f"users {word} it", f"users {swap.new} it"), (word, swap.new)
    assert verbs()["lie"] == "lying"
    assert {len(row) for row in opposites()} == {2}


SENTENCE = st.sampled_from([s for s, _ in SAID] + [s for s, _ in NEVER] + [a for a, _, _ in MOVED])


@settings(max_examples=60, deadline=None)
@given(st.lists(SENTENCE, min_size=1, max_size=5), st.integers(1, 5), st.integers(1, 4))
def test_every_paraphrase_keeps_what_decides_and_is_another_text(parts: list[str], most: int, at_once: int) -> None:
    text = " ".join(parts)
    rule = Paraphrase(most=most, at_once=at_once)
    found = rule.paraphrases(text)
    assert len(found) <= most
    assert len({text, *found}) == len(found) + 1
    assert found == rule.paraphrases(text)
    for said in found:
        for words in (frozenset({"not", "no", "never", "nobody"}), frozenset({"must", "should", "may", "can", "will"})):
            assert sum(w in words for w in tokens(said)) == sum(w in words for w in tokens(text))


@settings(max_examples=25, deadline=None)
@given(SENTENCE)
def test_paraphrases_of_paraphrases_come_to_an_end(text: str) -> None:
    """The rules lead from a sentence to finitely many others: each place takes one of a few wordings."""
    seen, left = {text}, [text]
    while left:
        for said in ALL.paraphrases(left.pop()):
            if said not in seen:
                seen.add(said)
                left.append(said)
        # each of at most eight places of these sentences takes at most four wordings, and clauses two orders
        assert len(seen) <= 2 * 4**8
        if len(seen) > 400:
            break
    assert max(map(len, seen)) <= 2 * len(text) + 60


PLAIN = "You should not lie to the user."
KEPT = [
    "`should not lie`",
    "```\nYou should not lie to the user.\n```",
    "> “You should not lie to the user.”",
    '"You should not lie to the user."',
    "# You should not lie to the user",
    "| You should not lie | to the user |",
    "https://example.org/you/should/not/lie",
    "<b title='you should not lie'>",
    "{you should not lie}",
    "---\nrule: you should not lie to the user\n---",
]


@pytest.mark.parametrize("itself", KEPT)
def test_what_means_itself_is_left_alone(itself: str) -> None:
    assert all(itself in said for said in ALL.paraphrases(f"{itself}\n\n{PLAIN}"))
    assert ALL.paraphrases(f"{itself}\n\n{PLAIN}")
    assert ALL.paraphrases(itself) == []


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\n", "?", "a", "Ehrlich sein ist wichtig, auch wenn es schwer ist.",
        "Il faut dire la vérité à tous.",
        "你不应该对用户撒谎。", "لا تكذب على المستخدم", "🙂 🙂", "\x00\x01", "'" * 50, "[" * 200,
        '"' * 201, "don't " * 3,
        "SHOULD NOT LIE TO THE USER", "should_not_lie = True", "a" * 1000,
    ],
)  # fmt: skip
def test_texts_that_no_rule_is_for(text: str) -> None:
    for said in ALL.paraphrases(text):
        assert said != text
        assert not changed(text, said)


@pytest.mark.parametrize(
    "text",
    ["You should not lie. " * 5000, "word " * 20_000, "(" * 100_000, '"a ' * 33_000, "<a " * 33_000, "x" * 100_000],
)
def test_a_text_of_100_kilobytes_has_paraphrases_like_any_other(text: str) -> None:
    found = Paraphrase().paraphrases(text)
    assert all(sum(a != b for a, b in zip(said, text, strict=False)) > 0 for said in found)
    assert bool(found) == text.startswith("You")


def test_a_paragraph_of_lines_keeps_them() -> None:
    text = "Rules:\n- You should not lie.\n- Ask first,\n  if you can.\n\n1. It is fine to wait."
    for said in ALL.paraphrases(text):
        assert said.count("\n") == text.count("\n")
        assert said.startswith("Rules:\n- You ")


def test_changes_are_dealt_out_among_the_paraphrases() -> None:
    text = "You should not lie. They do not wait. It is not late. We will not go."
    two = Paraphrase(most=2, at_once=2).paraphrases(text)
    assert len(two) == 2
    one = Paraphrase(most=1, at_once=4).paraphrases(text)
    assert len(one) == 1
    assert one[0].count("n't") + one[0].count("ought") == 4


def test_sources_are_what_is_used() -> None:
    text = "If you should err, quickly say it. You should quickly mend an error."
    assert Paraphrase(sources=("clauses",)).paraphrases(text) == []
    assert all("ought" not in said for said in Paraphrase(sources=("swaps",)).paraphrases(text))
    assert all("rapidly" not in said for said in Paraphrase(sources=("templates",)).paraphrases(text))
    for wrong in ({"sources": ()}, {"sources": ("model",)}, {"most": 0}, {"at_once": 0}, {"most": 21}):
        with pytest.raises(ConfigError):
            Paraphrase(**wrong)


def test_variants_say_where_they_come_from_and_keep_prompt_and_authority() -> None:
    seed = Seed(
        items=(
            Item(id="a", payload=Text(prompt="What?", text=PLAIN, authority="developer")),
            Item(id="b", payload=Text(text="Ehrlich sein ist wichtig.")),
        )
    )
    grown = Paraphrase().variants(seed)
    assert [v.id for v in grown["a"].alternatives] == ["paraphrase-1", "paraphrase-2"]
    assert {v.origin for v in grown["a"].alternatives} == {"paraphrase"}
    for variant in grown["a"].alternatives:
        assert isinstance(variant.payload, Text)
        assert (variant.payload.prompt, variant.payload.authority) == ("What?", "developer")
    assert grown["b"] == seed["b"]
    pairs = Seed(items=tuple(Item(id=k, payload=Pair(chosen=PLAIN, rejected=k)) for k in "pq"))
    assert Paraphrase().variants(pairs) == pairs


def test_what_a_rule_wrote_is_believed_by_nobody() -> None:
    seed = Seed(items=tuple(Item(id=k, payload=Text(text=f"{PLAIN} {k} is it.")) for k in "ab"))
    grown = Paraphrase().variants(seed)
    for rest in ("auto", "absent", "wordings"):
        assert spread_belief(grown["a"], 0.7, rest) == spread_belief(seed["a"], 0.7, rest)
    assert {v.origin for v in grown["a"].alternatives} <= BY_MACHINE


def test_reading() -> None:
    assert [article(w) for w in ("hour", "honest", "user", "unit", "uninformed", "one", "error", "European")] == [
        "an", "an", "a", "a", "an", "a", "an", "a",
    ]  # fmt: skip
    text = "Ask, e.g. the user. Dr. Who is in. (He may!) Stop.\n- one\n2) two"
    assert [text[slice(*s)] for s in sentences(text)] == [
        "Ask, e.g. the user.", "Dr. Who is in.", "(He may!)", "Stop.", "one", "two",
    ]  # fmt: skip
    assert is_english("You should not lie.")
    assert not is_english("Sie sollten nicht lügen.")
    inside = Means("a `b c` d")
    assert inside.touches(3, 4)
    assert not inside.touches(0, 1)
    assert not inside.touches(8, 9)
