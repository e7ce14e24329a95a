"""Questions out, answers in: ``queue``, ``annotate``, ``pull``, ``answers``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from activeseed.cleaning import escaped
from activeseed.cli.analysing import agreed
from activeseed.cli.annotating import answer_here, at_a_terminal
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import print_json, say, show, writes_anything
from activeseed.errors import AnnotatorAwayError, AnnotatorError, AnswerError, ConfigError, FolderError
from activeseed.protocols import Name

if TYPE_CHECKING:
    from activeseed.question import Question
    from activeseed.study import Study, Told
    from activeseed.study.state import State

#: places that questions can be sent to by name
PLACES = ("terminal", "label-studio")


def queue(
    folder: Dir = HERE,
    item: Annotated[
        list[str] | None, typer.Option("--item", metavar="ID", help="Ask about this item; may be given repeatedly.")
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", "-n", min=0, metavar="N", help="Questions; else what [ask] batch says.")
    ] = 0,
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="KIND", help="Ask in this form, such as merge or one of yours."),
    ] = "",
    group: Annotated[
        str, typer.Option("--group", metavar="GROUP", help="Of which group, where the kind asks about one.")
    ] = "",
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="WHERE", help="terminal, label-studio, FILE.jsonl or FILE.csv; else as in [annotator]."
        ),
    ] = "",
    withdraw: Annotated[
        list[str] | None,
        typer.Option("--withdraw", metavar="QUESTION", help="Ask nothing; take this question back. May be repeated."),
    ] = None,
    accept: Accept = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Ask the questions that lower the risk most for an annotator's time, or ask about the items you name.

    \b
    Example:
      activeseed queue                                  the best batch, to wherever the study's annotators are
      activeseed queue --item no-memory --item firm-no --to terminal
      activeseed queue --batch 20 --to questions.jsonl
      activeseed queue --kind merge                     do the lines that look most alike say the same?
      activeseed queue --kind merge --item no-memory --item firm-no
      activeseed queue --kind mark_authority --item no-memory
      activeseed queue --withdraw r002-03
    """
    to = dashed if (dashed := to.replace("_", "-")) in PLACES else to
    if to and to not in PLACES and not to.endswith((".jsonl", ".csv")):
        raise ConfigError(
            f"--to {to!r} is neither 'terminal' nor 'label-studio' nor a file that ends in .jsonl or .csv. Name one."
        )
    if withdraw:
        take_questions_back(folder, withdraw)
        return
    is_file = to not in ("", *PLACES)
    if is_file and not Path(to).parent.is_dir():
        raise FolderError(f"{to}: there is no folder {Path(to).parent}. Make it, or choose another.")
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)

        check_place(study, to)
        from activeseed.annotators.file import FileAnnotator

        if to in ("", "label-studio"):
            look(study, progress)
        # whoever was killed between asking and writing asks again: what was asked then is handed out, not asked twice
        unsent = [q for q in study.pending if q.id not in study.state.ever_sent] if is_file else []
        asked = [q for q in unsent if item and not kind and len(q.items) == 1 and q.items[0] in item]
        if not item or {q.items[0] for q in asked} != set(item):
            asked = agreed(
                study,
                progress,
                yes,
                lambda: study.ask(batch or None, item or None, kind=Name(kind) if kind else "items", group=group),
            )
        if to in ("", "label-studio"):
            send(study, progress)
        elif is_file:
            asked = [*(q for q in unsent if q not in asked), *asked]
            study.hand_out(asked, FileAnnotator(questions=to))
    if as_json:
        print_json([q.model_dump(mode="json", exclude={"purpose", "drawn", "repeats"}) for q in asked])
    else:
        # a check is worth nothing by itself: whoever is going to answer here must not see which ones they are
        print_questions(asked, values=(to or study.settings.annotator.kind) != "terminal")
    if to == "terminal" and asked and not as_json and at_a_terminal():
        answer_here(study, "")
    elif not asked:
        say("Nothing is worth asking now. See:  activeseed status")
    else:
        say(_next(study, to))


