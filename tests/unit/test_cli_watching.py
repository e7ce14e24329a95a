"""What a loop that waits for people says: a line when something changed, and who is waited for."""

from activeseed.annotators.in_memory import InMemory
from activeseed.cli.app import run
from activeseed.cli.watching import Watch, waiting_words
from activeseed.study import Study
from activeseed.study.loop import Waiting
from tests.small_project import init_arguments, write_inputs


def waiting_study(tmp_path, **settings):
    arguments = init_arguments(write_inputs(tmp_path / "inputs"), tmp_path / "study")
    assert (
        run(
            [
                *arguments,
                "--set",
                "ask.annotators=2",
                "--set",
                "ask.confirm=false",
                *(f"--set={k}={v}" for k, v in settings.items()),
            ]
        )
        == 0
    )
    study, channel = Study.open(tmp_path / "study"), InMemory()
    study.ask(2)
    study.submit(channel)
    return study, channel


def test_news_say_who_answered_what_is_left_and_whom_it_waits_for(tmp_path, capsys):
    study, channel = waiting_study(tmp_path)
    shown = []
    watch = Watch(study, channel, lambda: None, shown.append)
    first, second = (q.id for q in study.pending)
    channel.answer(first, "first", "keep")
    capsys.readouterr()
    watch(Waiting(study.poll(channel, take_in=False)))
    text = capsys.readouterr().err
    assert "1 new answer (first 1)" in text
    assert "1 answered, 2 pending" in text
    assert f"{first} about" in text
    assert "waits for one person (answered by first)" in text
    assert f"{second} about" in text
    assert "waits for 2 people" in text
    assert shown == ["waiting for 2 answers"]
    watch(Waiting(study.poll(channel, take_in=False)))
    assert capsys.readouterr().err == "", "nothing changed, nothing is said"


def test_an_absent_channel_is_said_once_and_its_return_too(tmp_path, capsys):
    study, channel = waiting_study(tmp_path)
    watch = Watch(study, channel, lambda: None)
    watch(Waiting(study.poll(channel, take_in=False)))
    capsys.readouterr()
    for tries in (1, 2, 3):
        watch(Waiting(away="Label Studio can't be reached.", tries=tries))
    assert capsys.readouterr().err.count("can't be reached") == 1
    watch(Waiting(study.poll(channel, take_in=False)))
    assert "It answers again" in capsys.readouterr().err


def test_a_name_with_an_escape_sequence_is_only_shown(tmp_path, capsys):
    study, channel = waiting_study(tmp_path)
    watch = Watch(study, channel, lambda: None)
    channel.answer(study.pending[0].id, "a\x1b[31mda", "keep")
    watch(Waiting(study.poll(channel, take_in=False)))
    assert "\x1b" not in capsys.readouterr().err
    words = {"id": "q", "items": ["i"], "answered_by": ["x\x1b"], "missing": 1, "sent": False}
    assert waiting_words(words) == "q about i waits for one person (answered by x\ufffd), not sent yet"


def test_status_and_queue_say_who_is_waited_for_and_withdraw(tmp_path, capsys):
    study, _ = waiting_study(tmp_path)
    folder, name = str(study.folder), study.pending[0].id
    capsys.readouterr()
    assert run(["status", "--dir", folder]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"{name} about" in out
    assert "once the pending questions are answered" in out
    assert run(["queue", "--dir", folder, "--withdraw", name]) == 0
    assert f"Withdrawn: {name}." in capsys.readouterr().out
    assert run(["queue", "--dir", folder, "--withdraw", "r009-99"]) == 2
    assert "There is no question 'r009-99'" in capsys.readouterr().err


def test_lines_are_wrapped_between_words_in_a_narrow_window(tmp_path, capsys, monkeypatch):
    study, channel = waiting_study(tmp_path)
    monkeypatch.setenv("COLUMNS", "50")
    capsys.readouterr()
    Watch(study, channel, lambda: None)(
        Waiting(away="Nothing answers at http://127.0.0.1:8080. Is the server running?")
    )
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 50 for line in lines)
    assert all(line.startswith("       ") for line in lines[1:])
    assert "http://127.0.0.1:8080." in " ".join(lines), "an address is never cut"
