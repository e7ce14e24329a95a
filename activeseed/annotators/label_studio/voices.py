"""Whose voice an annotation is.

People are their user ids. The name under which somebody's first answer was written down stays theirs: addresses change,
are given to others, and read "Deleted" once an account was removed. The journal holds names, and from the annotations
that its answers came from they can be learnt again where the ledger was lost.

An annotation speaks for whoever wrote what it says. Somebody who rewrites another one's takes it over; somebody who
only marks it (a star, a look, a new owner) does not, nor does whoever puts in another one's answer for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from activeseed.annotators.label_studio.listing import microseconds
from activeseed.comparing import clean_name, same_name
from activeseed.question import Answer

_ID = re.compile(r"ls-(\d+)-(\d+)-(\d+)\*?")
#: longest address that is used as a name
_LONGEST = 150
#: microseconds between making an annotation and storing it, at most
_AT_ONCE = 1_000_000
_SAID = ("verdict", "variant", "payload", "texts", "unticked", "confidence", "comment")


def origin(answer: Answer) -> tuple[int, int] | None:
    """Project and annotation of an answer that was collected here."""
    found = _ID.fullmatch(answer.id)
    return (int(found[1]), int(found[2])) if found else None


def taken_at(answer: Answer) -> int:
    """When the annotation that an answer was read from had last been changed, in microseconds."""
    found = _ID.fullmatch(answer.id)
    return int(found[3]) if found else 0


def written(known: Iterable[Answer], project: int) -> dict[int, Answer]:
    """Annotation -> what it said when it was collected last; ``known`` in the order of arrival."""
    return {at[1]: a for a in known if (at := origin(a)) is not None and at[0] == project}


def user_of(annotation: Mapping[str, Any], field: str = "completed_by") -> int | None:
    """The user id in a field of an annotation; none where the account was deleted."""
    user = annotation.get(field)
    if isinstance(user, Mapping):
        user = user.get("id")
    return user if isinstance(user, int) else None


def learn(people: dict[str, str], annotations: Iterable[Mapping[str, Any]], said: Mapping[int, Answer]) -> None:
    """Name users as the journal does, by annotations that nobody has touched since they were collected."""
    for annotation in sorted(annotations, key=lambda a: int(a["id"])):
        answer, user = said.get(annotation["id"]), user_of(annotation)
        untouched = answer is not None and taken_at(answer) == microseconds(annotation["updated_at"])
        if answer is None or user is None or str(user) in people or not untouched:
            continue
        if not written_by_another(annotation) and not _is_taken(people, answer.annotator):
            people[str(user)] = answer.annotator


def keep_apart(people: dict[str, str]) -> None:
    """Give everybody a name of their own: two whose accounts were removed were once both written as "Deleted"."""
    taken: set[str] = set()
    for user in sorted(people, key=int):
        if same_name(people[user]) in taken:
            people[user] = f"user {user}"
        taken.add(same_name(people[user]))


def name(people: dict[str, str], user: int, address: str) -> None:
    """Name somebody who is new by their address, if that is one and nobody else's."""
    found = clean_name(address)
    if "@" not in found or len(found) > _LONGEST:
        found = f"user {user}"
    people.setdefault(str(user), f"{found} (user {user})" if _is_taken(people, found) else found)


def _is_taken(people: Mapping[str, str], found: str) -> bool:
    return same_name(found) in {same_name(n) for n in people.values()}


def written_by_another(annotation: Mapping[str, Any]) -> bool:
    """Whether somebody other than its author wrote last into an annotation, or made it."""
    by = user_of(annotation, "updated_by")
    return by is not None and by != user_of(annotation)


def as_made(annotation: Mapping[str, Any]) -> bool:
    """Whether an annotation is as it was when it was made, as far as its times tell."""
    made = annotation.get("created_at")
    return bool(made) and microseconds(annotation["updated_at"]) - microseconds(str(made)) < _AT_ONCE


def same_content(answer: Answer, fields: Mapping[str, Any]) -> bool:
    """Whether an annotation says what was collected from it."""
    return all(getattr(answer, f) == fields[f] for f in _SAID)


def is_another(annotation: Mapping[str, Any], answer: Answer) -> bool:
    """Whether an annotation was made after an answer was collected from one of that number, which was deleted."""
    made = annotation.get("created_at")
    return bool(made) and microseconds(str(made)) > taken_at(answer)


__all__ = [
    "as_made", "is_another", "keep_apart", "learn", "name", "origin", "same_content", "taken_at", "user_of",
    "written", "written_by_another",
]  # fmt: skip
