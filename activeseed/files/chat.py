"""Conversations where a text is expected: lists of turns, as chat data and preference data have them.

A turn is ``{"role": …, "content": …}`` or ``{"from": …, "value": …}``; its content is a text, or a list of texts. The
last turn is what is judged, those before it are the prompt. Two conversations that are compared begin with the same
turns: these are the prompt, and what follows are the replies.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.errors import SeedError
from activeseed.formats import FormatError, parse_json

Turn = tuple[str, str]

_HAS_BOTH = re.compile(r"""(?=.*["'](role|from)["']\s*:)(?=.*["'](content|value)["']\s*:)""", re.DOTALL)
#: roles of who is answered
_ASKING = ("user", "human", "system")
#: a cell that holds turns: an object, or a list of them, whose first name is one of a turn's
_BEGINS = re.compile(r"""\s*\[?\s*\{\s*["'](role|from|speaker|content|value)["']\s*:""")
_ROLES, _CONTENTS = ("role", "from", "speaker"), ("content", "value", "text")


def turns_of(where: str, name: str, value: Any) -> list[Turn] | None:
    """(role, content) of every turn, or None where the value is no conversation.

    A cell of a sheet holds it as JSON, or as Python shows a list. Raises SeedError for a cell that begins like one and
    can't be read: nobody judges brackets.
    """
    if isinstance(value, str):
        if not _BEGINS.match(value):
            return None
        value = _in_a_cell(where, name, value)
    if isinstance(value, Mapping) and _key(value, _ROLES) and _key(value, _CONTENTS):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not value:
        return None
    if not all(isinstance(turn, Mapping) and _key(turn, _ROLES) for turn in value):
        return None
    return [_turn(f"{where}, turn {n} of {name!r}", turn) for n, turn in enumerate(value, 1)]


def _in_a_cell(where: str, name: str, cell: str) -> Any:
    try:
        return parse_json(cell, where)
    except FormatError:
        pass
    try:
        return ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if not (cell.lstrip().startswith("[") and _HAS_BOTH.match(cell)):
            return None  # a text that quotes some JSON
        raise SeedError(
            f"{where}: {name!r} begins like a list of turns, and is neither JSON nor a list of Python's. Write such "
            "cells with json.dumps, or the file as JSON lines."
        ) from None


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
    """Turns as one text: the content of a single one, else each with its role; no turns are an empty text."""
    return (
        "".join(content for _, content in turns)
        if len(turns) <= 1
        else "\n\n".join(f"{role}: {content}" for role, content in turns)
    )


def prompt_and_last(turns: Sequence[Turn]) -> tuple[str, str]:
    """What comes before the last turn, as one text, and the last turn."""
    return written(turns[:-1]), turns[-1][1]


def replies(chosen: Sequence[Turn], rejected: Sequence[Turn]) -> tuple[str, str, str]:
    """(prompt, chosen, rejected): the turns that both begin with, and what follows them in each.

    The last turn of either is its reply, unless it is a question that the other one answers.
    """
    most = min(len(chosen), len(rejected))
    if len(chosen) == len(rejected) or min(chosen, rejected, key=len)[-1][0].lower() not in _ASKING:
        most -= 1
    shared = 0
    while shared < most and chosen[shared] == rejected[shared]:
        shared += 1
    return written(chosen[:shared]), written(chosen[shared:]), written(rejected[shared:])


def without_reply(turns: Sequence[Turn], replies: Sequence[str]) -> Sequence[Turn]:
    """A prompt's turns without a last one that is one of the replies: some data have the whole conversation there."""
    return turns[:-1] if turns[-1][1].strip() in {r.strip() for r in replies} - {""} else turns


def joined(prompt: str, turns: str) -> str:
    """A prompt that is given and turns that are part of the conversation, each said once."""
    if not prompt.strip() or prompt.strip() in turns:
        return turns
    return prompt if not turns.strip() or turns.strip() in prompt else f"{prompt}\n\n{turns}"