def check_place(study: Study, to: str) -> None:
    """Raise ConfigError where answers would be looked for elsewhere than questions are sent to."""
    from activeseed.annotators.label_studio import LabelStudio

    kind = study.annotator.kind
    if to == "label-studio" and kind != LabelStudio.model_fields["kind"].default:
        raise ConfigError(
            f"This study's annotators are elsewhere ([annotator] kind = {kind!r} in activeseed.toml), and answers "
            "would be looked for there. For a server on this machine:  activeseed label-studio up; for another set "
            'kind = "label_studio" and url = "…".'
        )


def send(study: Study, progress: Progress) -> None:
    """Send what is pending to the study's annotators, and say where they are."""
    from activeseed.cli.watching import places

    channel = study.annotator
    try:
        study.submit(channel)
        progress.pause()
        for kind, address in places(channel).items():
            say(f"{kind.replace('_', ' ')} at {address}")
    except (AnnotatorError, ConfigError) as error:
        raise type(error)(f"{error} The questions are kept; `activeseed pull` sends them.") from error


def look(study: Study, progress: Progress | None = None) -> None:
    """Take in what people did since where questions were sent before, and say what came of it.

    What is asked, and what is taken back, depends on it. A channel that is away now is told of by what follows.
    """
    from activeseed.cli.watching import news_line
    from activeseed.protocols import SupportsCollecting
    from activeseed.study.channels import place_of

    channel = study.annotator
    if not isinstance(channel, SupportsCollecting) or place_of(channel) not in study.state.ever_sent.values():
        return
    try:
        told = study.poll(channel)
    except AnnotatorAwayError as error:
        from activeseed.study.answers import Told

        told = Told(problems=(f"{error} What people answered meanwhile is not known yet.",))
    if progress is not None:
        progress.pause()
    if told.news:
        say(news_line(study, told))
    for problem in told.problems:
        say(f"! {problem}")


def take_questions_back(folder: Path, questions: Sequence[str]) -> None:
    """Withdraw questions, and tell the channel where it has them."""
    study = open_study(folder)
    gone = study.withdraw(questions, "withdrawn by hand")
    show(f"Withdrawn: {', '.join(gone)}." if gone else "None of these is pending.")
    look(study)
    study.recall()


def _next(study: Study, to: str) -> str:
    if to not in ("", *PLACES):
        return f"Written: {to}. When it is answered:  activeseed answers import FILE"
    if to == "terminal" or study.settings.annotator.kind == "terminal":
        return "Answer them:  activeseed annotate"
    return "When they are answered:  activeseed pull"


def print_questions(questions: Sequence[Question], values: bool = True) -> None:
    """What is asked: one line a question."""
    from activeseed.cli.screen import results
    from activeseed.cli.tables import question_table

    if questions:
        console = results()
        console.print(question_table(questions, console.width, values))


def annotate(
    folder: Dir = HERE,
    annotator: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Who answers; else what [annotator] says.")
    ] = "",
) -> None:
    """Answer pending questions here, one after the other. Each answer is saved at once; Ctrl-C stops.

    \b
    Example:
      activeseed annotate --name me
    """
    study = open_study(folder)
    if not study.pending:
        say("No question is pending. Ask some:  activeseed queue")
        return
    answer_here(study, annotator)


def pull(folder: Dir = HERE, as_json: Json = False) -> None:
    """Collect answers from the study's annotators, resolve them, and make a new version of the seed.

    What was asked and could not be sent is sent; what was withdrawn is taken back.

    \b
    Example:
      activeseed pull
    """
    with Progress("collecting") as progress:
        study = open_study(folder, progress)
        done = study.exchange()
    _print_told(study, done.told, as_json)
    if done.failed is not None:
        raise done.failed


AnswersFile = Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines or CSV, one answer each.")]


def import_answers(file: AnswersFile, folder: Dir = HERE, as_json: Json = False) -> None:
    """Take answers from a file. Answers that came before change nothing; those to older questions are kept, flagged.

    \b
    A line of the file:
      {"question": "r001-03", "annotator": "me", "verdict": "reject", "comment": "why"}

    \b
    Example:
      activeseed answers import answers.jsonl
    """
    study = open_study(folder)
    from activeseed.annotators.file import read_answers
    from activeseed.annotators.terminal import Terminal

    if not file.is_file():
        raise AnswerError(f"{file}: there is no such file. Give JSON lines or CSV, one answer each.")
    answers = read_answers(file, study.state.questions, Terminal().annotator)
    if not answers:
        raise AnswerError(f"{file} holds no answers: no line has a verdict.")
    told = study.tell(answers)
    _print_told(study, told, as_json)


