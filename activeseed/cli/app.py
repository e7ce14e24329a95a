"""The application: its commands, and what happens when one of them fails."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import tomllib
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from activeseed.cli import (
    basins,
    certify,
    compare,
    compare_designs,
    demo,
    dream,
    explain,
    label_studio,
    loop,
    project,
    queue,
    rank,
    redundancy,
    removal,
    report,
    seed_commands,
    serve,
    stability,
)
from activeseed.cli.options import ENDING, TRUSTED, TakesSeveral
from activeseed.cli.screen import replace_what_does_not_fit, say
from activeseed.errors import ActiveseedError, nearest, plainly
from activeseed.masking import is_secret, masked_text, secrets_in, without

#: the class of every error that the parser raises: a misspelt option, a missing argument
ParserError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    name="activeseed",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from activeseed import __version__

        print(f"activeseed {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show all of an unexpected error. May stand anywhere.")
    ] = False,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Agree to the trainer, modules, database and server that the project's activeseed.toml names; "
            "remembered for the folder. May stand anywhere.",
        ),
    ] = False,
) -> None:
    """Find the few seed items on which an expensive training process hinges, and ask humans about those.

    A seed is what such a process starts from: positive examples, preference pairs, rules. What turns the seed into a
    trainer (of a judge, a reward model, an oversight league) is called the trainer²: it trains what then trains a
    model. activeseed runs it on changed seeds and looks at how far its outcome at the probes moves.

    \b
    Example:
      activeseed demo                                  the main job on a bundled seed
      activeseed init study --from positives.jsonl     a project of your own
      cd study
      activeseed check && activeseed rank
      activeseed queue && activeseed annotate
      activeseed report
    """
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit()


_ANSWERS = """Answers as files; taking an answer back.

\b
Example:
  activeseed answers import answers.jsonl
"""
_SEED = """Versions of the seed: what changed, who changed it and why, going back, the author's later edits.

\b
Example:
  activeseed seed log
  activeseed seed diff v0 latest
"""
_LABEL_STUDIO = """Label Studio: a server of this project's own, for whoever has none; is the configured one in order?

\b
Example:
  activeseed label-studio up
"""
answers = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
seeds = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
servers = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

app.command("init", short_help="Make a project from a seed file.")(project.init)
app.command("check", short_help="Validate it, and say what a ranking costs.")(project.check)
app.command("rank", short_help="Rank the items by what hangs on them.")(rank.rank)
app.command("redundancy", short_help="What covers for what, and what for nothing.")(redundancy.redundancy)
app.command("compare", cls=TakesSeveral, short_help="How far apart outcomes are, and where.")(compare.compare)
app.command("lock-in", short_help="Does meaning move it, or wording?")(compare.lock_in)
app.command("dream", cls=TakesSeveral, short_help="Where readings of the seed part most.")(dream.dream)
app.command("certify", cls=TakesSeveral, short_help="How far two outcomes part at most, proved.")(certify.certify)
app.command("removal", short_help="What leaving out any few can do, proved.")(removal.removal)
app.command("basins", short_help="One outcome or several, and what decides.")(basins.basins)
app.command("stability", short_help="At which level it washes out.")(stability.stability)
app.command("compare-designs", short_help="Which trainer² is stable, good, open.")(compare_designs.compare_designs)
app.command("explain", cls=TakesSeveral, short_help="Why a probe is judged as it is.")(explain.explain)
app.command("queue", short_help="Ask the questions that are worth most.")(queue.queue)
app.command("annotate", short_help="Answer pending questions here.")(queue.annotate)
app.command("pull", short_help="Collect answers; a new seed version.")(queue.pull)
app.add_typer(answers, name="answers", help=_ANSWERS, short_help="Answers as files; taking one back.")
app.command("loop", short_help="Rank, ask, pull, retrain, until stable.")(loop.loop)
app.command("serve", short_help="The loop, woken by Label Studio.")(serve.serve)
app.command("report", short_help="One HTML file that works offline.")(report.report)
app.command("status", short_help="Where the study stands.")(project.status)
app.add_typer(seeds, name="seed", help=_SEED, short_help="Versions of the seed.")
app.add_typer(servers, name="label-studio", help=_LABEL_STUDIO, short_help="A Label Studio of one's own; checks.")
app.command("demo", short_help="The main job on a bundled seed.")(demo.demo)
answers.command("import", short_help="Take answers from a file.")(queue.import_answers)
answers.command("export", short_help="All answers as JSON lines.")(queue.export_answers)
answers.command("take-back", short_help="Take an answer back.")(queue.take_back)
seeds.command("log", short_help="The versions, newest first.")(seed_commands.log)
seeds.command("diff", short_help="What changed between two versions.")(seed_commands.diff)
seeds.command("export", short_help="Write the seed as it stands.")(seed_commands.export)
seeds.command("sync", short_help="Take in the author's own edits.")(seed_commands.sync)
seeds.command("pin", short_help="Give a version a name.")(seed_commands.pin)
seeds.command("revert", short_help="Make an earlier version stand again.")(seed_commands.revert)
servers.command("up", short_help="Start it, and make it the annotator.")(label_studio.up)
servers.command("down", short_help="Stop it; everything is kept.")(label_studio.down)
servers.command("check", short_help="Is the configured server in order?")(label_studio.check)
servers.command("renew", short_help="New projects for deleted ones.")(label_studio.renew)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code and never raises."""
    with ExitStack() as ending:
        ENDING.set(ending)
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    arguments, whole = _without(arguments, "--traceback")
    arguments, trusted = _without(arguments, "--trust")
    TRUSTED.set(trusted)
    replace_what_does_not_fit()
    try:
        returned = app(args=list(arguments), prog_name="activeseed", standalone_mode=False)
        sys.stdout.flush()
        code = returned if isinstance(returned, int) else 0
        return _interrupted() if code == 130 else code
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except typer.Exit as end:
        return end.exit_code
    except ParserError as error:
        return _misspelt(error, arguments)
    except BrokenPipeError:
        # Whoever read our output has enough of it; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ActiveseedError as error:
        if whole:
            say(_open(traceback.format_exc(), arguments))
        say(_open(f"Error: {error}", arguments))
        return error.exit_code
    except Exception as error:
        return _unexpected(error, whole, arguments)


