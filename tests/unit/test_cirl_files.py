"""Games from files: what lines mean, and what is wrong with one, said with its place."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import activeseed as act
from activeseed.errors import ConfigError
from activeseed.systems.cirl import reading
from activeseed.systems.cirl.game import Game
from activeseed.systems.cirl.reading import read_game
from tests.unit.test_cirl import pieces, read

SMALL: dict[str, Any] = {
    "states": ["raw", "done"], "human": ["wait", "stir"], "robot": ["wait", "heat"], "objectives": ["soup", "stew"],
    "transitions": [{"robot": "heat", "to": "done"}], "rewards": [{"objective": "soup", "to": "done", "value": 1}],
}  # fmt: skip


def game(**changes: Any) -> Game:
    return read_game(json.dumps({**SMALL, **changes}), "game.yaml")


def test_the_example_of_the_module_is_a_game() -> None:
    said = inspect.getdoc(reading)
    assert said is not None
    text = inspect.cleandoc(said.split("worth.\n")[1].split("\nA line holds")[0])
    found = read_game(text, "example")
    assert found.objectives == ("soup", "stew")
    assert (found.horizon, found.discount, found.idle) == (3, 0.9, (0, 0))
    at = (found.state("done"), 0, found.robot.index("heat"))
    assert found.transitions[at].tolist() == pytest.approx([0, 0.2, 0.8])


def test_the_last_line_that_holds_decides_and_what_no_line_names_stays() -> None:
    found = game(
        states=["raw", "done", "burnt"],
        transitions=[
            {"robot": "heat", "to": "done"},
            {"state": ["done", "burnt"], "robot": "heat", "to": {"burnt": 0.75, "done": 0.25}},
            {"state": "burnt", "to": "burnt"},
        ],
    )
    assert found.transitions[0, :, 1].tolist() == [[0, 1, 0]] * 2
    assert found.transitions[1, :, 1].tolist() == [[0, 0.25, 0.75]] * 2
    assert found.transitions[2, :, 1].tolist() == [[0, 0, 1]] * 2
    assert found.transitions[:, :, 0].tolist() == [[row] * 2 for row in np.eye(3).tolist()]


def test_lines_of_rewards_add_up_and_ends_count_by_their_chance() -> None:
    found = game(
        transitions=[{"robot": "heat", "to": {"done": 0.75, "raw": 0.25}}],
        rewards=[
            {"value": 0.5}, {"objective": "soup", "to": "done", "value": 2}, {"human": "stir", "value": -0.125},
            {"objective": ["soup", "stew"], "state": "done", "robot": "wait", "value": 8},
        ],
    )  # fmt: skip
    assert found.rewards[0, 0].tolist() == [[0.5, 2.0], [0.375, 1.875]]
    assert found.rewards[1, 0].tolist() == [[0.5, 0.5], [0.375, 0.375]]
    assert found.rewards[0, 1, 0].tolist() == [0.5 + 8 + 2, 0.5 + 1.5], "done stays done, or is reached with 0.75"


def test_objectives_may_weigh_features() -> None:
    found = game(
        objectives={"soup": {"warm": 1, "dear": -2}, "stew": {"warm": 0.5}},
        features=[{"feature": "warm", "to": "done", "value": 1}, {"feature": "dear", "robot": "heat", "value": 0.25}],
        rewards=[{"human": "stir", "value": -1}],
    )
    assert found.features == ("warm", "dear")
    assert found.rewards[0, 0].tolist() == [[0.0, 0.5], [-1.0, -0.5]]
    assert found.rewards[1, 0].tolist() == [[0.0, 0.5], [-1.0, -0.5]]
    more = found.with_weights(np.array([[0.0, 4.0]]), ["mine"])
    assert more.rewards[2, 0].tolist() == [[0.0, 1.0], [-1.0, 0.0]], "what stirring costs is everybody's"


def test_json_is_read_too_and_yaml_yes_is_a_name() -> None:
    found = read_game(yaml.safe_dump({**SMALL, "human": [True, False], "objectives": [1, 2], "rewards": []}), "g")
    assert found.human == ("yes", "no")
    assert found.objectives == ("1", "2")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"states": []}, "game.yaml: 'states' has to be a list of names"),
        ({"human": ["wait", "wait"]}, "'human' names 'wait' twice"),
        ({"reward": []}, "unknown key 'reward'. Did you mean 'rewards'"),
        ({"transitions": [{"robot": "heat", "to": {"done": 0.5, "raw": 0.4}}]},
         "from state 'raw', human 'wait' and robot 'heat', the probabilities of what follows sum to 0.9, and not to 1. "
         "So do 3 more"),
        ({"transitions": [{"robot": "heat", "to": {"done": 1.5, "raw": -0.5}}]}, "sum to 1, and not to 1"),
        ({"transitions": [{"robot": "heet", "to": "done"}]},
         "line 1 of 'transitions': there is no robot 'heet'. Did you mean 'heat'"),
        ({"transitions": [{"robot": "heat", "to": "doen"}]}, "there is no state 'doen'. Did you mean 'done'"),
        ({"transitions": [{"robot": "heat"}]}, "line 1 of 'transitions' says not where to"),
        ({"transitions": [{"robot": "heat", "to": "done", "p": 1}]}, "line 1 of 'transitions': unknown key 'p'"),
        ({"transitions": {"raw": "done"}}, "'transitions' has to be a list of lines"),
        ({"rewards": [{"value": "NaN"}]}, "line 1 of 'rewards' holds 'NaN'. Give a finite number"),
        ({"rewards": [{"objective": "soup"}]}, "line 1 of 'rewards' holds 'None'. Give a finite number"),
        ({"rewards": [{"objective": "soop", "value": 1}]}, "there is no objective 'soop'. Did you mean 'soup'"),
        ({"initial": {"raw": 0.5}}, "initial sums to 0.5. Its probabilities have to be 0 or more and sum to 1"),
        ({"initial": "rare"}, "'initial' names 'rare'. Did you mean 'raw'"),
        ({"prior": {"soup": 0.7, "stew": 0.4}}, "prior sums to 1.1"),
        ({"prior": {"soop": 1}}, "'prior' names 'soop'. Did you mean 'soup'"),
        ({"horizon": 0}, "horizon = 0: it has to be a whole number from 1 to 50"),
        ({"discount": 2}, "discount = 2: it has to be above 0 and at most 1"),
        ({"idle": "wait"}, "'idle' has to name an action of each"),
        ({"idle": {"human": "wait", "robot": "sit"}}, "there is no robot 'sit'"),
        ({"objectives": {"soup": 3}}, "objective 'soup' has to be a table of weights of features"),
        ({"objectives": {"soup": {"warm": 1}}}, "objectives weigh the feature 'warm'"),
        ({"features": [{"value": 1}]}, "line 1 of 'features' names no feature"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        game(**changes)
    assert sentence in str(caught.value)


def test_a_table_that_is_too_large_names_the_size_that_would_do() -> None:
    counts = {"states": 3000, "human": 2, "robot": 2}
    names = {key: [f"{key}{n}" for n in range(count)] for key, count in counts.items()}
    with pytest.raises(ConfigError, match=r"With these actions 2048 states would do"):
        game(**names, transitions=[], rewards=[])
    with pytest.raises(ConfigError, match="65 objectives; at most 64 would do"):
        game(objectives=[f"o{n}" for n in range(65)], rewards=[])


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "&a [*a]"])
def test_what_is_no_game_at_all_is_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match=r"game\.yaml (holds no table|is no valid YAML)"):
        read_game(text, "game.yaml")


def test_features_serve_the_seeds_own_weights_where_objectives_have_none() -> None:
    found = game(
        features=[{"feature": "warm", "to": "done", "value": 1}],
        rewards=[{"human": "stir", "value": -1}, {"objective": "soup", "robot": "heat", "value": 5}],
    )
    assert found.rewards[0, 0].tolist() == [[0.0, 5.0], [-1.0, 4.0]]
    more = found.with_weights(np.array([[2.0]]), ["mine"])
    assert more.rewards[2, 0].tolist() == [[0.0, 2.0], [-1.0, 1.0]]


# --- the system ----------------------------------------------------------------------------------------------------


def located(folder: Path, content: dict[str, Any], **settings: Any) -> act.CIRL:
    (folder / "game.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return act.CIRL.model_validate({"game": "game.yaml", **settings}).located(folder)


def test_the_content_of_the_file_names_the_system(tmp_path: Path) -> None:
    one = located(tmp_path, SMALL)
    record = one.record()
    again = located(tmp_path, SMALL)
    assert again.record() == record
    assert (again.steps, again.gamma) == (3, 1.0)
    other = located(tmp_path, {**SMALL, "horizon": 2})
    assert other.record() != record
    assert other.steps == 2
    assert located(tmp_path, SMALL, horizon=1).steps == 1
    with pytest.raises(ConfigError, match=r"game = 'none\.yaml' is no game of the package"):
        act.CIRL(game="none.yaml").located(tmp_path).record()


def test_other_settings_are_played_with_the_same_file(tmp_path: Path) -> None:
    system = located(tmp_path, SMALL)
    assert [c.setting for f in system.factors() if f.id == "horizon" for c in f.choices] == [None, 2, 1]
    assert system.with_settings({"horizon": 2}).told[0].objectives == ("soup", "stew")


def test_pieces_without_a_mass_have_the_games_own(tmp_path: Path) -> None:
    system = located(tmp_path, {**SMALL, "prior": {"soup": 0.9, "stew": 0.1}}, human="rational")
    bare, said = (
        pieces({"objective": "soup"}, {"objective": "stew"}),
        pieces({"objective": "soup", "mass": 9}, {"objective": "stew", "mass": 1}),
    )
    assert read(system, bare)[0] == pytest.approx(read(system, said)[0], abs=1e-6)


def test_an_apprenticeship_needs_actions_that_do_nothing(tmp_path: Path) -> None:
    from activeseed.errors import PlanError

    shown = pieces({"trajectory": [["raw", "stir"]]}, {"trajectory": [["raw", "wait"]]})
    with pytest.raises(PlanError, match=r"idle: \{human: ACTION, robot: ACTION\}"):
        located(tmp_path, SMALL, form="apprenticeship").check(shown)
    located(tmp_path, {**SMALL, "idle": {"human": "wait", "robot": "wait"}}, form="apprenticeship").check(shown)
