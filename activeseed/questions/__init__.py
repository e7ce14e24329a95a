"""Forms: one record a kind of question, which says of itself all that the study, the belief and the channels need.

Adding one is a file here, its labelling configuration in ``annotator_templates/`` and a line of ``FORMS``. Somebody
else's is named in ``[[questions]]`` or handed to the study; it travels with its questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from activeseed.errors import AnswerError, nearest
from activeseed.protocols import Form, Pace, SupportsItems
from activeseed.question import Question, Reply
from activeseed.questions.assign_concept import AssignConcept
from activeseed.questions.choose_wording import ChooseWording
from activeseed.questions.confirm_list import ConfirmList
from activeseed.questions.items import OPEN, PLACE, about, about_each, context_of, displayed, edited_as, marks_of
from activeseed.questions.judge_candidate import JudgeCandidate
from activeseed.questions.judge_dream import JudgeDream
from activeseed.questions.judge_pair import JudgePair
from activeseed.questions.mark_authority import MarkAuthority
from activeseed.questions.merge import Merge
from activeseed.questions.prefer_outcome import PreferOutcome
from activeseed.questions.resolve import Resolve
from activeseed.questions.review import Review
from activeseed.questions.weigh_objective import WeighObjective
from activeseed.questions.write_more import WriteMore
from activeseed.seed import Item

#: what the study asks by itself: a list to confirm, more examples, and what people disagree about
LIST, WRITING, DISPUTED = ConfirmList(), WriteMore(), Resolve()
#: what dreams become
DREAMT = JudgeDream()
#: kind -> form
FORMS: Mapping[str, Form] = {
    form.kind: form
    for form in (
        JudgeCandidate(),  # before the forms that suit any item
        WeighObjective(),  # of what several suit, the first is asked
        AssignConcept(),
        Review(),
        JudgePair(),
        ChooseWording(),
        LIST,
        WRITING,
        Merge(),
        PreferOutcome(),
        DREAMT,
        MarkAuthority(),
        DISPUTED,
    )
}

#: kinds that can be asked for by name, beside those that questions about items have
Kind = Literal["items", "write_more", "merge", "prefer_outcome", "judge_dream", "mark_authority"]


def form_of(question: Question) -> Form:
    """The form of a question. Raises AnswerError for a kind that is neither the package's nor came with its form."""
    ours = FORMS.get(question.kind)
    if ours is not None:
        return ours
    find = question._form
    return form_named(question.kind) if find is None else find()


def form_named(kind: str, forms: Mapping[str, Form] | None = None) -> Form:
    """The form of a kind. Raises AnswerError, with the nearest known kind, for an unknown one."""
    known = forms or FORMS
    if kind not in known:
        raise AnswerError(
            f"No kind of question is called {kind[:80]!r}.{nearest(kind, known)} A form of your own is named in "
            "[[questions]] of activeseed.toml."
        )
    return known[kind]


def with_form(question: Question, find: Callable[[], Form]) -> Question:
    """The same question, which brings its form along; ``find`` is called when the form is first needed."""
    there = question.model_copy()
    there._form = find
    return there


def reply_of(form: Form, verdict: str) -> Reply | None:
    """The reply of a form that a verdict names; None where it takes no such verdict."""
    return next((r for r in form.replies if r.verdict == verdict), None)


def verdicts_of(form: Form) -> tuple[str, ...]:
    """The verdicts that a form takes."""
    return tuple(r.verdict for r in form.replies)


def needs(form: Form, what: str) -> bool:
    """Whether some reply of a form needs this beside its verdict."""
    return any(r.needs == what for r in form.replies)


def is_about_one(question: Question) -> bool:
    """Whether a question is about one item, read by itself."""
    return form_of(question).about == "item"


def is_list(question: Question) -> bool:
    """Whether a question is about several items, a line each."""
    return form_of(question).about == "lines"


def answers_to(question: Question) -> int:
    """How many answers a question costs: one for each line of a list, else one."""
    return max(len(question.items), 1) if is_list(question) else 1


def minutes_by_kind(pace: Pace) -> dict[str, float]:
    """Kind -> expected minutes of a question about one item, of one line of a list, of one example."""
    return {kind: form.minutes(pace) for kind, form in FORMS.items()}


def usual(item: Item) -> Form:
    """The form in which one item is asked about where nothing else is said."""
    return next(f for f in FORMS.values() if isinstance(f, SupportsItems) and f.suits(item))


__all__ = [
    "DISPUTED",
    "DREAMT",
    "FORMS",
    "LIST",
    "OPEN",
    "PLACE",
    "WRITING",
    "Kind",
    "about",
    "about_each",
    "answers_to",
    "context_of",
    "displayed",
    "edited_as",
    "form_named",
    "form_of",
    "is_about_one",
    "is_list",
    "marks_of",
    "minutes_by_kind",
    "needs",
    "reply_of",
    "usual",
    "verdicts_of",
    "with_form",
]
