"""Every command explains itself with an example that could be typed, and a typo gets the nearest name."""

import contextlib
import io
import re
import shlex
from functools import cache

import pytest
import typer

from activeseed.cli.app import app, run

ROOT = typer.main.get_command(app)


def commands(command=ROOT, path=()):
    """(path, command) of everything that can be typed, groups included."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


ALL = list(commands())
IDS = [" ".join(path) or "activeseed" for path, _ in ALL]

DESIGN = {
    "init", "check", "rank", "redundancy", "compare", "lock-in", "dream", "certify", "removal", "basins", "stability",
    "compare-designs", "explain", "queue", "annotate", "pull", "answers import", "answers export",
    "answers take-back", "loop", "serve", "report", "status", "seed log", "seed diff", "seed export", "seed sync",
    "seed pin", "seed revert", "label-studio up", "label-studio down", "label-studio check", "label-studio renew",
    "demo",
}  # fmt: skip


@cache  # a page takes a tenth of a second to be set, and several tests read it
def help_of(*path):
    """What a command's --help prints; nothing on the other stream, and no error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert run([*path, "--help"]) == 0
    assert err.getvalue() == ""
    return out.getvalue()


def test_the_commands_are_those_of_the_design():
    assert {" ".join(path) for path, command in ALL if not hasattr(command, "commands")} == DESIGN


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_help_has_an_example(path, command):
    out = help_of(*path)
    assert "Example:" in out
    assert f"Usage: {' '.join(('activeseed', *path))}" in out
    example = out[out.index("Example:") :].splitlines()[1]
    assert example.strip().startswith(" ".join(("activeseed", *path)).strip())


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_examples_only_use_options_that_exist(path, command):
    out = help_of(*path)
    block = out[out.index("Example:") :].split("\n\n")[0]
    for line in block.splitlines()[1:]:
        for part in line.split("&&"):
            words = shlex.split(part.split("   ")[0].split(" > ")[0])
            if words[:1] != ["activeseed"]:
                continue
            found, rest = ROOT, words[1:]
            while rest and rest[0] in (commands := getattr(found, "commands", {})):
                found, rest = commands[rest[0]], rest[1:]
            known = {name for p in found.params for name in (*p.opts, *p.secondary_opts)}
            used = [w for w in rest if w.startswith("--")]
            assert set(used) <= known, line


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_an_argument_is_called_by_its_name_alone(path, command):
    out = help_of(*path)
    assert "list[" not in out
    assert "[[" not in out


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_every_option_says_what_it_does(path, command):
    for parameter in command.params:
        if parameter.name != "help":
            assert getattr(parameter, "help", None), f"{path} {parameter.name}"


@pytest.mark.parametrize("width", [60, 160])
def test_help_fits_the_terminal(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERMINAL_WIDTH", str(width))
    for path, _ in ALL:
        run([*path, "--help"])
        text = capsys.readouterr().out
        prose = [line for line in text[: text.index("Example:")].splitlines() if not line.startswith("    {")]
        assert max(map(len, prose)) <= width, path


def test_project_commands_take_a_folder():
    for path, command in ALL:
        if not hasattr(command, "commands") and path not in (("init",), ("demo",)):
            assert any("--dir" in p.opts for p in command.params), path


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["rnk"], "'rank'"), (["statsu"], "'status'"), (["seed", "dif"], "'diff'"), (["answers", "imprt"], "'import'"),
        (["rank", "--jsn"], "'--json'"), (["init", "x", "--form", "y"], "'--from'"),
        (["rank", "--law", "dorp"], "'drop'"),
        (["loop", "--annotator", "simulatd"], "'simulated'"),
        (["init", "x", "--from", "y", "--rest", "absnt"], "'absent'"),
    ],
)  # fmt: skip
def test_a_typo_gets_the_nearest_name(arguments, nearest, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert nearest in err
    assert err.startswith("Error: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["init"],
        ["init", "x"],
        ["seed", "revert"],
        ["answers", "take-back"],
        ["rank", "--top", "many"],
        ["queue", "-n", "-3"],
    ],
)
def test_what_is_missing_or_of_the_wrong_type_is_a_usage_error(arguments, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert "--help" in err


def test_no_command_prints_the_help(capsys):
    assert run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys):
    import activeseed

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"activeseed {activeseed.__version__}\n"


def test_words_of_our_own_are_explained_where_they_are_met(capsys):
    for arguments in (["--help"], ["init", "--help"]):
        assert run(arguments) == 0
        text = " ".join(capsys.readouterr().out.split())
        assert re.search(r"turns the seed into a trainer", text)
        assert "trainer²" in text