def _print_told(study: Study, told: Told, as_json: bool) -> None:
    version = told.version
    if as_json:
        print_json(
            {
                "accepted": list(told.accepted), "repeated": list(told.repeated), "stale": list(told.stale),
                "seed_version": study.seed.version, "version": study.state.current.number,
                "changed": list(version.changes) if version else [], "pending": len(study.pending),
                "deleted": list(told.deleted), "dropped": dict(told.dropped), "problems": list(told.problems),
            }
        )  # fmt: skip
        return
    from activeseed.cli.numbers import counted

    parts = [counted(len(told.accepted), "new answer")]
    if told.repeated:
        parts.append(f"{len(told.repeated)} that were here already")
    if told.stale:
        parts.append(f"{len(told.stale)} to what has changed since (kept, not counted)")
    if told.deleted:
        parts.append(f"{len(told.deleted)} deleted by whoever gave them")
    show(", ".join(parts) + ".")
    for name, why in told.dropped.items():
        show(f"Question {name} is withdrawn: {why}.")
    for problem in told.problems:
        say(f"! {problem}")
    if version is not None:
        show(f"The seed is now v{version.number} ({version.id}): {version.why}.".replace("..", "."))
    else:
        show(f"The seed stays v{study.state.current.number} ({study.seed.version}).")
    left = len(study.pending)
    say(
        f"{counted(left, 'question')} pending."
        if left
        else "Nothing is pending. Next:  activeseed rank, or activeseed queue"
    )


def export_answers(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; else stdout.")] = None,
    damaged: Annotated[
        bool, typer.Option("--damaged", help="The journal is damaged: export the answers that can still be read.")
    ] = False,
    folder: Dir = HERE,
) -> None:
    """All answers, those that were taken back or don't count included and marked: JSON lines, or a sheet for .csv.

    \b
    Example:
      activeseed answers export answers.jsonl
    """
    state = _salvaged(folder) if damaged else open_study(folder).state
    counted = set() if damaged else {a.id for a in state.counted_answers}
    lines = [
        {
            **a.model_dump(mode="json"), "items": list(_items(state, a.question)),
            "counted": a.id in counted, "taken_back": a.id in state.taken_back,
        }
        for a in state.answers.values()
    ]  # fmt: skip
    if file is None:
        for line in lines:
            print(escaped(json.dumps(line, ensure_ascii=not writes_anything())))
        return
    from activeseed.annotators.file import answers_sheet
    from activeseed.formats import is_delimited, json_lines, write_whole

    text = answers_sheet(lines, file) if is_delimited(file) else json_lines(lines)
    write_whole(file, text.encode())
    say(f"{len(lines)} answers written: {file}")


def _salvaged(folder: Path) -> State:
    """What can still be read of the questions and answers in a damaged journal."""
    from activeseed.store.journal import readable
    from activeseed.study.state import State

    state = State()
    for event in readable(folder / ".activeseed" / "journal.db"):
        if event.kind in ("asked", "answered", "answer_withdrawn"):
            state.apply(event)
    if not state.answers:
        raise FolderError(f"{folder.resolve()}: no answer can be read there. Put a copy of its journal back.")
    return state


def _items(state: State, question: str) -> tuple[str, ...]:
    return state.questions[question].items if question in state.questions else ()


def take_back(
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="Its id: see activeseed answers export.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="A reason for the record.")] = "",
    folder: Dir = HERE,
) -> None:
    """Take an answer back: it stays in the record, no longer counts, and its question can be asked again.

    \b
    Example:
      activeseed answers take-back r001-03:me --why "misread the line"
    """
    study = open_study(folder)
    study.take_back(answer, why)
    show(f"Taken back: {answer}. The seed is v{study.state.current.number} ({study.seed.version}).")
