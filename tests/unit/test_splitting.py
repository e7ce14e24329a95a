"""Paragraphs that their author split or joined keep their answers where all of them agree, and say so where not."""

import pytest

from activeseed.files import sync
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text, Variant, made_id

LONG = "The assistant says what it knows and where it does not know. It corrects an error at once, and in plain words."
FIRST, SECOND = LONG.split(". ")[0] + ".", LONG.split(". ")[1]
REST = ["Nobody's address leaves this conversation.", "A recipe needs its quantities, so they are given."]


def item(text, **more):
    payload = Text(text=text)
    return Item(id=made_id(payload), payload=payload, **more)


def seed(*texts, **standing):
    return Seed(items=tuple(item(t) for t in texts), standing=standing)


def ids(*texts):
    return [item(t).id for t in texts]


@pytest.mark.parametrize(("stands", "said"), [(AS_WRITTEN, "kept"), (ABSENT, "dropped")])
def test_a_split_paragraph_keeps_its_answer_in_every_part(stands, said):
    base = seed(LONG, *REST)
    (whole,) = ids(LONG)
    mine = base.stand(**{whole: stands})
    result = sync(base, mine, seed(FIRST, SECOND, *REST), answered=[whole])
    (second,) = ids(SECOND)
    assert [i.payload.text for i in result.seed.items] == [FIRST, SECOND, *REST]
    assert [i.id for i in result.seed.items][:2] == [whole, second]
    assert result.carried == {whole: stands, second: stands}
    assert (result.added, result.edited, result.removed, result.conflicts) == ((second,), (whole,), (), ())
    assert {i: result.seed.standing.get(i, AS_WRITTEN) for i in (whole, second)} == {whole: stands, second: stands}
    beliefs = [dict(i.belief or {}) for i in result.seed.items[:2]]
    assert [b[stands] for b in beliefs] == pytest.approx([0.9, 0.9])  # a stranger's accuracy
    (note,) = result.notes
    assert said in note
    assert whole in note
    assert second in note
    # The same file again changes nothing.
    again = sync(result.seed, result.seed, seed(FIRST, SECOND, *REST), answered=[])
    assert again.seed == result.seed
    assert not again.notes


def test_a_split_in_three_with_a_word_changed():
    base = seed(*REST, f"{LONG} It asks back where a request is not clear to it.")
    whole = base.items[2].id
    parts = [FIRST, SECOND.replace("plain", "simple"), "It asks back where a request is not clear to it."]
    result = sync(base, base, seed(REST[1], *parts, REST[0]), answered=[whole])
    assert len(result.carried) == 3
    assert result.seed.items[1].id == whole


def test_a_split_of_what_was_edited_is_asked_anew_unless_the_author_adopted_the_edit():
    base = seed(LONG, *REST)
    (whole,) = ids(LONG)
    better = LONG.replace("at once", "as soon as it is seen")
    edit = Variant(id="edit-1", payload=Text(text=better), comes_from="edit")
    answered = base.items[0].model_copy(update={"alternatives": (edit,)})
    mine = Seed(items=(Item.model_validate(answered.model_dump()), *base.items[1:]), standing={whole: "edit-1"})
    result = sync(base, mine, seed(FIRST, SECOND, *REST), answered=[whole])
    (note,) = result.notes
    assert "another wording of the whole" in note
    assert not result.carried
    assert result.seed.standing == {whole: "edit-1"}
    adopted = sync(base, mine, seed(FIRST, better.split(". ")[1], *REST), answered=[whole])
    assert adopted.carried == {i.id: AS_WRITTEN for i in adopted.seed.items[:2]}
    assert not adopted.seed.standing


def test_a_split_of_what_nobody_answered_needs_no_word():
    base = seed(LONG, *REST)
    result = sync(base, base, seed(FIRST, SECOND, *REST))
    assert (result.notes, result.conflicts, result.carried) == ((), (), {})
    assert [i.payload.text for i in result.seed.items] == [FIRST, SECOND, *REST]


@pytest.mark.parametrize("stands", [AS_WRITTEN, ABSENT])
def test_joined_paragraphs_keep_an_answer_that_both_have(stands):
    base = seed(FIRST, SECOND, *REST)
    first, second = ids(FIRST, SECOND)
    mine = base.stand(**{first: stands, second: stands})
    result = sync(base, mine, seed(LONG, *REST), answered=[first, second])
    assert [i.payload.text for i in result.seed.items] == [LONG, *REST]
    assert result.seed.items[0].id == first
    assert result.carried == {first: stands}
    assert (result.removed, result.conflicts, len(result.notes)) == ((), (), 1)
    assert result.seed.standing.get(first, AS_WRITTEN) == stands


@pytest.mark.parametrize(("standing", "answered"), [({0: ABSENT}, (0, 1)), ({}, (0,)), ({1: ABSENT}, (1,))])
def test_joined_paragraphs_whose_answers_differ_are_asked_anew(standing, answered):
    base = seed(FIRST, SECOND, *REST)
    names = ids(FIRST, SECOND)
    mine = base.stand(**{names[n]: v for n, v in standing.items()})
    result = sync(base, mine, seed(LONG, *REST), answered=[names[n] for n in answered])
    joined = result.seed.items[0]
    assert joined.payload.text == LONG
    assert joined.id not in names
    assert not result.carried
    assert not result.conflicts
    assert not result.seed.standing
    (note,) = result.notes
    assert all(name in note for name in (*names, joined.id))
    assert "asked anew" in note


def test_what_merely_looks_alike_is_neither():
    base = seed(LONG, *REST)
    (whole,) = ids(LONG)
    # Half of it is gone, and something else came: that is an edit, and a conflict with the answer, as ever.
    result = sync(base, base, seed(FIRST, "It may rest on Sundays, and sing.", *REST), answered=[whole])
    assert not result.notes
    assert [c.item for c in result.conflicts] == [whole]
