"""Bars appear on a terminal after a while, show the time left, make room for what is printed, and vanish."""

import io
import time

from activeseed.cli import progress as module
from activeseed.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_a_terminal(monkeypatch) -> Terminal:
    """Called in the test: between a fixture and its test, pytest puts its own stderr back."""
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return screen


def wait_for(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_bar_appears_with_its_count_and_the_time_left(monkeypatch):
    terminal = at_a_terminal(monkeypatch)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with Progress("preparing") as progress:
        progress("effects", 0, 400)
        for done in range(100):
            time.sleep(0.002)
            progress("effects", done, 400)
        wait_for(lambda: "effects" in terminal.getvalue())
        wait_for(lambda: ":" in terminal.getvalue().split("━")[-1])
        assert "/400" in terminal.getvalue()
    assert terminal.getvalue().rstrip().endswith("\x1b[2K")  # the line was wiped at the end


def test_nothing_is_drawn_for_what_is_quick(monkeypatch):
    terminal = at_a_terminal(monkeypatch)
    with Progress("preparing") as progress:
        progress("effects", 0, 10)
        progress("effects", 10, 10)
    assert terminal.getvalue().strip() == ""


def test_nothing_is_drawn_where_stderr_is_no_terminal(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with Progress("preparing") as progress:
        progress("effects", 1, 10)
        time.sleep(0.05)
    assert screen.getvalue() == ""


def test_a_pause_takes_the_bars_away_and_they_come_back(monkeypatch):
    terminal = at_a_terminal(monkeypatch)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with Progress() as progress:
        progress("first", 1, 10)
        wait_for(lambda: "first" in terminal.getvalue())
        progress.pause()
        quiet = len(terminal.getvalue())
        time.sleep(0.3)
        assert len(terminal.getvalue()) == quiet
        progress("second", 1, 10)
        wait_for(lambda: "second" in terminal.getvalue())


def test_results_are_not_swallowed_while_a_bar_is_shown(monkeypatch, capsys):
    terminal = at_a_terminal(monkeypatch)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with Progress() as progress:
        progress("effects", 1, 10)
        wait_for(lambda: "effects" in terminal.getvalue())
        print("a result")
    assert capsys.readouterr().out == "a result\n"
    assert "a result" not in terminal.getvalue()