def _without(arguments: Sequence[str], option: str) -> tuple[list[str], bool]:
    """An option that is taken from wherever it stands before a ``--``, and whether it stood there."""
    arguments = list(arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [a for a in arguments[:end] if a != option]
    return kept + arguments[end:], len(kept) < end


def _open(text: str, arguments: Sequence[str]) -> str:
    """What went wrong, without the secrets that the folder's settings or the command line hold."""
    known: list[str] = []
    with suppress(Exception):  # the settings may be what is wrong
        known += secrets_in(tomllib.loads((_folder_of(arguments) / "activeseed.toml").read_text("utf-8")))
    for name, sign, value in (a.partition("=") for a in arguments):
        if sign and any(part == "environment" or is_secret(part) for part in re.split(r"[.\s]", name)):
            known += [value, value.strip("\"'")]
    return without(masked_text(text), known)


def _folder_of(arguments: Sequence[str]) -> Path:
    """The project folder that a command line names."""
    for a, b in pairwise([*arguments, ""]):
        if a == "--dir":
            return Path(b)
        if a.startswith("--dir="):
            return Path(a.removeprefix("--dir="))
    return Path()


def _interrupted() -> int:
    say("Stopped. What was trained and answered is kept; the same command goes on from there.")
    return 130


def _misspelt(error: Exception, arguments: Sequence[str]) -> int:
    """The parser's complaint in one sentence, with the nearest known name and where to read more."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        print(context.get_help())
        return 0
    message = str(getattr(error, "format_message", lambda: error)()).strip()
    wrong = getattr(error, "option_name", None)
    if wrong and context is not None:
        known = [name for p in context.command.get_params(context) for name in (*p.opts, *p.secondary_opts)]
        message = f"{context.command_path} has no option {wrong!r}.{nearest(wrong, [k for k in known if k[:1] == '-'])}"
    if found := re.fullmatch(r"Invalid value for '([^' ]*)'[^:]*: (.*)", message, re.DOTALL):
        parameters = context.command.get_params(context) if context is not None else ()
        names = next((p.opts for p in parameters if found[1] in p.opts), [found[1]])
        given = next((b for a, b in pairwise(arguments) if a in names), "")
        given = given or next((a.partition("=")[2] for a in arguments if a.partition("=")[0] in names), "")
        message = f"{found[1]}{f' {given!r}' if given else ''}: {plainly(found[2])}"
    if not message.endswith((".", "?")):
        message += "."
    more = f"\nSee:  {context.command_path} --help" if context is not None else ""
    say(f"Error: {message}{more}")
    return 2


def _unexpected(error: Exception, whole: bool, arguments: Sequence[str]) -> int:
    """One line, and where the details are: in the project's folder, or among temporary files."""
    details = _open(f"activeseed {' '.join(arguments)}\n\n{''.join(traceback.format_exception(error))}", arguments)
    if whole:
        say(details)
        return 1
    line = _open(str(error), arguments).strip().splitlines()
    what = f"{type(error).__name__}: {line[0]}" if line else type(error).__name__
    say(f"Error: something unexpected went wrong ({what}). {_kept(details, arguments)}")
    return 1


def _kept(details: str, arguments: Sequence[str]) -> str:
    inside = _folder_of(arguments) / ".activeseed"
    try:
        if inside.is_dir():
            path = inside / "last-error.txt"
            path.write_text(details, "utf-8")
        else:
            handle, name = tempfile.mkstemp(prefix="activeseed-error-", suffix=".txt")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(details)
            path = Path(name)
    except OSError:
        return "Run it again with --traceback to see all of it."
    return f"Details: {path}; or run it again with --traceback."


__all__ = ["app", "run"]
