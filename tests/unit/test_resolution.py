"""Raw answers to what is settled."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.errors import AnswerError, PlanError
from activeseed.plan import Law
from activeseed.question import Answer, Question
from activeseed.resolution import Resolution, check_answer, resolve, shown, trust
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Seed, Text, Variant, with_flips

ITEMS = 8
SEED = Seed(
    items=tuple(
        Item(
            id=f"i{k}",
            payload=Text(text=f"text {k}"),
            alternatives=(Variant(id="v1", payload=Text(text=f"other {k}")),) if k == 1 else (),
        )
        for k in range(ITEMS)
    )
)
PRIOR = Law("author's", np.array([[0.5, 0.25, 0.25] if k == 1 else [0.75, 0.25, 0.0] for k in range(ITEMS)]))
PAIRS = with_flips(
    Seed(items=tuple(Item(id=f"p{k}", payload=Pair(chosen=f"a{k}", rejected=f"b{k}")) for k in range(3)))
)
PAIR_PRIOR = Law("author's", np.tile([0.8, 0.0, 0.2], (3, 1)))


def question(name: str, item: str = "i0", kind: Any = "review", **more: Any) -> Question:
    text = SEED[item].display if item.startswith("i") else PAIRS[item].display
    return Question(id=name, kind=kind, items=more.pop("items", (item,)), text=more.pop("text", text), **more)


def answer(to: str, verdict: Any, who: str = "one", n: str = "", **more: Any) -> Answer:
    return Answer(id=f"{to}:{who}{n}", question=to, annotator=who, verdict=verdict, **more)


def settle(questions: Sequence[Question], answers: Sequence[Answer], seed: Seed = SEED, **more: Any) -> Resolution:
    prior = more.pop("prior", PRIOR if seed is SEED else PAIR_PRIOR)
    return resolve(seed, prior, {q.id: q for q in questions}, answers, **more)


def test_nothing_answered_settles_nothing() -> None:
    r = settle([], [])
    assert r.seed.version == SEED.version
    assert np.all(r.likelihood == 1)
    assert np.allclose(r.posterior, PRIOR.probabilities)
    assert not r.standing
    assert not r.changes
    assert r.agreement.alpha is None


@pytest.mark.parametrize(
    ("verdict", "more", "stands"),
    [("keep", {}, AS_WRITTEN), ("reject", {}, ABSENT), ("choose", {"variant": "v1"}, "v1")],
)
def test_verdicts_on_texts(verdict: str, more: dict[str, str], stands: str) -> None:
    r = settle([question("q", "i1")], [answer("q", verdict, **more)])
    assert r.standing == {"i1": stands}
    assert r.seed["i1"].index_of(stands) == r.posterior[1].argmax() == r.seed.base[1]
    # a stranger is right nine times in ten, and errs evenly over the two other variants
    expected = np.full(3, 0.05)
    expected[r.seed.base[1]] = 0.9
    assert np.allclose(r.likelihood[1], expected)
    assert [(c.item, c.after, c.answer) for c in r.changes] == (
        [] if stands == AS_WRITTEN else [("i1", stands, "q:one")]
    )


@pytest.mark.parametrize(
    ("verdict", "stands"),
    [("keep", AS_WRITTEN), ("flip", FLIPPED), ("both", ABSENT), ("neither", ABSENT), ("reject", ABSENT)],
)
def test_verdicts_on_pairs(verdict: str, stands: str) -> None:
    r = settle([question("q", "p0", "judge_pair")], [answer("q", verdict)], PAIRS)
    assert r.standing == {"p0": stands}


def test_flipping_what_is_shown_flipped_brings_back_what_was_written() -> None:
    flipped = question("q", "p0", "judge_pair", text=PAIRS["p0"].variants[2].display)
    assert settle([flipped], [answer("q", "flip")], PAIRS).standing == {"p0": AS_WRITTEN}
    assert settle([flipped], [answer("q", "keep")], PAIRS).standing == {"p0": FLIPPED}


def test_a_pair_gains_the_flip_that_it_lacks() -> None:
    bare = Seed(items=tuple(Item(id=f"p{k}", payload=Pair(chosen=f"a{k}", rejected=f"b{k}")) for k in range(3)))
    r = settle([question("q", "p0", "judge_pair")], [answer("q", "flip")], bare, prior=PAIR_PRIOR)
    assert r.seed["p0"].variants[r.seed.base[0]].payload == Pair(chosen="b0", rejected="a0")


def test_keep_means_the_variant_shown() -> None:
    assert shown(question("q", "i1", text="other 1"), SEED["i1"]) == "v1"
    assert settle([question("q", "i1", text="other 1")], [answer("q", "keep")]).standing == {"i1": "v1"}


@pytest.mark.parametrize("verdict", ["skip", "depends"])
def test_skip_and_depends_settle_nothing(verdict: str) -> None:
    r = settle([question("q")], [answer("q", verdict)])
    assert not r.standing
    assert np.all(r.likelihood == 1)


def test_the_latest_answer_to_a_question_replaces_the_earlier_also_when_it_is_skip() -> None:
    q = [question("q")]
    assert settle(q, [answer("q", "reject"), answer("q", "keep", n="2")]).standing == {"i0": AS_WRITTEN}
    assert settle(q, [answer("q", "reject"), answer("q", "skip", n="2")]).standing == {}


def test_a_second_delivery_changes_nothing() -> None:
    q, a = [question("q")], answer("q", "reject")
    once, twice = settle(q, [a]), settle(q, [a, a])
    assert np.array_equal(once.likelihood, twice.likelihood)
    assert once.seed.version == twice.seed.version


def test_an_edit_adds_a_variant_that_stands_and_is_added_once() -> None:
    q = [question("q", "i2")]
    a = [answer("q", "edit", payload=Text(text="better"))]
    r = settle(q, a)
    assert r.standing == {"i2": "edit-1"}
    assert r.edits == {"i2": Text(text="better")}
    assert dict(r.seed.standing_payloads())["i2"] == Text(text="better")
    assert r.seed["i2"].payload == Text(text="text 2")
    grown = np.zeros((ITEMS, 3))
    grown[:, :] = PRIOR.probabilities
    again = resolve(r.seed, Law("", grown), {x.id: x for x in q}, a)
    assert again.seed.version == r.seed.version
    assert not again.changes
    # an edit is the text that it edits, mended: it shares that text's belief, and one answer makes it the likeliest
    assert r.prior[2, 2] == pytest.approx(r.prior[2, 0])
    assert r.posterior[2].argmax() == 2


def test_an_edit_to_the_text_as_it_is_keeps_it() -> None:
    r = settle([question("q")], [answer("q", "edit", payload=Text(text="text 0"))])
    assert r.standing == {"i0": AS_WRITTEN}
    assert r.seed.version == SEED.version


def test_majority_and_tie() -> None:
    q = [question("q")]
    two = [answer("q", "reject", "one"), answer("q", "keep", "two")]
    assert settle(q, two).standing == {"i0": AS_WRITTEN}
    three = [*two, answer("q", "reject", "three")]
    r = settle(q, three)
    assert r.standing == {"i0": ABSENT}
    assert r.changes[0].answer == "q:three"
    assert r.agreement.percent == pytest.approx(1 / 3)


def test_one_person_stands_by_most_of_their_readings_the_latest_where_they_are_divided() -> None:
    q = [question("q"), question("r", purpose="repeat", repeats="q"), question("s", purpose="repeat", repeats="q")]
    said = [answer("q", "keep"), answer("r", "reject")]
    assert settle(q, said).standing == {"i0": ABSENT}
    assert settle(q, [*said, answer("s", "keep")]).standing == {"i0": AS_WRITTEN}
    assert settle(q, [*said, answer("s", "reject")]).standing == {"i0": ABSENT}


def test_it_says_where_one_more_answer_could_change_what_stands() -> None:
    q = [question(name) for name in ("q", "r", "s", "t")]
    keeps = [answer(name, "keep") for name in ("q", "r", "s")]
    assert settle(q, keeps[:1]).open == ("i0",)
    assert settle(q, keeps[:2]).open == ()  # a third reading, whatever it says, leaves two against one
    assert settle(q, [*keeps[:2], answer("s", "reject")]).open == ("i0",)
    assert settle(q, [answer("q", "keep", final=True)]).open == ()
    assert settle(q, keeps).readings == {"i0": 3}


@pytest.mark.parametrize("people", [1, 2, 3, 4])
def test_what_is_open_is_what_one_further_answer_of_somebody_changes(people: int) -> None:
    names = [f"person {n}" for n in range(people)]
    q = [question("q"), question("r", purpose="repeat", repeats="q")]
    said = [answer("q", "reject", who) for who in names]
    now = settle(q, said)
    assert now.standing == {"i0": ABSENT}
    after = [settle(q, [*said, answer("r", "keep", who)]).standing["i0"] for who in names]
    assert bool(now.open) == (AS_WRITTEN in after) == (people < 3)


def test_contradicting_repeats_cancel() -> None:
    q = [question("q"), question("r", purpose="repeat", repeats="q")]
    r = settle(q, [answer("q", "keep"), answer("r", "reject")])
    assert r.standing == {"i0": ABSENT}
    assert r.posterior[0].argmax() == 0
    who = r.reliability["one"]
    assert (who.repeats_same, who.repeats_asked) == (0, 1)
    assert who.estimate < 0.9


def test_people_who_are_evenly_divided_are_named_until_somebody_resolves_it() -> None:
    q = [question("q"), question("again", kind="resolve")]
    divided = [answer("q", "keep", "one"), answer("q", "reject", "two")]
    assert settle(q, divided).tied == ("i0",)
    assert settle(q, [*divided, answer("again", "keep", "three")]).tied == ()
    assert settle(q, divided[:1]).tied == ()


def test_an_answer_to_resolve_replaces_what_was_said_before() -> None:
    q = [question("q"), question("again", kind="resolve")]
    r = settle(q, [answer("q", "reject"), answer("again", "keep")])
    assert r.standing == {"i0": AS_WRITTEN}
    alone = settle(q, [answer("again", "keep")])
    assert np.allclose(r.likelihood, alone.likelihood)


def test_what_resolve_replaced_still_measures_the_annotator() -> None:
    """Contradictions are what is asked again; if they were forgotten then, a coin would look consistent."""
    q, a = [], []
    for k in range(ITEMS):
        q += [question(f"q{k}", f"i{k}"), question(f"r{k}", f"i{k}", purpose="repeat", repeats=f"q{k}")]
        a += [answer(f"q{k}", "keep"), answer(f"r{k}", "reject")]
    before = settle(q, a).reliability["one"]
    q += [question(f"s{k}", f"i{k}", kind="resolve") for k in range(ITEMS)]
    a += [answer(f"s{k}", "keep") for k in range(ITEMS)]
    r = settle(q, a)
    assert r.standing == {f"i{k}": AS_WRITTEN for k in range(ITEMS)}
    assert r.reliability["one"].repeats_same == 0
    assert r.reliability["one"].estimate == pytest.approx(before.estimate)
    assert r.tied == ()
    assert trust(SEED, {x.id: x for x in q}, a).distrusted


def test_confidence_moderates() -> None:
    q = [question("q")]
    ratios = []
    for confidence in (0.0, 0.5, None):
        r = settle(q, [answer("q", "reject", confidence=confidence)])
        ratios.append(r.likelihood[0, 1] / r.likelihood[0, 0])
    assert ratios == pytest.approx([3.0, 9**0.75, 9.0])


def test_a_confirmed_list_changes_what_is_ticked_and_nothing_else() -> None:
    lines = ("i0", "i1", "i2")
    q = question("q", kind="confirm_list", items=lines, options={"i0": ABSENT, "i1": "v1", "i2": ABSENT})
    r = settle([q], [answer("q", "confirm", unticked=("i2",))])
    assert r.standing == {"i0": ABSENT, "i1": "v1", "i2": AS_WRITTEN}
    assert r.answered == lines


def test_a_line_of_a_list_is_believed_by_what_is_lost_of_right_answers_there() -> None:
    q = question("q", kind="confirm_list", items=("i0", "i1"), options={"i0": ABSENT, "i1": ABSENT})
    said = [answer("q", "confirm")]
    sure, lists = (settle([q], said, list_error=e).likelihood for e in (0.0, 0.25))
    # right three quarters as often; what is lost falls evenly on the one other variant of i0, on two of i1
    np.testing.assert_allclose(lists[0, :2], [1.0 - 0.75 * sure[0, 1], 0.75 * sure[0, 1]])
    np.testing.assert_allclose(lists[1], [p if v == 1 else (1.0 - 0.75 * (1 - 2 * sure[1, v])) / 2
                                          for v, p in enumerate([0.0, 0.75 * sure[1, 1], 0.0])])  # fmt: skip


def test_write_more_adds_items_that_know_where_they_come_from() -> None:
    q = [Question(id="q", kind="write_more", items=(), group="honesty")]
    a = [answer("q", "write_more", texts=("new one", " text 3 ", "", "new one"))]
    r = settle(q, a)
    assert [i.payload for i in r.new_items] == [Text(text="new one")]
    assert r.new_items[0].group == "honesty"
    assert r.new_items[0].metadata["answer"] == "q:one"
    assert len(r.seed) == ITEMS + 1
    assert r.likelihood.shape == (ITEMS + 1, 3)
    wider = Law("", np.vstack([PRIOR.probabilities, [0.9, 0.1, 0.0]]))
    again = resolve(r.seed, wider, {x.id: x for x in q}, a)
    assert again.seed.version == r.seed.version
    assert not again.new_items


def test_merging_drops_all_but_the_first_without_calling_them_wrong() -> None:
    q = [question("q", kind="merge", items=("i3", "i4", "i5"))]
    r = settle(q, [answer("q", "merge")])
    assert r.standing == {"i4": ABSENT, "i5": ABSENT}
    assert r.multiplicity == {"i3": 3}
    assert np.all(r.likelihood == 1)
    assert np.allclose(r.posterior[4], [0, 1, 0])
    assert r.open == ()
    assert settle(q, [answer("q", "merge"), answer("q", "keep", "two")]).merges == ()
    assert settle(q, [answer("q", "merge"), answer("q", "keep", n="2")]).merges == ()


def test_an_item_keeps_its_weight_whatever_is_answered() -> None:
    heavy = SEED.revise(items=[i.model_copy(update={"copies": 8 if i.id in ("i1", "i3") else 1}) for i in SEED.items])
    own = {i.id: i.copies for i in heavy.items}
    said = [question("q", "i0"), question("q1", "i1")]
    r = settle(said, [answer("q", "keep"), answer("q1", "reject")], heavy, prior=PRIOR)
    assert {i.id: i.copies for i in r.seed.items} == own
    merge = [question("m", kind="merge", items=("i3", "i4"))]
    asked = {q.id: q for q in merge}
    merged = resolve(heavy, PRIOR, asked, [answer("m", "merge")], copies=own)
    assert merged.seed["i3"].copies == 9
    assert resolve(merged.seed, PRIOR, asked, [answer("m", "merge")], copies=own).seed["i3"].copies == 9
    assert {i.id: i.copies for i in resolve(merged.seed, PRIOR, asked, [], copies=own).seed.items} == own


def test_start_stands_where_nothing_was_answered_and_where_annotators_tie() -> None:
    q = [question("q", "i1"), question("q2", "i2")]
    a = [answer("q", "keep", "one"), answer("q", "reject", "two")]
    r = settle(q, a, start={"i1": "v1", "i2": ABSENT, "gone": ABSENT})
    assert r.standing == {"i1": "v1"}
    assert dict(r.seed.standing) == {"i1": "v1", "i2": ABSENT}


def test_an_answer_taken_back_takes_its_change_back() -> None:
    q = [question("q")]
    after = settle(q, [answer("q", "reject")]).seed
    r = settle(q, [], after, prior=PRIOR)
    assert r.seed.version == SEED.version
    assert [(c.item, c.before, c.after, c.answer) for c in r.changes] == [("i0", ABSENT, AS_WRITTEN, "")]


def test_answers_about_items_that_are_gone_are_kept_and_named() -> None:
    smaller = SEED.revise(items=SEED.items[1:])
    prior = Law("", PRIOR.probabilities[1:])
    r = settle([question("q")], [answer("q", "reject")], smaller, prior=prior)
    assert r.unused == ("q:one",)
    assert r.seed.version == smaller.version


def test_gold_measures_the_annotator_and_settles_nothing() -> None:
    gold = [question(f"g{k}", "i0", items=(f"gold-{k}",), purpose="gold") for k in range(12)]
    known = {f"gold-{k}": ABSENT if k % 2 else AS_WRITTEN for k in range(12)}
    right = [answer(f"g{k}", "reject" if k % 2 else "keep") for k in range(12)]
    wrong = [answer(f"g{k}", "keep" if k % 2 else "reject", "two") for k in range(12)]
    r = settle(gold, [*right, *wrong], known=known)
    assert not r.standing
    good, bad = r.reliability["one"], r.reliability["two"]
    assert (good.gold_right, good.gold_asked) == (12, 12)
    assert (bad.gold_right, bad.gold_asked) == (0, 12)
    assert bad.high < good.low
    assert bad.skill < 0 < good.skill


def test_whoever_proved_unreliable_counts_for_less() -> None:
    gold = [question(f"g{k}", "i0", items=(f"gold-{k}",), purpose="gold") for k in range(10)]
    known = {f"gold-{k}": ABSENT if k % 2 else AS_WRITTEN for k in range(10)}
    coin = [answer(f"g{k}", "keep" if k % 4 < 2 else "reject") for k in range(10)]
    q = [*gold, question("q")]
    careless = settle(q, [*coin, answer("q", "reject")], known=known)
    stranger = settle(q, [answer("q", "reject")], known=known)
    assert careless.likelihood[0, 1] / careless.likelihood[0, 0] < stranger.likelihood[0, 1] / stranger.likelihood[0, 0]


def test_the_distrusted_are_no_evidence_but_what_they_said_stands() -> None:
    r = settle([question("q")], [answer("q", "reject")], distrusted=("one",))
    assert np.all(r.likelihood == 1)
    assert r.standing == {"i0": ABSENT}


@pytest.mark.parametrize(
    ("asked", "given", "says"),
    [
        (question("q"), answer("q", "flip"), "takes no verdict 'flip'"),
        (question("q", "i1"), answer("q", "choose", variant="v2"), "no variant 'v2'"),
        (question("q"), answer("q", "edit"), "needs the edited item"),
        (question("q"), answer("q", "edit", payload=Pair(chosen="a", rejected="b")), "is a text, the edit is a pair"),
        (question("q", kind="resolve"), answer("q", "flip"), "is no pair"),
        (question("q", kind="write_more"), answer("q", "write_more", texts=(" ",)), "at least one new example"),
        (question("q", kind="confirm_list"), answer("q", "confirm", unticked=("i7",)), "no line 'i7'"),
        (question("q"), answer("other", "keep"), "names question 'other'"),
    ],
)
def test_answers_that_fit_no_question(asked: Question, given: Answer, says: str) -> None:
    with pytest.raises(AnswerError, match=says):
        check_answer(asked, given, SEED)


def test_an_answer_to_a_question_never_asked() -> None:
    with pytest.raises(AnswerError, match=r"never asked.*Did you mean 'q-1'"):
        settle([question("q-1")], [answer("q-2", "keep")])


def test_a_belief_of_the_wrong_shape() -> None:
    with pytest.raises(PlanError, match=r"\(7, 3\).*8 items"):
        settle([], [], prior=Law("", PRIOR.probabilities[1:]))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, ITEMS - 1), st.sampled_from(["keep", "reject", "skip", "edit"]), st.sampled_from("abc"),
            st.none() | st.floats(0, 1),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_resolving_is_repeatable_and_never_moves_an_unasked_item(
    given_: list[tuple[int, Any, str, float | None]],
) -> None:
    questions = [question(f"q{k}", f"i{k}") for k in range(ITEMS)]
    answers = [
        answer(f"q{k}", v, who, n=str(n), confidence=c, payload=Text(text="edited") if v == "edit" else None)
        for n, (k, v, who, c) in enumerate(given_)
    ]
    r = settle(questions, answers)
    assert np.allclose(r.posterior.sum(1), 1)
    assert np.all((r.likelihood >= 0) & (r.likelihood <= 1))
    assert np.all(r.likelihood[r.prior > 0] > 0)
    latest = {(k, who): v for k, v, who, _ in given_}
    touched = {f"i{k}" for (k, _), v in latest.items() if v != "skip"}
    assert set(r.standing) == touched
    assert {c.item for c in r.changes} <= touched
    width = max(len(i.variants) for i in r.seed.items)
    prior = Law("", np.pad(PRIOR.probabilities, ((0, 0), (0, width - 3))))
    again = resolve(r.seed, prior, {q.id: q for q in questions}, answers)
    assert again.seed.version == r.seed.version
    assert np.allclose(again.likelihood, r.likelihood)
    assert not again.changes


# --- ranks, and what says more of a variant ---------------------------------------------------------------------------


def ranked(name: str, item: str = "i0") -> Question:
    options = {AS_WRITTEN: "no rank", "as_written:root": "root", "as_written:user": "user"}
    return Question(id=name, kind="mark_authority", items=(item,), text=SEED[item].payload.wording, options=options)


def test_a_rank_says_more_of_a_line_and_nothing_against_who_kept_it() -> None:
    q = [question("q", "i0"), ranked("r")]
    kept = [answer("q", "keep", "one"), answer("q", "keep", "two")]
    r = settle(q, [*kept, answer("r", "rank", "three", variant="as_written:root")])
    assert r.standing == {"i0": "as_written:root"}
    assert r.tied == ()
    assert r.agreement.percent == 1.0
    against = settle(q, [*kept, answer("q", "reject", "four"), answer("r", "rank", "three", variant="as_written:root")])
    assert against.standing == {"i0": "as_written:root"}
    again = settle(q, kept)
    assert again.standing == {"i0": AS_WRITTEN}, "without the answer that ranked it, it has no rank"


def test_most_ranks_win_and_the_same_text_at_another_rank_is_another_variant() -> None:
    q = [ranked("r")]
    said = {"one": "as_written:root", "two": "as_written:user", "three": "as_written:user"}
    r = settle(q, [answer("r", "rank", who, variant=v) for who, v in said.items()])
    assert r.standing == {"i0": "as_written:user"}
    found = {v.id: v.payload for v in r.seed["i0"].variants}
    assert found["as_written:root"] != found["as_written:user"]
    assert {v.origin for v in r.seed["i0"].alternatives if ":" in v.id} == {"edit"}
