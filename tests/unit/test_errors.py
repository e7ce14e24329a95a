"""What messages are made of: the nearest known name, and a validator's complaint in plain words."""

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from activeseed.errors import nearest, plainly

SYSTEMS = ("oversight_league", "reward_model", "function", "estimator", "command")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("oversigt_league", " Did you mean 'oversight_league'?"),
        ("leage", " Did you mean 'oversight_league'?"),
        ("reward", " Did you mean 'reward_model'?"),
        ("modle", " Did you mean 'reward_model'?"),
        ("xyz", " Known: command, estimator, function, oversight_league, reward_model."),
    ],
)
def test_nearest(word, says):
    assert nearest(word, SYSTEMS) == says


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    whole: int = 1
    number: float = 1.0
    finite: float = Field(default=0.0, allow_inf_nan=False)
    share: float = Field(default=0.5, gt=0, le=1)
    few: int = Field(default=1, ge=1, lt=9)
    yes: bool = True
    text: str = ""
    many: tuple[int, ...] = ()
    table: dict[str, int] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("whole", "four", "it has to be a whole number"),
        ("whole", 1.5, "it has to be a whole number"),
        ("number", "much", "it has to be a number"),
        ("finite", float("inf"), "it has to be a finite number"),
        ("share", 0, "it has to be more than 0"),
        ("share", 2, "it has to be at most 1"),
        ("few", 0, "it has to be at least 1"),
        ("few", 9, "it has to be less than 9"),
        ("yes", "perhaps", "it has to be true or false"),
        ("text", 7, "it has to be a text"),
        ("many", 7, "it has to be a list"),
        ("table", 7, "it has to be a table of names and values"),
        ("other", 7, "there is no such field"),
    ],
)
def test_what_pydantic_says_in_plain_words(field, value, says):
    """Against pydantic as it is installed, whose wording may change."""
    with pytest.raises(ValidationError) as error:
        Asked.model_validate({field: value})
    assert plainly(error.value.errors()[0]["msg"]) == says


def test_our_own_sentences_stay_as_they_are():
    assert plainly("Value error, lower one of them") == "lower one of them"
    assert plainly("'x' is not a valid integer range.") == "it has to be a whole number"
