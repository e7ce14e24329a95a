"""An author's later edits, taken in beside what annotators answered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.errors import SeedError
from activeseed.files import load_seed, sync, write_seed
from activeseed.files.carrying import EARLIER
from activeseed.files.matching import similarity
from activeseed.files.sync import OFFERED
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Pair, Seed, Text, Variant, Vector, made_id, spread_belief

SENTENCES = [
    "I say when I am not sure of something.",
    "I ask before I delete a file that can't be restored.",
    "When I got a number wrong I correct it at once.",
    "Nobody's address leaves this conversation.",
    "A recipe needs its quantities, so I give them.",
    "The choice of doctor is yours to make.",
]


def made(*texts, **groups):
    return Seed(
        items=tuple(Item(id=made_id(Text(text=t)), payload=Text(text=t), group=groups.get("group", "")) for t in texts)
    )


def named(**texts):
    return Seed(items=tuple(Item(id=k, payload=Text(text=t)) for k, t in texts.items()))


def changed(item, **update):
    return Item.model_validate({name: getattr(item, name) for name in Item.model_fields} | update)


def text_of(variant):
    assert isinstance(variant.payload, Text)
    return variant.payload.text


def changes(result):
    return (*result.added, *result.removed, *result.edited, *result.moved, *result.conflicts)


def ids(seed):
    return [i.id for i in seed.items]


def test_an_edited_line_without_ids_keeps_its_id_and_its_history():
    base = made(*SENTENCES)
    edited = [*SENTENCES]
    edited[2] = "When I got a number wrong I say so and correct it at once."
    result = sync(base, base, made(*edited))
    assert result.edited == (base.items[2].id,)
    assert (result.added, result.removed, result.moved, result.conflicts) == ((), (), (), ())
    assert ids(result.seed) == ids(base)
    item = result.seed.items[2]
    assert item.payload == Text(text=edited[2])
    assert item.metadata[EARLIER] == [{"kind": "text", "text": SENTENCES[2]}]
    # The author reads the file again, unchanged: the id is now older than the text, and nothing happens.
    again = sync(result.seed, result.seed, made(*edited))
    assert again.seed == result.seed
    assert changes(again) == ()


def test_added_removed_and_moved_lines():
    base = made(*SENTENCES)
    order = [SENTENCES[5], *SENTENCES[:3], "Something that was not there, about the weather.", SENTENCES[4]]
    result = sync(base, base, made(*order))
    assert [text_of(i) for i in result.seed.items] == order
    assert result.added == (made_id(Text(text=order[4])),)
    assert result.removed == (base.items[3].id,)
    assert result.moved == (base.items[5].id,)
    assert result.edited == ()


def test_a_line_that_was_edited_and_moved_far_is_found_when_little_changed():
    base = made(*[f"Rule number {n} speaks of subject {n * n} and of nothing else at all." for n in range(40)])
    texts = [text_of(i) for i in base.items]
    moved = [texts[39].replace("nothing else", "little else"), *texts[:39]]
    result = sync(base, base, made(*moved))
    assert result.seed.items[0].id == base.items[39].id
    assert result.edited == (base.items[39].id,)
    assert result.moved == (base.items[39].id,)


def test_an_explicit_new_id_is_a_new_item_however_similar():
    base = named(a="I say when I'm unsure.", b="I ask before deleting.", c="Numbers come with units.")
    theirs = named(a="I say when I'm unsure.", b="I ask before deleting.", d="Numbers come with their units.")
    result = sync(base, base, theirs)
    assert (result.added, result.removed) == (("d",), ("c",))


def test_exchanged_ids_are_two_edits():
    base = named(a="one thing", b="another matter", c="third")
    result = sync(base, base, named(a="another matter", b="one thing", c="third"))
    # Content that stays under another id is a renamed item only where its own id is free.
    assert ids(result.seed) == ["a", "b", "c"]
    assert [text_of(i) for i in result.seed.items] == ["another matter", "one thing", "third"]
    assert result.edited == ("a", "b")


def test_an_edit_of_an_answered_item_is_a_conflict_and_both_texts_stay():
    base = named(a="keep me", b="wrong as it is", c="third")
    answer = Variant(id="edit-1", payload=Text(text="right after an annotator's edit"))
    items = [base.items[0], Item(id="b", payload=base.items[1].payload, alternatives=(answer,)), base.items[2]]
    mine = Seed(items=tuple(items), standing={"b": "edit-1"})
    result = sync(base, mine, named(a="keep me", b="what the author thinks now", c="third"))
    (conflict,) = result.conflicts
    assert (conflict.item, conflict.kind) == ("b", "edited")
    assert result.edited == ()
    assert (conflict.answered, conflict.author) == ("right after an annotator's edit", "what the author thinks now")
    b = result.seed["b"]
    assert result.seed.standing == {"b": "edit-1"}
    assert b.payload == base["b"].payload
    assert conflict.variant.startswith(OFFERED)
    assert b.variants[b.index_of(conflict.variant)].payload == Text(text="what the author thinks now")
    # Asked once: the same file again adds nothing.
    again = sync(result.seed, result.seed, named(a="keep me", b="what the author thinks now", c="third"))
    assert again.seed == result.seed
    assert again.conflicts == ()


def test_the_author_adopting_the_answer_is_agreement():
    base = named(a="keep me", b="wrong", c="third")
    answer = Variant(id="edit-1", payload=Text(text="right"))
    mine = Seed(
        items=(base.items[0], Item(id="b", payload=Text(text="wrong"), alternatives=(answer,)), base.items[2]),
        standing={"b": "edit-1"},
    )
    result = sync(base, mine, named(a="keep me", b="right", c="third"))
    assert result.conflicts == ()
    assert result.seed == mine


@pytest.mark.parametrize(("standing", "conflicts"), [(ABSENT, 0), ("wording-1", 1)])
def test_a_removed_item_that_was_answered_stays(standing, conflicts):
    wording = Variant(id="wording-1", payload=Text(text="another way to say b"))
    b = Item(id="b", payload=Text(text="b as written"), alternatives=(wording,))
    base = Seed(items=(*named(a="a", c="c").items, b))
    mine = base.stand(b=standing)
    result = sync(base, mine, named(a="a", c="c"))
    assert result.seed == mine
    assert result.removed == ()
    assert [c.kind for c in result.conflicts] == ["removed"] * conflicts


def test_keep_leaves_no_trace_in_the_seed_so_the_study_says_what_was_answered():
    base = named(a="one", b="two", c="three")
    theirs = named(a="one, edited", c="three")
    result = sync(base, base, theirs, answered={"a", "b"})
    assert [(c.item, c.kind) for c in result.conflicts] == [("a", "edited"), ("b", "removed")]
    assert ids(result.seed) == ["a", "b", "c"]
    assert text_of(result.seed["a"]) == "one"
    assert text_of(sync(base, base, theirs).seed["a"]) == "one, edited"


def test_items_that_annotators_wrote_survive():
    base = named(a="one", b="two", c="three")
    written = Item(id="more-1", payload=Text(text="an example that an annotator wrote"))
    mine = Seed(items=(base.items[0], written, *base.items[1:]))
    result = sync(base, mine, named(a="one", b="two changed", c="three"))
    assert ids(result.seed) == ["a", "more-1", "b", "c"]
    assert (result.edited, result.conflicts, result.moved) == (("b",), (), ())


def test_wordings_are_matched_by_content_and_beliefs_follow_them():
    def item(wordings, belief):
        out = Item(
            id="a",
            payload=Text(text="text"),
            alternatives=tuple(Variant(id=f"wording-{n}", payload=Text(text=w)) for n, w in enumerate(wordings, 1)),
        )
        return changed(out, belief=belief)

    other = Item(id="b", payload=Text(text="other"))
    base = Seed(items=(item(["first", "second"], {AS_WRITTEN: 0.5, "wording-1": 0.2, "wording-2": 0.3}), other))
    mine = base.stand(a="wording-2")
    # A wording is put before the others, and "second" gets a belief of its own.
    new = item(["zeroth", "first", "second"], {AS_WRITTEN: 0.5, "wording-1": 0.1, "wording-2": 0.0, "wording-3": 0.4})
    result = sync(base, mine, Seed(items=(new, other)))
    a = result.seed["a"]
    assert {v.id: text_of(v) for v in a.alternatives} == {
        "wording-1": "first",
        "wording-2": "second",
        "wording-3": "zeroth",
    }
    assert a.belief == {AS_WRITTEN: 0.5, "wording-3": 0.1, "wording-1": 0.0, "wording-2": 0.4}
    assert result.seed.standing == {"a": "wording-2"}
    # Taking away the wording that stands is a conflict; taking away another one is an edit.
    gone = sync(base, mine, Seed(items=(item(["first"], {AS_WRITTEN: 0.8, "wording-1": 0.2}), other)))
    assert [c.kind for c in gone.conflicts] == ["wording removed"]
    assert gone.seed.standing == {"a": "wording-2"}
    less = sync(base, mine, Seed(items=(item(["second"], {AS_WRITTEN: 0.7, "wording-1": 0.3}), other)))
    assert [v.id for v in less.seed["a"].alternatives] == ["wording-2"]
    assert less.seed["a"].belief == {AS_WRITTEN: 0.7, "wording-2": 0.3}


def test_groups_beliefs_and_metadata_are_taken_in_beside_an_answer():
    a = Item(id="a", payload=Text(text="a"), group="x", metadata={"by": "me", "note": "old"})
    b = Item(id="b", payload=Text(text="b"))
    base = Seed(items=(a, b))
    mine = base.stand(a=ABSENT)
    new = Item(id="a", payload=Text(text="a"), group="y", metadata={"by": "me", "source": "page 3"})
    new = changed(new, belief=spread_belief(new, 0.6))
    result = sync(base, mine, Seed(items=(new, b)))
    assert result.conflicts == ()
    assert result.edited == ("a",)
    got = result.seed["a"]
    assert (got.group, got.metadata, got.belief) == ("y", {"by": "me", "source": "page 3"}, new.belief)
    assert result.seed.standing == {"a": ABSENT}


def test_an_edited_pair_gets_a_new_flip():
    def pair(chosen):
        p = Pair(prompt="How long do eggs boil?", chosen=chosen, rejected="Until they explode.")
        return Item(id="p", payload=p, alternatives=(Variant(id="flipped", payload=p.flipped()),))

    other = Item(id="q", payload=Pair(chosen="yes", rejected="no"))
    base = Seed(items=(pair("Eight minutes."), other))
    result = sync(base, base, Seed(items=(pair("About eight minutes."), other)))
    p = result.seed["p"]
    assert p.payload == Pair(
        prompt="How long do eggs boil?", chosen="About eight minutes.", rejected="Until they explode."
    )
    assert p.alternatives == (Variant(id="flipped", payload=p.payload.flipped()),)


def test_another_kind_of_file_and_one_that_empties_the_seed_are_refused():
    base = named(a="one", b="two")
    vectors = Seed(items=tuple(Item(id=k, payload=Vector(values=(1.0,))) for k in "ab"))
    with pytest.raises(SeedError, match=r"kind 'vector'.*holds 'text'"):
        sync(base, base, vectors)


def test_similarity_knows_its_ends():
    assert similarity(Text(text="a b c"), Text(text="A  b c")) == 1.0
    assert similarity(Text(text="a b c"), Text(text="x y z")) == 0.0
    assert similarity(Text(text="a"), Vector(values=(1.0,))) == 0.0
    assert similarity(Vector(values=(1.0, 0.0)), Vector(values=(1.0, 0.0))) == 1.0
    assert similarity(Vector(values=(1.0, 0.0)), Vector(values=(-1.0, 0.0))) == 0.0


# --- properties -------------------------------------------------------------------------------------------------

words = st.sampled_from(
    ["ask", "tell", "check", "doubt", "number", "file", "house", "river", "early", "late", "clear", "small"]
)
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)


@st.composite
def seeds(draw, ids_given=None):
    given_ids = draw(st.booleans()) if ids_given is None else ids_given
    contents = draw(st.lists(texts, min_size=2, max_size=5, unique=True))
    items = []
    for n, text in enumerate(contents):
        wordings = draw(st.lists(texts, max_size=2, unique=True))
        alternatives = tuple(
            Variant(id=f"wording-{k}", payload=Text(text=w))
            for k, w in enumerate([w for w in wordings if w != text], 1)
        )
        name = f"item-{n}" if given_ids else made_id(Text(text=text))
        item = Item(
            id=name, payload=Text(text=text), alternatives=alternatives, group=draw(st.sampled_from(["", "g", "h"]))
        )
        if draw(st.booleans()):
            item = changed(item, belief=spread_belief(item, draw(st.sampled_from([0.5, 0.75, 1.0]))))
        items.append(item)
    return Seed(items=tuple(items))


@st.composite
def answered(draw, base):
    """The base after some answers: other variants stand, edits are added, annotators wrote an item."""
    items, standing = [], {}
    for n, item in enumerate(base.items):
        what = draw(st.sampled_from(["nothing", "nothing", "reject", "wording", "edit"]))
        if what == "reject":
            standing[item.id] = ABSENT
        elif what == "wording" and item.alternatives:
            standing[item.id] = item.alternatives[-1].id
        elif what == "edit":
            edit = Variant(id="edit-1", payload=Text(text=f"an annotator's text {n}"))
            item = changed(item, alternatives=(*item.alternatives, edit))
            standing[item.id] = "edit-1"
        items.append(item)
    if draw(st.booleans()):
        origin = {"answer": "a1", "annotator": "ann", "line": 0}
        items.append(Item(id="written", payload=Text(text="an annotator's example"), metadata=origin))
    return Seed(items=tuple(items), standing=dict(sorted(standing.items())))


@st.composite
def situations(draw):
    base = draw(seeds())
    return base, draw(answered(base)), draw(seeds())


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_an_unchanged_file_changes_nothing(data):
    base = data.draw(seeds())
    mine = data.draw(answered(base))
    result = sync(base, mine, base)
    assert result.seed == mine
    assert changes(result) == ()


@given(situations())
@settings(max_examples=40, deadline=None)
def test_nothing_that_was_answered_is_lost(situation):
    base, mine, theirs = situation
    result = sync(base, mine, theirs)
    before = {i.id: i for i in base.items}
    after = {i.id for i in result.seed.items}
    assert len(after) == len(result.seed.items)
    for item in mine.items:
        if item.id not in before:
            assert item.id in after
        if item.id in mine.standing:
            standing = mine.standing[item.id]
            assert result.seed.standing[item.id] == standing
            kept = result.seed[item.id]
            assert kept.variants[kept.index_of(standing)] == item.variants[item.index_of(standing)]
            assert kept.payload == item.payload
    # And whatever the author newly wrote is somewhere: as written, or offered beside an answer.
    texts = {v.payload for i in result.seed.items for v in i.variants if v.payload is not None}
    assert {i.payload for i in theirs.items} <= texts
    for item in result.seed.items:
        if item.belief is not None:
            assert sum(item.belief.values()) == pytest.approx(1.0)
            assert set(item.belief) <= {v.id for v in item.variants}
        assert len({v.id for v in item.variants}) == len(item.variants)


@given(situations())
@settings(max_examples=40, deadline=None)
def test_the_same_file_again_changes_nothing(situation):
    base, mine, theirs = situation
    first = sync(base, mine, theirs)
    second = sync(first.seed, first.seed, theirs)
    assert second.seed == first.seed
    assert (second.added, second.removed, second.edited) == ((), (), ())


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_disjoint_edits_commute(data):
    base = data.draw(seeds(ids_given=True))
    mine = data.draw(answered(base))
    split = data.draw(st.lists(st.booleans(), min_size=len(base), max_size=len(base)))

    def edit(part, seed):
        items = []
        for n, item in enumerate(seed.items):
            if split[n] == part:
                item = changed(item, payload=Text(text=f"rewritten {n} by hand"), group="new")
            items.append(item)
        return Seed(items=tuple(items))

    one, other, both = edit(True, base), edit(False, base), edit(True, edit(False, base))
    together = sync(base, mine, both)
    for first, second in ((one, other), (other, one)):
        middle = sync(base, mine, first)
        # The second author began with the same base; both files are merged against it.
        last = sync(base, middle.seed, second)
        assert {c.item for c in middle.conflicts} | {c.item for c in last.conflicts} == {
            c.item for c in together.conflicts
        }
        assert last.seed.standing == together.seed.standing
        assert {i.id: i.payload for i in last.seed.items} == {i.id: i.payload for i in together.seed.items}


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_of_lines_decides_only_the_order(data):
    base = data.draw(seeds(ids_given=True))
    mine = data.draw(answered(base))
    theirs = data.draw(seeds(ids_given=True))
    shuffled = Seed(items=tuple(data.draw(st.permutations(theirs.items))))
    a, b = sync(base, mine, theirs), sync(base, mine, shuffled)
    assert {i.id: i for i in a.seed.items} == {i.id: i for i in b.seed.items}
    assert {c.item for c in a.conflicts} == {c.item for c in b.conflicts}
    assert (set(a.added), set(a.removed), set(a.edited)) == (set(b.added), set(b.removed), set(b.edited))


def test_a_file_on_disk_written_edited_and_read_again(tmp_path):
    file = tmp_path / "positives.csv"
    file.write_text("text,belief\n" + "".join(f'"{s}",0.8\n' for s in SENTENCES))
    base = load_seed(file).seed
    mine = base.stand(**{base.items[3].id: ABSENT})
    lines = file.read_text().replace("quantities, so", "quantities and times, so").splitlines()
    del lines[1]
    file.write_text("\n".join([*lines, '"A line that is new here.",0.5']))
    result = sync(base, mine, load_seed(file).seed)
    assert result.removed == (base.items[0].id,)
    assert result.edited == (base.items[4].id,)
    assert len(result.added) == 1
    assert result.seed.standing == {base.items[3].id: ABSENT}
    write_seed(result.seed, tmp_path / "out.jsonl")
    assert load_seed(tmp_path / "out.jsonl").seed == result.seed


def test_an_id_that_a_spreadsheet_took_for_a_number_is_still_that_items():
    names = ["007", "1e5", "607641e810", "12345678901234", "x"]
    base = Seed(items=tuple(Item(id=n, payload=Text(text=f"Text of {n}."), group="g") for n in names))
    saved = ["7", "1.00E+05", "6.07641E+815", "1.23457E+13", "x"]
    theirs = Seed(items=tuple(Item(id=n, payload=Text(text=f"Quite another {n}!"), group="g") for n in saved))
    result = sync(base, base, theirs)
    assert (result.added, result.removed, result.edited) == ((), (), tuple(names))
    # a number that two ids are stays nobody's: better a removal and an addition than the wrong item's answers
    twice = Seed(items=tuple(Item(id=n, payload=Text(text=f"Text {n}.")) for n in ("01", "001", "x")))
    one = Seed(items=(Item(id="1", payload=Text(text="Something else.")), twice.items[2]))
    assert sync(twice, twice, one).added == ("1",)


def test_a_file_without_any_belief_says_nothing_about_beliefs():
    texts = [Text(text=s) for s in SENTENCES]
    items = [Item(id=f"n{n}", payload=t, belief={AS_WRITTEN: 0.75, ABSENT: 0.25}) for n, t in enumerate(texts)]
    base = Seed(items=tuple(items))
    exported = [changed(item, belief=None) for item in items]
    assert changes(sync(base, base, Seed(items=tuple(exported)))) == changes(sync(base, base, base))
    exported[1] = changed(exported[1], payload=Text(text="Quite another text."))
    result = sync(base, base, Seed(items=tuple(exported)))
    assert result.edited == ("n1",)
    assert all(i.belief == items[0].belief for i in result.seed.items)
