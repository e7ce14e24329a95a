"""Every error that activeseed raises on purpose, in one tree.

    ActiveseedError
    ├── UsageError                 the user's input can be mended: the CLI exits with 2
    │   ├── SeedError              a seed, pool or probe file, or an item in it
    │   ├── ConfigError            a setting, a kind, a configuration file
    │   ├── PlanError              an impossible design, found before anything is trained
    │   ├── AnswerError            an answer that fits no question
    │   ├── FolderError            a project folder that can't be read, written or recognised
    │   ├── TrustError             a folder names code or a server that nobody here has agreed to
    │   ├── BudgetError            trainings would cost more than the study's budget
    │   │   └── ConsentError       or more than anybody has agreed to; it says what would have to be agreed to
    │   └── MissingExtraError      an optional package; the message holds the install command
    ├── TrainingError              a trainer failed
    │   └── TooManyFailuresError   more trainings failed than the study tolerates
    ├── AnnotatorError             an annotation channel failed
    │   └── AnnotatorAwayError     it can't be reached just now; trying again later is enough
    └── StoreError                 the journal or an artifact is damaged
        └── JournalMovedError      somebody else wrote to the journal before a decision was written down

A message says what failed, where, and what to do about it.
"""

from __future__ import annotations

import difflib
import os
import re
import traceback
from collections.abc import Iterable, Mapping


class ActiveseedError(Exception):
    """Root of the tree; ``exit_code`` is what the command line exits with."""

    exit_code = 1


class UsageError(ActiveseedError):
    """The user's input can be mended."""

    exit_code = 2


class SeedError(UsageError):
    """A seed, pool or probe file, or one item in it, can't be used."""


class ConfigError(UsageError):
    """A setting is unknown, misspelt or out of range."""


class PlanError(UsageError):
    """A design that can't answer what was asked, found before any training."""


class AnswerError(UsageError):
    """An answer that fits no question, or no variant of its item."""


class FolderError(UsageError):
    """A project folder can't be read, written or recognised."""


class TrustError(UsageError):
    """A project folder names code or a server that nobody here has agreed to use; none of it was used."""


class BudgetError(UsageError):
    """Trainings would cost more than ``[limits]`` allows; none of them was begun. The message says what would do."""


class ConsentError(BudgetError):
    """Trainings would cost more than anybody has agreed to; none of them was begun.

    Attributes:
        question: what somebody has to agree to, in one sentence.
        would_do: what to give to ``Study.agree``, in all since the study began: ``trainings``, ``money``, ``seconds``.
    """

    def __init__(self, question: str, would_do: Mapping[str, int]) -> None:
        self.question = question
        self.would_do = dict(would_do)
        said = ", ".join(f"{name}={value}" for name, value in would_do.items())
        super().__init__(f"{question} Nobody has agreed to that yet: study.agree({said}), or --yes.")


class MissingExtraError(UsageError):
    """An optional package is needed; the message says how to install it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package. Install it with:  pip install 'activeseed[{extra}]'")


class TrainingError(ActiveseedError):
    """A trainer failed, or returned something that is not an outcome."""


class TooManyFailuresError(TrainingError):
    """More trainings failed than the study tolerates."""


class AnnotatorError(ActiveseedError):
    """An annotation channel can't be reached, or answers nonsense."""


class AnnotatorAwayError(AnnotatorError):
    """An annotation channel can't be reached just now: whoever can wait tries again, and nothing is lost."""


class StoreError(ActiveseedError):
    """The journal or an artifact is missing or damaged."""


class JournalMovedError(StoreError):
    """Somebody else wrote to the journal since it was read, so a decision of what was read was not written down.

    Attributes:
        expected: the last sequence number that the writer had seen.
        last: the one that there is.
    """

    def __init__(self, expected: int, last: int) -> None:
        super().__init__(
            f"Somebody else wrote to this study meanwhile (its journal is at event {last}, and {expected} was the last "
            "that was seen), so nothing was changed. Look at what came, and do it again if it still holds."
        )
        self.expected, self.last = expected, last

    def __reduce__(self) -> tuple[type[JournalMovedError], tuple[int, int]]:
        return type(self), (self.expected, self.last)  # it may come from another process


def describe(error: BaseException) -> str:
    """``TypeError: what it said, at line 12 of train``: one line about an error in code that isn't ours.

    The line is the innermost one outside of this package and of installed libraries. No file is named, since a
    function that was sent to another process has lost its own. An error of our own tree speaks for itself.
    """
    try:
        said = " ".join(str(error).split())
    except Exception:
        said = "it can't say what went wrong"
    if isinstance(error, ActiveseedError):
        return said[:600]
    package, libraries = os.path.dirname(os.path.abspath(__file__)), f"{os.sep}site-packages{os.sep}"
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if libraries not in frame.filename and not frame.filename.startswith(package):
            place = f", at line {frame.lineno} of {frame.name}"
    name = type(error).__name__
    return (f"{name}: {said}" if said else name)[:500] + place[:100]


def nearest(word: object, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the known word nearest to a misspelt one, or the list of all known words.

    Part of a name is enough (``leage`` for ``oversight_league``), where it is spelt nearly as that part is.
    """
    word, options = str(word)[:200], sorted(known)
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    if not close:
        parts = {part: option for option in reversed(options) for part in re.split(r"[-_. ]", option) if len(part) > 3}
        close = [parts[part] for part in difflib.get_close_matches(word, parts, n=1, cutoff=0.75)]
    if close:
        return f" Did you mean {close[0]!r}?"
    shown = options if len(options) <= 20 else [*options[:20], f"… ({len(options)} in all)"]
    return f" Known: {', '.join(shown)}." if options else ""


#: how validators put it -> how people do
_PLAIN = (
    (r"valid integer.*|'.*' is not a valid int(eger)?( range)?", "a whole number"),
    (r"valid number.*|'.*' is not a valid float( range)?", "a number"),
    (r"valid boolean.*", "true or false"),
    (r"valid string.*", "a text"),
    (r"valid (list|tuple)", "a list"),
    (r"valid (dictionary|mapping).*|object", "a table of names and values"),
    (r"finite number", "a finite number"),
    (r"greater than or equal to (.*)", r"at least \1"),
    (r"greater than (.*)", r"more than \1"),
    (r"less than or equal to (.*)", r"at most \1"),
    (r"less than (.*)", r"less than \1"),
)


def plainly(said: str) -> str:
    """A validator's message (pydantic's, or the command line parser's) as a plain clause about the thing in question.

    ``Input should be a valid integer, unable to parse string as an integer`` becomes ``it has to be a whole number``.
    """
    said = said.removeprefix("Value error, ").strip().rstrip(".")
    if said == "Field required":
        return "it is missing"
    if said == "Extra inputs are not permitted":
        return "there is no such field"
    if said.startswith("Unable to extract tag"):
        return "it has no kind"
    if tag := re.fullmatch(
        r"Input tag (.*) found using .* does not match any of the expected tags: (.*)", said, re.DOTALL
    ):
        return f"{tag[1][:80]} is no kind of payload (known: {tag[2]})"
    if re.match(r"\w+ should have at least 1 (character|item)", said):
        return "it is empty"
    should = re.fullmatch(r"(?:Input|String|Value) should be (?:an? )?(.*)", said, re.DOTALL)
    asked = should[1] if should else said
    for pattern, words in _PLAIN:
        if re.fullmatch(pattern, asked, re.DOTALL):
            return f"it has to be {re.sub(pattern, words, asked, count=1, flags=re.DOTALL)}"
    return f"it has to be {asked}" if should else said
