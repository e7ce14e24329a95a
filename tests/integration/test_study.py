"""Ask, tell, resume: what a study promises whoever answers, whenever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.annotators.simulated import Simulated
from activeseed.config import Settings, read_settings
from activeseed.errors import AnswerError, ConfigError, FolderError, SeedError
from activeseed.estimators import Auto
from activeseed.question import Answer
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.study import Study
from activeseed.systems.league import OversightLeague
from tests.integration.conftest import TRUTH, Make, small_seed


def answer(question: str, verdict: str, by: str = "ann", **more: Any) -> dict[str, Any]:
    return {"question": question, "annotator": by, "verdict": verdict, **more}


def test_a_ranking_has_every_item_once_and_is_the_same_from_cache(make_study: Make) -> None:
    study = make_study()
    first = study.rank()
    assert sorted(r["id"] for r in first.rows()) == sorted(TRUTH)
    assert first.summary["trainings_new"] > 0
    again = Study.open(study.folder).rank()
    assert again.summary["trainings_new"] == 0
    drop = {"trainings_new"}
    assert {k: v for k, v in again.to_dict().items() if k not in drop} == {
        k: v for k, v in first.to_dict().items() if k not in drop
    }


def test_the_json_of_a_ranking_has_what_the_design_promises(make_study: Make) -> None:
    said = make_study().rank().to_dict()
    for name in ("seed_version", "system", "estimator", "law", "trainings", "spread", "belief_spread", "noise_floor",
                 "risk", "null_ladder", "chaotic", "items"):  # fmt: skip
        assert name in said, name
    assert {"epsilon", "response"} <= set(said["null_ladder"][0])
    for name in ("id", "rank", "perturbation", "effect", "effect_se", "instability", "first_order", "first_order_se",
                 "share", "credibility", "value", "distinguishable", "ties_with"):  # fmt: skip
        assert name in said["items"][0], name
    assert [i["rank"] for i in said["items"]] == list(range(1, len(TRUTH) + 1))


def test_asked_questions_are_pending_and_explain_themselves(make_study: Make) -> None:
    study = make_study(replicates=8)
    asked = study.ask(4)
    assert [q.id for q in study.pending] == [q.id for q in asked]
    assert len({q.items for q in asked}) == 4
    assert all(q.reason and q.value > 0 and q.seed_version == study.seed.version for q in asked)
    assert all(q.trainings == 8 for q in asked if len(q.items) == 1)
    shown = [c for q in asked for c in q.consequences]
    assert shown, "some probe is judged differently"
    for c in shown:
        assert c.stands == "as_written"
        assert set(c.outcomes) == {"as_written", *c.margins}, "nothing is shown that can't be told from noise"
        assert all(0.0 <= p <= 1.0 for p in c.outcomes.values())
        assert all(0.0 < m < 1.0 for m in c.margins.values())
        assert set(c.flips) <= set(c.margins)
        assert all(0 < n <= c.trainings == 8 for n in c.flips.values())
    assert Study.open(study.folder).pending == study.pending, "the journal records what was shown"


def test_consequences_are_read_off_what_the_ranking_trained(make_study: Make) -> None:
    plain = Seed(items=tuple(i.model_copy(update={"alternatives": ()}) for i in small_seed().items))
    study = make_study(plain, replicates=8, estimator=Auto(rows=64, pairs=24, bases=0, keys=9, bootstrap_rows=0))
    study.rank()
    before = study.state.trainings
    questions = study.ask(items=["i00", "i13"])
    assert study.state.trainings == before, "every row was paid for by the ranking"
    assert [q.trainings for q in questions] == [9, 9]


def test_what_is_believed_is_shown_only_where_the_team_asks_for_it(make_study: Make) -> None:
    for question in make_study().ask(4):
        assert "%" not in question.reason
        assert question.believed is None
    told = make_study(ask={"batch": 4, "consequences": 0, "show_belief": True, "confirm": False})
    questions = [q for q in told.ask(4) if q.purpose == "ask"]
    now = told.rounds.assessment().belief.credibility
    for question in questions:
        assert question.believed == pytest.approx(now[told.seed.position(question.items[0])])
        assert f"Believed to stay with probability {question.believed:.0%}." in question.reason
    for show in (False, True):
        study = make_study(ask={"batch": 4, "consequences": 0, "show_belief": show})
        for question in study.ask(2, kind="prefer_outcome"):
            assert ("%" in question.reason, question.believed is not None) == (show, show)


def test_partial_late_and_repeated_answers_are_all_fine(make_study: Make) -> None:
    study = make_study()
    first, second, third, _ = study.ask(4)
    told = study.tell([answer(first.id, "reject")])
    assert told.version is not None
    assert study.seed.standing == {first.items[0]: "absent"}
    again = study.tell([answer(first.id, "reject")])
    assert (again.accepted, len(again.repeated)) == ((), 1)
    assert again.version is None
    study.tell([answer(second.id, "keep"), answer(third.id, "skip")])
    assert study.seed.standing == {first.items[0]: "absent"}
    assert len(study.pending) == 1
    assert Study.open(study.folder).seed == study.seed


def test_an_edit_adds_a_variant_and_lets_it_stand(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(items=["i03"])
    study.tell([answer(q.id, "edit", payload={"kind": "text", "text": "ask first, always"}, comment="clearer")])
    item = study.seed["i03"]
    assert study.seed.standing["i03"] == "edit-1"
    assert item.variants[item.index_of("edit-1")].display == "ask first, always"
    assert item.display == "ask before acting in reply 3", "what the author wrote is kept"
    assert dict(study.seed.standing_payloads())["i03"].display == "ask first, always"
    study.rank()


def test_taking_an_answer_back_brings_the_seed_back_and_loses_nothing(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(items=["i05"])
    study.tell([answer(q.id, "reject", id="a1", comment="typed by a human")])
    study.take_back("a1", "misread")
    assert study.seed.standing == {}
    assert study.state.answers["a1"].comment == "typed by a human"
    assert [q.id for q in study.pending] == [q.id], "and the question is open again"
    with pytest.raises(AnswerError, match="Did you mean 'a1'"):
        study.take_back("a11")


def test_an_answer_to_an_unknown_question_is_refused_with_the_nearest_and_kept(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(items=["i05"])
    with pytest.raises(AnswerError, match=f"Did you mean '{q.id}'"):
        study.tell([answer(q.id + "x", "keep", comment="do not lose me")])
    kept: list[Any] = [e.body for e in study.store.read() if e.kind == "unmatched"]
    assert kept[0]["answer"]["comment"] == "do not lose me"
    with pytest.raises(AnswerError, match="verdict"):
        study.tell([answer(q.id, "perhaps")])
    with pytest.raises(AnswerError, match="takes no verdict 'flip'"):
        study.tell([answer(q.id, "flip", comment="nor me")])
    said = [e.body["answer"].get("comment") for e in study.store.read() if e.kind == "unmatched"]
    assert said == ["do not lose me", "", "nor me"]
    assert len(study.pending) == 1


def test_a_stale_answer_is_kept_and_flagged_but_does_not_count(make_study: Make, tmp_path: Path) -> None:
    study = make_study()
    (q,) = study.ask(items=["i04"])
    study.export(tmp_path / "mine.jsonl", standing_only=False)
    text = (tmp_path / "mine.jsonl").read_text().replace("name the source in reply 4", "always name the source")
    (tmp_path / "mine.jsonl").write_text(text)
    result = study.sync(tmp_path / "mine.jsonl")
    assert result.edited == ("i04",)
    assert study.pending == [], "the question was about a text that is no longer there"
    told = study.tell([answer(q.id, "reject", id="late")])
    assert told.stale == ("late",)
    assert study.seed.standing == {}
    assert "late" in study.state.answers


def test_sync_keeps_ids_and_asks_about_conflicts_with_answers(make_study: Make, tmp_path: Path) -> None:
    study = make_study()
    (q,) = study.ask(items=["i02"])
    study.tell([answer(q.id, "keep")])
    study.export(tmp_path / "mine.jsonl", standing_only=False)
    text = (tmp_path / "mine.jsonl").read_text().replace("say what is unsure in reply 2", "say plainly what is unsure")
    (tmp_path / "mine.jsonl").write_text(text)
    result = study.sync(tmp_path / "mine.jsonl")
    assert [c.item for c in result.conflicts] == ["i02"]
    assert dict(study.seed.standing_payloads())["i02"].display == "say what is unsure in reply 2"
    assert [(p.kind, p.items) for p in study.pending] == [("resolve", ("i02",))]


def test_revert_takes_back_later_answers_and_keeps_them_in_the_journal(make_study: Make) -> None:
    study = make_study()
    one, two = study.ask(items=["i01", "i06"])
    study.tell([answer(one.id, "reject")])
    study.pin("before")
    study.tell([answer(two.id, "reject")])
    assert study.seed.standing == {"i01": "absent", "i06": "absent"}
    study.revert("before", "too eager")
    assert study.seed.standing == {"i01": "absent"}
    assert study.take_in() is None, "the answers taken back do not come back by themselves"
    assert len(study.state.answers) == 2
    changes = study.diff("v2", "latest")
    assert [(c["item"], c["from"], c["to"], c["why"]) for c in changes] == [
        ("i06", "absent", "as_written", "too eager")
    ]
    with pytest.raises(SeedError, match="Did you mean 'before'"):
        study.diff("befor", "latest")


def test_every_change_says_who_when_and_which_answer(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(items=["i09"])
    study.tell([answer(q.id, "reject", by="fourth", id="a9", at="2026-01-02T03:04:05+00:00")])
    (change,) = study.diff()
    assert (change["item"], change["by"], change["answer"]) == ("i09", "fourth", "a9")
    assert change["at"] == "2026-01-02T03:04:05+00:00"
    assert study.log()[-1].by == "fourth"


def test_a_confirmed_list_drops_what_is_ticked_and_nothing_else_drops_an_unasked_item(make_study: Make) -> None:
    study = make_study(ask={"batch": 6, "consequences": 0})
    study.loop(max_rounds=2)
    asked = {i for q in study.state.questions.values() for i in q.items}
    gone = {i for i, v in study.seed.standing.items() if v == "absent"}
    assert gone <= asked


def test_the_loop_with_a_truthful_annotator_finds_the_wrong_items(make_study: Make) -> None:
    study = make_study(ask={"batch": 7, "consequences": 0}, stopping={"flips": 0.0, "answers": 40})
    result = study.loop()
    assert result.ended == "stopped"
    assert not result.distrusted
    right = {i for i, v in TRUTH.items() if v == "absent"}
    assert {i for i, v in study.seed.standing.items() if v == "absent"} == right
    first, last = result.rounds[0], result.rounds[-1]
    assert last["risk"] < first["risk"]
    assert last["quality"]["auc"] >= first["quality"]["auc"]
    assert np.isfinite(result.rounds[1]["realised_movement"])
    assert study.loop().rounds == result.rounds, "a stopped study stays stopped"


def test_a_loop_goes_on_when_its_budget_is_raised(make_study: Make) -> None:
    study = make_study(ask={"batch": 3, "consequences": 0}, stopping={"flips": 0.0, "answers": 3})
    assert "budget" in study.loop().reasons[0]
    text = (study.folder / "activeseed.toml").read_text().replace("answers = 3", "answers = 6")
    (study.folder / "activeseed.toml").write_text(text)
    more = Study.open(study.folder)
    assert len(more.loop().rounds) > 2
    assert len(more.state.live_answers) >= 6


def test_questions_wait_for_slow_annotators_without_blocking(make_study: Make) -> None:
    study = make_study(annotator=Simulated(truth=TRUTH, delay=10_000), ask={"batch": 2, "consequences": 0})
    result = study.loop(wait=False)
    assert result.ended == "waiting"
    assert len(study.pending) == 2
    study.withdraw([study.pending[0].id])
    assert len(study.pending) == 1


def test_settings_that_decide_outcomes_may_not_be_edited_unnoticed(make_study: Make) -> None:
    study = make_study()
    path = study.folder / "activeseed.toml"
    before = path.read_text()
    path.write_text(before.replace("steps = 8", "steps = 9"))
    with pytest.raises(ConfigError, match=r"\[system\] steps was changed from 8 to 9"):
        Study.open(study.folder)
    Study.open(study.folder, accept=True)
    Study.open(study.folder)
    path.write_text(before.replace("batch = 4", "batch = 5").replace("steps = 8", "steps = 9"))
    assert Study.open(study.folder).settings.ask.batch == 5


def test_what_is_written_to_the_configuration_reads_back_the_same(make_study: Make) -> None:
    study = make_study()
    assert read_settings(study.folder).record() == study.settings.record()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[systm]\nkind='oversight_league'", r"unknown setting 'systm'. Did you mean 'system'"),
        ("[system]\nkind='oversigt_league'", r"\[system\] kind = 'oversigt_league' is unknown. Did you mean"),
        ("[system]\nkind='oversight_league'\nrouds=3", r"unknown setting 'rouds'. Did you mean 'rounds'"),
        ("[ask]\nbatsh=3", r"\[ask\]: unknown setting 'batsh'. Did you mean 'batch'"),
        ("[ask]\nbatch=0", r"ask.batch = 0: it has to be at least 1"),
        ("[system]\nkind='nowhere.at_all Thing'", r"is unknown"),
        ("key = ", r"no valid TOML"),
    ],
)
def test_a_mistake_in_the_configuration_says_what_where_and_the_nearest(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "activeseed.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_settings(tmp_path)


def test_a_folder_without_a_study_says_how_to_make_one(tmp_path: Path, make_study: Make) -> None:
    with pytest.raises(ConfigError, match="activeseed init"):
        Study.open(tmp_path)
    study = make_study()
    with pytest.raises(FolderError, match="holds a study already"):
        Study.create(study.folder, study.seed)


def test_status_reads_the_journal_alone(make_study: Make) -> None:
    study = make_study()
    study.ask(3)
    said = Study.open(study.folder).status()
    assert (said["pending"], said["answers"], said["seed_version"]) == (3, 0, "v0")
    assert said["trainings"] > 0


def test_check_says_what_a_ranking_costs_and_warns_of_twins(make_study: Make) -> None:
    twin = [Item(id=f"t{n}", payload=Text(text=f"tell the truth {n // 2}")) for n in range(8)]
    study = make_study(seed=Seed(items=tuple(twin)))
    said = study.check(time_it=True)
    assert said["cost"]["trainings"] > 0
    assert said["cost"]["seconds"] > 0
    assert any("text that another item has too" in w for w in said["warnings"])


def test_one_unknown_setting_in_python_is_named(make_study: Make) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'embedder'"):
        make_study(embeder=None)
    assert isinstance(Settings(), Settings)


def test_an_answer_record_and_a_dictionary_are_the_same(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(items=["i05"])
    study.tell([Answer(id="x", question=q.id, annotator="ann", verdict="keep")])
    assert study.tell([{"id": "x", "question": q.id, "annotator": "ann", "verdict": "keep"}]).repeated == ("x",)


def test_write_more_adds_items_that_know_where_they_came_from(make_study: Make) -> None:
    study = make_study()
    table = study.rank().summary["write_more"]
    assert {r["group"] for r in table} == {"a", "b"}
    assert all(abs(r["predicted_drop"]) <= abs(r["spread"]) for r in table)
    (q,) = study.ask(kind="write_more", group="a")
    study.tell([answer(q.id, "write_more", id="w", texts=["own up at once", "cite the page"])])
    new = [i for i in study.seed.items if i.id not in TRUTH]
    assert [i.display for i in new] == ["own up at once", "cite the page"]
    assert {i.group for i in new} == {"a"}
    assert {i.metadata["answer"] for i in new} == {"w"}
    study.rank()
    with pytest.raises(Exception, match="no group 'c'"):
        study.ask(kind="write_more", group="c")


def test_writing_more_is_mixed_in_at_an_exchange_rate_only(make_study: Make) -> None:
    study = make_study(ask={"batch": 6, "consequences": 0, "exchange_rate": 1e6, "minutes_write_more": 0.1})
    study.rank()
    assert any(q.kind == "write_more" for q in study.ask())
    plain = make_study()
    plain.rank()
    assert not any(q.kind == "write_more" for q in plain.ask())


def test_merged_items_weigh_as_one_and_a_merge_can_be_taken_back(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(kind="merge", items=["i00", "i05"])
    study.tell([answer(q.id, "merge", id="m")])
    assert study.seed["i00"].copies == 2
    assert study.seed.standing == {"i05": "absent"}
    weights = study.trainer  # the trainer is made for the merged seed
    assert weights.context != b""
    slots = study.materials.slots
    assert slots.copies[slots.index[0, 0]] == 2.0
    study.rank()
    study.take_back("m")
    assert study.seed["i00"].copies == 1
    assert study.seed.standing == {}


def test_an_item_of_many_copies_keeps_them_when_answers_come(tmp_path: Path) -> None:
    """A file's ``copies`` are what an item weighs in every version of the seed, and in what is trained for it."""
    items = [Item(id=f"w{k}", payload=Text(text=f"text number {k}"), copies=8 if k < 2 else 1) for k in range(6)]
    probes = [Probe(id=f"p{k}", payload=Text(text=f"a probe about number {k}")) for k in range(4)]
    study = Study.create(tmp_path / "s", Seed(items=tuple(items)), OversightLeague(), probes=probes, pool=probes)
    (q,) = study.ask(items=["w3"])
    study.tell([answer(q.id, "reject", id="a")])
    assert study.seed.standing == {"w3": "absent"}
    assert [i.copies for i in study.seed.items] == [8, 8, 1, 1, 1, 1]
    slots = study.materials.slots
    assert slots.copies[slots.index[0, 0]] == 8.0


