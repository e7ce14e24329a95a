"""Conversations where a text is expected: lists of turns, as chat data and preference data have them.

A turn is ``{"role": …, "content": …}`` or ``{"from": …, "value": …}``; its content is a text, or a list of texts. The
last turn is what is judged, those before it are the prompt. Two conversations that are compared begin with the same
turns: these are the prompt, and what follows are the replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.errors import SeedError
from activeseed.formats import FormatError, parse_json

Turn = tuple[str, str]

_ROLES, _CONTENTS = ("role", "from", "speaker"), ("content", "value", "text")


def turns_of(where: str, name: str, value: Any) -> list[Turn] | None:
    """(role, content) of every turn, or None where the value is no conversation. A cell of a sheet holds it as JSON."""
    if isinstance(value, str):
        if not value.lstrip().startswith("[{"):
            return None
        try:
            value = parse_json(value, where)
        except FormatError:
            return None
    if isinstance(value, Mapping) and _key(value, _ROLES) and _key(value, _CONTENTS):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not value:
        return None
    if not all(isinstance(turn, Mapping) and _key(turn, _ROLES) for turn in value):
        return None
    return [_turn(f"{where}, turn {n} of {name!r}", turn) for n, turn in enumerate(value, 1)]


def _key(turn: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((n for n in names if n in turn), "")


def _turn(where: str, turn: Mapping[str, Any]) -> Turn:
    role, content = turn[_key(turn, _ROLES)], turn.get(_key(turn, _CONTENTS))
    if not isinstance(role, str):
        raise SeedError(f"{where}: its role is {type(role).__name__}, not a text.")
    if isinstance(content, list) and all(isinstance(p, Mapping) and isinstance(p.get("text"), str) for p in content):
        content = "\n".join(p["text"] for p in content)
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise SeedError(
            f"{where}: its content is {type(content).__name__}, not a text. Pictures and tools can't be judged."
        )
    return role, content


def written(turns: Sequence[Turn]) -> str:
    """Turns as one text: the content of a single one, else each with its role."""
    return turns[0][1] if len(turns) == 1 else "\n\n".join(f"{role}: {content}" for role, content in turns)


def prompt_and_last(turns: Sequence[Turn]) -> tuple[str, str]:
    """What comes before the last turn, as one text, and the last turn."""
    return written(turns[:-1]), turns[-1][1]


def replies(chosen: Sequence[Turn], rejected: Sequence[Turn]) -> tuple[str, str, str]:
    """(prompt, chosen, rejected): the turns that both begin with, and what follows them in each."""
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and chosen[shared] == rejected[shared]:
        shared += 1
    return written(chosen[:shared]), written(chosen[shared:]), written(rejected[shared:])


def joined(prompt: str, turns: str) -> str:
    """A prompt that is given and turns that are part of the conversation, each said once."""
    if not prompt.strip() or prompt.strip() in turns:
        return turns
    return prompt if not turns.strip() or turns.strip() in prompt else f"{prompt}\n\n{turns}"
