"""``activeseed seed``: versions of the seed, who changed what and why."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from activeseed.cli.options import HERE, Dir, Json, Yes, confirm, need_folders, open_study, pairs
from activeseed.cli.screen import clean, one_line, print_json, say, show

Version = Annotated[str, typer.Argument(metavar="VERSION", help="A number, the start of a hash, a pin, or latest.")]


def log(folder: Dir = HERE, as_json: Json = False) -> None:
    """The versions of the seed, newest first.

    \b
    Example:
      activeseed seed log
    """
    study = open_study(folder)
    pins = {n: name for name, n in study.state.pins.items()}
    rows = [
        {
            "number": v.number, "id": v.id, "by": v.by, "at": v.at, "why": v.why, "pin": pins.get(v.number),
            "changes": list(v.changes),
        }
        for v in reversed(study.log())
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    from activeseed.cli.screen import results
    from activeseed.cli.tables import plain_table

    console = results()
    lines = [[f"v{r['number']}", str(r["id"]), _when(str(r["at"])), str(r["by"]), _why(r)] for r in rows]
    console.print(plain_table(["", "version", "when", "who", "why"], lines, console.width))


def _why(row: Mapping[str, Any]) -> str:
    pin = f"[{row['pin']}] " if row["pin"] else ""
    return f"{pin}{row['why']}"


def _when(at: str) -> str:
    return at[:16].replace("T", " ")


def diff(
    before: Annotated[str, typer.Argument(metavar="FROM", help="Version to start from.")] = "v0",
    after: Annotated[str, typer.Argument(metavar="TO", help="Version to end at.")] = "latest",
    folder: Dir = HERE,
    as_json: Json = False,
) -> None:
    """What changed between two versions: which item, from what to what, who, when, by which answer.

    \b
    Example:
      activeseed seed diff                 from the seed as it was given to the latest
      activeseed seed diff v2 v5
    """
    changes = open_study(folder).diff(before, after)
    if as_json:
        print_json(changes)
        return
    if not changes:
        say(f"Nothing differs between {before} and {after}.")
    print_diff(changes)


def print_diff(changes: Sequence[Mapping[str, Any]]) -> None:
    """Changes on stdout: a head line each, then what went and what came."""
    from rich.text import Text

    from activeseed.cli.screen import results

    console = results()
    for change in changes:
        head = f"{one_line(str(change['item']))}: {_step(change)}"
        who = ", ".join(filter(None, (str(change.get("by") or ""), _when(str(change.get("at") or "")))))
        console.print(Text.assemble((head, "bold"), (f"  ({who})" if who else "", "dim")))
        why = f"on answer {change['answer']}" if change.get("answer") else str(change.get("why") or "")
        if why:
            console.print(Text(f"  {one_line(why)}", style="dim"))
        if change.get("before_text"):
            console.print(Text(_block("- ", str(change["before_text"]), console.width), style="red"))
        if change.get("after_text"):
            console.print(Text(_block("+ ", str(change["after_text"]), console.width), style="green"))


def _step(change: Mapping[str, Any]) -> str:
    before, after = str(change.get("from") or ""), str(change.get("to") or "")
    if before.startswith("("):
        return "added"
    if before == after:
        return "edited" if change.get("before_text") != change.get("after_text") else "changed"
    return "removed" if after.startswith("(") else f"{before} → {after}".replace("as_written", "as written")


def _block(mark: str, text: str, width: int) -> str:
    """A text with its mark, its further lines under the first."""
    lines = [
        part
        for line in clean(text).splitlines()
        for part in textwrap.wrap(line, max(20, width - 4), break_on_hyphens=False) or [""]
    ]
    return "\n".join(("  " + mark if n == 0 else "    ") + line for n, line in enumerate(lines))


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSONL, Parquet, YAML or Markdown, by its ending.")],
    version: Annotated[str, typer.Option("--version", metavar="VERSION", help="Which version.")] = "latest",
    whole: Annotated[
        bool, typer.Option("--all", help="Beliefs, variants and absent items too, so that it can be read back.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="New Markdown, not the author's file with its changes.")
    ] = False,
    folder: Dir = HERE,
) -> None:
    """Write the seed as it stands, ready to train on.

    A seed that was read from Markdown goes back into it: only the lines that answers changed differ. Anchors, pieces of
    a prior and candidates have the columns that they were read from, so that init takes the file.

    \b
    Example:
      activeseed seed export charter.md
      activeseed seed export curated.jsonl
      activeseed seed export everything.yaml --all --version v3
    """
    need_folders(file)
    from activeseed.files import SeedWarning

    study = open_study(folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SeedWarning)
        study.export(file, version=version, standing_only=not whole, fresh=fresh)
    for warning in caught:
        say(str(warning.message))
    show(file)


def sync(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file that its author went on editing.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who edited it.")] = "author",
    columns: Annotated[
        str, typer.Option("--columns", metavar="MAP", help="Names that differ, as in init, e.g. text=body.")
    ] = "",
    folder: Dir = HERE,
    as_json: Json = False,
) -> None:
    """Take in the author's own edits: added, removed, edited and moved lines, by a three-way comparison.

    Where an edit and an annotator's answer disagree, nothing is overwritten: it is shown, and asked.

    \b
    Example:
      activeseed seed sync positives.jsonl --by author
    """
    from activeseed.cli.numbers import counted

    study = open_study(folder)
    result = study.sync(file, by=by, columns=pairs(columns, "--columns"))
    found: dict[str, Sequence[str]] = {
        "added": result.added, "removed": result.removed, "edited": result.edited, "moved": result.moved,
    }  # fmt: skip
    version = study.state.current
    if as_json:
        conflicts = [asdict(c) for c in result.conflicts]
        print_json(
            {
                **found,
                "conflicts": conflicts,
                "notes": result.notes,
                "seed_version": version.id,
                "version": version.number,
            }
        )
        return
    for name, ids in found.items():
        if ids:
            show(f"{name}: {len(ids)} ({', '.join(one_line(i) for i in ids[:8])}{', …' if len(ids) > 8 else ''})")
    for note in result.notes:
        show(f"split or joined: {one_line(note)}")
    for conflict in result.conflicts:
        show(f"conflict: {one_line(conflict.message)}")
    if result.conflicts:
        ask = " ".join(f"--item {c.item}" for c in result.conflicts)
        say(f"{counted(len(result.conflicts), 'edit')} against answers: both are kept. Ask:  activeseed queue {ask}")
    say(f"The seed is now v{version.number} ({version.id}).")


def pin(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    version: Version = "latest",
    folder: Dir = HERE,
) -> None:
    """Give a version a name that stays with it, until the name is given to another.

    \b
    Example:
      activeseed seed pin reviewed v4
    """
    study = open_study(folder)
    before = study.state.pins.get(name)
    study.pin(name, version)
    found = study.state.version(name)
    moved = f" It was v{before} before." if before not in (None, found.number) else ""
    show(f"{name} is v{found.number} ({found.id}).{moved}")


def revert(
    version: Version,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="A reason for the record.")] = "",
    folder: Dir = HERE,
    yes: Yes = False,
) -> None:
    """Make an earlier version stand again, as a new version; nothing is deleted.

    \b
    Example:
      activeseed seed revert v2 --why "the last batch was answered in a hurry"
    """
    from activeseed.cli.numbers import counted

    study = open_study(folder)
    target = study.state.version(version)
    changes = study.diff("latest", version)
    if not changes:
        say(f"v{target.number} ({target.id}) stands already.")
        return
    confirm(f"This changes {counted(len(changes), 'item')} back to v{target.number} ({target.id}). Go on?", yes)
    study.revert(version, why or f"back to v{target.number}")
    show(f"The seed is now v{study.state.current.number} ({study.seed.version}), as v{target.number} was.")