def test_a_preferred_outcome_moves_the_belief_towards_it_and_settles_nothing(make_study: Make) -> None:
    study = make_study()
    (q,) = study.ask(1, kind="prefer_outcome")
    place = [p.id for p in study.probes].index(q.group)
    before = study.rounds.assessment()
    expected = {}
    for said in ("approve", "reject"):
        told = study.tell([answer(q.id, "prefer", id=said, variant=said)])
        assert told.version is None
        now = study.rounds.assessment()
        assert np.any(now.belief.credibility != before.belief.credibility)
        assert study.seed.standing == {}
        from activeseed.looking.surrogate import surrogate_outcomes

        _, outcomes = surrogate_outcomes(before, now.belief.draw(4000, 1))
        expected[said] = outcomes[:, place].mean()
        study.take_back(said)
    assert expected["approve"] > expected["reject"]
    assert [p.id for p in study.pending] == [q.id]


def test_a_misspelt_kind_of_question_is_named(make_study: Make) -> None:
    with pytest.raises(Exception, match="Did you mean 'merge'"):
        make_study().ask(kind="merg")  # type: ignore[arg-type]  # mypy sees it, too


def test_gold_questions_look_like_any_other_and_measure_the_annotator(make_study: Make, tmp_path: Path) -> None:
    gold = [{"id": f"g{n}", "text": f"a known case {n}", "answer": "keep" if n % 2 else "reject"} for n in range(4)]
    study = make_study(gold=gold, ask={"batch": 4, "consequences": 0})
    study.loop(max_rounds=2)
    asked = [q for q in study.state.questions.values() if q.purpose == "gold"]
    assert asked
    others = next(q for q in study.state.questions.values() if q.purpose == "ask")
    assert {q.kind for q in asked} <= {others.kind, "review"}
    assert all(set(q.id) <= set("r0123456789-") for q in asked), "nothing in the id tells them apart"
    found = study.state.rounds[-1]["reliability"]["simulated"]
    assert (found["gold_right"], found["gold_asked"]) == (len(asked), len(asked))
    assert not any(i.id.startswith("g") for i in study.seed.items), "gold is no part of the seed"


def test_a_gold_question_without_an_answer_is_refused(make_study: Make) -> None:
    with pytest.raises(ConfigError, match="Gold question 1 has no 'answer'"):
        make_study(gold=[{"id": "g", "text": "t"}])
