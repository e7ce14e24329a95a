"""Annotation in a terminal: one question after the other, its consequences beside it, every answer saved at once.

The channel itself only holds questions back for ``annotate``, which the command line runs where there is a terminal;
``poll`` never waits for a keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from activeseed.checked import SettingsRecord
from activeseed.cleaning import clean
from activeseed.errors import AnswerError
from activeseed.question import Answer, Question, Reply
from activeseed.questions import form_of, needs, verdicts_of
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Entry, Pair, Seed, Text

if TYPE_CHECKING:
    from rich.console import Console

#: the order in which keys are shown; those of other forms come first
_ORDER = "krecfbndwymps"
#: how each line of a change to an entry is asked for
_CHANGE = "Line {}, as name: value, or the new text (empty: done): "


class Terminal(SettingsRecord):
    """Questions wait until somebody runs ``activeseed annotate``. ``name``: who answers (default: the user's login)."""

    kind: Literal["terminal"] = "terminal"
    name: str = ""

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        """Nothing to send: pending questions are in the journal."""

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        """Nothing ever arrives here: ``annotate`` hands every answer over as it is given."""
        return []

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        return [q.id for q in questions]

    @property
    def annotator(self) -> str:
        """Who answers: the name set, or the login name."""
        if self.name:
            return self.name
        import getpass

        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return "annotator"


@dataclass(frozen=True)
class Session:
    """What came of a session: answers given and not taken back, and questions left."""

    answers: tuple[Answer, ...]
    left: tuple[str, ...]


class _Leave(Exception):  # noqa: N818 - no error: somebody has had enough for today
    pass


def annotate(
    questions: Sequence[Question],
    seed: Seed,
    save: Callable[[Answer], object],
    *,
    name: str,
    take_back: Callable[[str], object] | None = None,
    ask: Callable[[str], str] | None = None,
    console: Console | None = None,
    guidelines: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Session:
    """Ask questions one after the other on a terminal.

    Args:
        save: called with each answer before the next question is shown.
        take_back: called with the id of an answer that is undone; without it there is no undo.
        ask: shows a prompt and returns a line; raises EOFError at the end of input. Default: the keyboard.
        console: where to draw, at its width.
        guidelines: shown for ``?``.
        now: the clock.

    Every line is a key, then what belongs to it: ``r`` · ``c 2`` · ``k ~70 not quite my tone`` (70 % sure, and a
    comment) · ``y 2 5`` · ``d only if they asked``. ``u`` takes the last answer back, ``?`` helps, ``q`` leaves; so
    do the end of input and Ctrl-C, and nothing that was answered is lost.
    """
    from rich.console import Console

    from activeseed.annotators.showing import show_help, show_question
    from activeseed.resolution import check_answer

    console = console or Console()
    ask = ask or console.input
    given: list[tuple[int, Answer]] = []
    done: set[int] = set()
    place = 0
    minutes = [q.minutes for q in questions]
    try:
        while place < len(questions):
            question = questions[place]
            left = sum(m for i, m in enumerate(minutes) if i not in done)
            show_question(console, question, len(done) + 1, len(questions), left)
            started = monotonic()
            while True:
                line = ask(_prompt(question)).strip()
                if line in ("q", "quit", "exit"):
                    raise _Leave
                if line == "u":
                    if not given or take_back is None:
                        console.print("Nothing to take back.")
                        continue
                    place, undone = given.pop()
                    take_back(undone.id)
                    done.discard(place)
                    console.print("Taken back. Answer it again:")
                    break
                if line in ("?", "h", "help"):
                    show_help(console, question, guidelines)
                    continue
                try:
                    content = _parse(line, question, seed, ask)
                    at = now()
                    answer = Answer(
                        id=f"{question.id}:{name}:{at:%Y%m%dT%H%M%S%f}",
                        question=question.id,
                        annotator=name,
                        at=at.isoformat(),
                        seconds=round(monotonic() - started, 1),
                        **content,
                    )
                    check_answer(question, answer, seed)
                except AnswerError as error:
                    console.print(clean(_short(str(error))), markup=False)
                    continue
                save(answer)
                given.append((place, answer))
                done.add(place)
                place += 1
                break
    except (_Leave, EOFError, KeyboardInterrupt):
        pass
    return Session(tuple(a for _, a in given), tuple(q.id for i, q in enumerate(questions) if i not in done))


def _prompt(question: Question) -> str:
    keys = " ".join(f"{r.key}={r.name}" for r in keyed(question))
    return f"{keys} u=undo ?=help q=leave > "


def keyed(question: Question) -> list[Reply]:
    """The replies to a question, in the order in which their keys are shown."""
    return sorted(form_of(question).replies, key=lambda r: _ORDER.find(r.key))


def _parse(line: str, question: Question, seed: Seed, ask: Callable[[str], str]) -> dict[str, Any]:
    """Verdict, confidence, comment and what else the verdict needs. Raises AnswerError with a short sentence."""
    key, _, rest = line.partition(" ")
    key, sure, share = key.lower().partition("~")
    rest = f"{sure}{share} {rest}" if sure else rest
    replies = form_of(question).replies
    chooses = next((r for r in replies if r.needs in ("variant", "option")), None)
    if key.isdigit() and chooses is not None:
        key, rest = chooses.key, f"{key} {rest}"
    reply = next((r for r in replies if key in (r.key, r.verdict)), None)
    if reply is None:
        raise AnswerError(f"{key!r} is no answer to this question. ? lists the keys.")
    words = rest.split()
    out: dict[str, Any] = {"verdict": reply.verdict}
    for word in words:
        number = word.removeprefix("~").removesuffix("%")
        if word.startswith("~") and number.isdigit() and int(number) <= 100:
            out["confidence"] = int(number) / 100
            words.remove(word)
            break
    if reply.needs in ("variant", "option"):
        choices = offered(question)
        if not choices:
            raise AnswerError("There is nothing else to choose from here. ? lists the keys.")
        if not words or not words[0].isdigit() or not 1 <= int(words[0]) <= len(choices):
            raise AnswerError(f"Which one? {key} and a number from 1 to {len(choices)}.")
        out["variant"] = choices[int(words.pop(0)) - 1]
    if reply.needs == "lines":
        lines = [w.strip(",") for w in words]
        bad = [w for w in lines if not w.isdigit() or not 1 <= int(w) <= len(question.items)]
        if bad:
            raise AnswerError(
                f"No line {bad[0]!r}. {reply.key} and the numbers of lines that stay, from 1 to {len(question.items)}."
            )
        out["unticked"] = tuple(question.items[int(w) - 1] for w in lines)
        words = []
    if reply.needs in ("item", "pair"):
        out["payload"] = _edited(question, seed, ask)
    if reply.needs == "texts":
        out["texts"] = tuple(_lines(ask))
    if reply.needs == "why" and not words:
        words = ask("On what does it depend? ").split()
    out["comment"] = " ".join(words)
    return out


def offered(question: Question) -> list[str]:
    """The variants that are numbered on the screen: those that a key and a number choose between."""
    form = form_of(question)
    if needs(form, "option"):
        return list(question.options)
    if not needs(form, "variant"):
        return []
    # these have keys of their own
    named = {AS_WRITTEN, ABSENT, *((FLIPPED,) if "flip" in verdicts_of(form) else ())}
    return [v for v, text in question.options.items() if v not in named and text != question.text]


def _edited(question: Question, seed: Seed, ask: Callable[[str], str]) -> Text | Pair:
    before = next((i.payload for i in seed.items if i.id in question.items[:1]), None)
    if isinstance(before, Pair):
        prompt = ask("Prompt (empty: as it is): ").strip() or before.prompt
        chosen = ask("Better reply (empty: as it is): ").strip() or before.chosen
        rejected = ask("Worse reply (empty: as it is): ").strip() or before.rejected
        return Pair(prompt=prompt, chosen=chosen, rejected=rejected)
    if isinstance(before, Entry):
        return Text(text="\n".join(_lines(ask, _CHANGE)))
    text = ask("New text: ").strip()
    if not text:
        raise AnswerError("Nothing typed, nothing changed.")
    return Text(text=text)


def _lines(ask: Callable[[str], str], prompt: str = "Example {} (empty: done): ") -> list[str]:
    out: list[str] = []
    while line := ask(prompt.format(len(out) + 1)).strip():
        out.append(line)
    if not out:
        raise AnswerError("Nothing typed. s skips the question.")
    return out


def _short(message: str) -> str:
    """An error without the ids that the person in front of the screen has never seen."""
    return message.split(": ", 1)[-1] if message.startswith("Answer ") else message
