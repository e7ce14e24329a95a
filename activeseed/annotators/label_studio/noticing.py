"""What people did to what was there: annotations and tasks that are gone, and tasks that nobody is served any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activeseed.annotators.label_studio import voices
from activeseed.annotators.label_studio.collecting import Answers, Reading
from activeseed.annotators.label_studio.listing import microseconds, owner
from activeseed.cleaning import few
from activeseed.comparing import same_name
from activeseed.question import Answer, Question
from activeseed.questions import form_of


def due(question: Question, annotators: int) -> int:
    """How many people are to answer a question: one where it is asked again of somebody else."""
    return 1 if question.avoid else form_of(question).people(annotators)


def vanished(
    found: Reading, asked: Mapping[str, Question], known: Sequence[Answer], annotators: int
) -> tuple[dict[str, str], list[str]]:
    """Questions whose tasks somebody deleted: those that still lack an answer -> why, and what is to be said."""
    still = {k.question for k in found.known.values()}
    dropped: dict[str, str] = {}
    problems: list[str] = []
    for name in sorted({k.question for k in found.gone.values()} - still):
        people = {a.annotator for a in known if a.question == name}
        if people:
            problems.append(
                f"The task of question {name!r} was deleted from project {found.shelf.id} in Label Studio. The "
                f"{len(people)} collected answer{'s' if len(people) > 1 else ''} to it stay."
            )
        if name in asked and len(people) < due(asked[name], annotators):
            dropped[name] = "its task was deleted in Label Studio"
    return dropped, problems


def deleted(
    known: Sequence[Answer], found: Reading, people: Mapping[int, str], voiced: Mapping[int, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Answers that were collected and whose annotation is no more, though their task is: id -> why; and what to say.

    Whoever deletes an annotation leaves its task changed. Where one is gone from a task that has not changed since it
    was read, or since the annotation was made, the server has gone back to an earlier state (a restored backup), and
    nobody has taken anything back.

    Args:
        known: all answers that were collected and that nobody took back, also those that were edited since.
        voiced: annotation -> whose answer it was read as; else its author's.
    """
    tasks_of: dict[str, list[int]] = {}
    for task, k in found.known.items():
        tasks_of.setdefault(k.question, []).append(task)
    gone: dict[str, str] = {}
    before, lost = set(found.shelf.lost), set(found.shelf.lost)
    for answer in known:
        at = voices.origin(answer)
        if at is None or at[0] != found.shelf.id or answer.question not in tasks_of:
            continue
        mine = tasks_of[answer.question]
        if not any(t in found.changed for t in mine):
            continue
        there: dict[int, Any] = {
            a: None for t in mine if t not in found.changed for a in found.shelf.tasks[t].annotations
        }
        there |= {a["id"]: a for t in mine if t in found.changed for a in found.changed[t]["annotations"]}
        now = there.get(at[1])
        if now and voices.taken_at(answer) == microseconds(now["updated_at"]):
            continue  # the very annotation, whatever its author is called by now
        whose = now and (voiced or {}).get(at[1], people.get(voices.user_of(now) or 0, answer.annotator))
        if at[1] not in there or (whose and same_name(whose) != same_name(answer.annotator)):
            # by somebody else now: rewritten, or the number of a deleted annotation was given again
            changed = [found.changed[t]["updated_at"] for t in mine if t in found.changed]
            if all(time <= found.shelf.cursor or microseconds(time) < voices.taken_at(answer) for time in changed):
                lost.add(at[1])
            if at[1] not in lost:
                anew = now and voices.written_by_another(now) and not voices.is_another(now, answer)
                gone[answer.id] = (
                    f"its annotation was rewritten by {whose}" if anew else "its annotation was deleted in Label Studio"
                )
    found.lost = sorted(lost)
    new = len(lost - before)
    said = (
        f"Project {found.shelf.id} in Label Studio has no annotation any more for {new} collected "
        f"answer{'s' if new > 1 else ''}, though nobody deleted one: as if a backup was restored. The answers stay; "
        "see whether the server is the right one."
    )
    return gone, [said] if new else []


def is_ours(found: Reading, study: str) -> bool:
    """Whether a task that was read bears the mark of the study."""
    return any(owner(task, study) for task in found.changed.values())


def elsewhere(found: Reading, tasks_of: Iterable[int], written: Mapping[int, Answer]) -> list[Answer]:
    """What was collected from those of a question's tasks that have not changed since."""
    left = [t for t in tasks_of if t not in found.changed and t not in found.gone]
    return [written[a] for t in left for a in found.shelf.tasks[t].annotations if a in written]


def absent(readings: Mapping[str, Reading], asked: Iterable[Question]) -> list[str]:
    """Questions that have no task, where a project was read from nothing: the ledger was lost, or nothing was sent."""
    anew = {kind for kind, found in readings.items() if found.full and not found.shelf.tasks}
    there = {k.question for found in readings.values() for k in found.known.values()}
    return [q.id for q in asked if (q.kind not in readings or q.kind in anew) and q.id not in there]


def unserved(
    found: Reading, asked: Mapping[str, Question], answers: Iterable[Answer], reader: Answers, annotators: int
) -> list[str]:
    """What is to be said of tasks that changed and that the server serves to nobody, though people are still due.

    Args:
        answers: all that count now, those that are new included.
    """
    people: dict[str, set[str]] = {}
    for answer in answers:
        people.setdefault(answer.question, set()).add(same_name(answer.annotator))
    open_: dict[str, bool] = {}
    for task in found.changed.values():
        open_[task["question"]] = open_.get(task["question"], False) or not task.get("is_labeled")
    for number, known in found.known.items():
        if number not in found.changed:
            open_[known.question] = True  # another task of the question, of which nothing new is known
    closed = [
        n for n, o in open_.items() if n in asked and not o and len(people.get(n, ())) < due(asked[n], annotators)
    ]
    said = []
    made = [n for n in closed if n in reader.empty]
    if made:
        said.append(
            f"In project {found.shelf.id} of Label Studio annotations that say nothing were made of predictions, for "
            f"{_listed(made)}. It counts them as answers and serves these tasks to nobody. Delete them there."
        )
    full = [n for n in closed if n not in reader.empty and n not in reader.troubled]
    if full:
        said.append(
            f"Label Studio has as many annotations as project {found.shelf.id} asks for of {_listed(full)} and serves "
            f"them to nobody any more, though fewer people have answered than the {due(asked[full[0]], annotators)} "
            "who are due. Delete there what is too many, or raise the annotations per task."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    shown = few(map(repr, names), 3)
    return f"question{'s' if len(names) > 1 else ''} {shown}"
