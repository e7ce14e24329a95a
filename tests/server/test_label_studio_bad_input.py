"""Settings, servers, templates and texts that are not as they should be: one message each, and nothing is lost."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from activeseed.annotators.label_studio.connection import Connection
from activeseed.annotators.templates import template
from activeseed.cli.app import run
from activeseed.errors import AnnotatorAwayError, AnnotatorError, ConfigError
from activeseed.question import Question
from activeseed.seed import Item, Seed, Text
from activeseed.study.study import Study
from tests.label_studio import FreshSite, Site
from tests.server.asking import QUESTIONS, TEXTS, channel_to, token_in
from tests.server.by_api import Api, result_of
from tests.server.scene import Scene
from tests.small_project import init_arguments, write_inputs
from tests.unit.test_label_studio_connection import VERSION, Played, Reply, after_greeting, page

pytestmark = pytest.mark.server

HTML: Reply = (200, {"Content-Type": "text/html"}, "<html><h1>It works!</h1></html>")


@contextmanager
def playing(reply: Callable[[str, str], Reply]) -> Iterator[Played]:
    """A server that answers like this, closed at the end."""
    other = Played(reply)
    try:
        yield other
    finally:
        other.server.shutdown()
        other.server.server_close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose annotators are on a server that each test names."""
    folder = tmp_path_factory.mktemp("bad-input")
    settings = ("annotator.kind=label_studio", "annotator.url=http://SERVER", "annotator.title=TITLE")
    arguments = init_arguments(write_inputs(folder / "in"), folder / "study")
    assert run([*arguments, *(f"--set={setting}" for setting in settings)]) == 0
    return folder / "study"


@pytest.fixture
def study(made: Path, server: Site, title: str, tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of that study for a server, with more settings under [annotator] and a token."""

    def copied(url: str = "", token: str = "", **more: Any) -> Path:
        folder = tmp_path / "study"
        shutil.copytree(made, folder)
        settings = folder / "activeseed.toml"
        text = tomlkit.parse(settings.read_text("utf-8"))
        text["annotator"].update({"url": url or server.url, "title": title, **more})
        settings.write_text(tomlkit.dumps(text), "utf-8")
        token_in(folder, token or server.admin.token)
        return folder

    return copied


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that must fail with this exit code and one message that holds all of these words."""

    def fails(folder: Path, command: list[str], code: int, *words: str) -> str:
        capsys.readouterr()
        before = events(folder)
        assert run([*command, "--dir", str(folder)]) == code
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        errors = [line for line in err.splitlines() if line.startswith("Error: ")]
        assert len(errors) == 1, err
        for word in words:
            assert re.search(word, err), f"{word!r} is not in: {err}"
        assert not [kind for kind in events(folder)[len(before) :] if kind in ("submitted", "answered")]
        return err

    return fails


def events(folder: Path) -> list[str]:
    store = Study.open(folder).store
    try:
        return [e.kind for e in store.read()]
    finally:
        store.close()


def _impatient(patch: pytest.MonkeyPatch) -> None:
    """Try reading again for half a second, not for six."""
    patiently = Connection._patiently

    def sooner(self: Connection, call: Callable[[], Any], *patience: float | None) -> Any:
        self.patience = min(self.patience, 0.5)
        return patiently(self, call, *patience)

    patch.setattr(Connection, "_patiently", sooner)


def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


# --- addresses and servers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://127.0.0.1", "http://", "http://me:secret@127.0.0.1:8080"])
def test_an_address_that_is_none(study, capsys, url):
    folder = study(url)
    capsys.readouterr()
    assert run(["pull", "--dir", str(folder)]) == 2
    out, err = capsys.readouterr()
    for word in ("[annotator] url", "is no address of a Label Studio server", "http://HOST:PORT"):
        assert word in err
    assert "Traceback" not in out + err
    assert "secret" not in out + err
    assert b"me:secret" not in (folder / ".activeseed" / "journal.db").read_bytes(), "refused before it is written down"


def test_an_address_where_nobody_is(study, refused, monkeypatch):
    url = nobody()
    _impatient(monkeypatch)
    folder = study(url)
    refused(folder, ["pull"], 1, f"Nothing answers at {url}", r"\[annotator\]")
    refused(folder, ["queue", "--item", "short"], 1, f"Nothing answers at {url}")
    # the question is in the journal, and is sent as soon as there is a server
    (pending,) = Study.open(folder).pending
    assert pending.items == ("short",)
    with pytest.raises(AnnotatorAwayError, match="Nothing answers at"):
        Study.open(folder).loop(wait=False)


@pytest.mark.parametrize(
    "reply", [HTML, (404, {}, "nothing here"), (200, {"Content-Type": "application/json"}, '{"name": "another"}')]
)
def test_a_server_that_is_no_label_studio(study, refused, reply):
    with playing(lambda method, path: reply) as other:
        refused(study(other.url), ["pull"], 1, re.escape(other.url), r"no Label Studio server|no such thing", "`url`")
        assert other.asked
        assert all("authorization" not in headers for _, _, headers in other.asked), "the token stays here"


def test_a_page_of_a_real_server_is_not_its_address(study, refused, server):
    refused(study(f"{server.url}/projects"), ["pull"], 1, "address", "`url`")


def test_an_old_server_is_named_with_what_is_needed(study, refused):
    def old(method: str, path: str) -> Reply:
        status, headers, body = VERSION
        return status, headers, body.replace("1.23.2", "1.7.3")

    with playing(old) as other:
        refused(
            study(other.url), ["pull"], 1, r"version 1\.7\.3", r"oldest that works with activeseed is 1\.20", "upgrade"
        )


# --- rights ---------------------------------------------------------------------------------------------------------


def test_a_wrong_token(study, refused, server):
    message = refused(study(token="e" * 40), ["pull"], 1, "does not accept the token", "ACTIVESEED_LABEL_STUDIO_TOKEN")
    assert "e" * 40 not in message


def test_a_token_file_that_others_can_read(study, refused):
    folder = study()
    (folder / ".activeseed/label_studio/token").chmod(0o644)
    refused(folder, ["pull"], 2, "can be read by others", "chmod 600")


def test_a_project_that_is_not_there_for_this_user(study, refused):
    folder = study(projects={"review": 987654})
    refused(folder, ["pull"], 1, "has no project 987654 that this user may see", "annotator.projects")


def test_a_user_without_rights(study, refused):
    """Community editions have no such users; Enterprise, and proxies that check rights, answer so."""
    no = page(403, detail="You do not have permission to perform this action.")
    with playing(after_greeting(lambda method, path: no)) as other:
        command = ["queue", "--item", "short"]
        refused(
            study(other.url), command, 1, "does not let this user do that: You do not have", "access to the project"
        )


def test_a_user_who_was_put_out(fresh_server: FreshSite, study, refused, monkeypatch):
    """The server fails on users without an organisation (1.23.2), so that the message can't know why."""
    site = fresh_server
    _impatient(monkeypatch)
    who = Api(site.url, site.ann2.token).user["id"]
    Api(site.url, site.admin.token).call("DELETE", f"/api/organizations/1/memberships/{who}/")
    command = ["queue", "--item", "short"]
    message = refused(study(site.url, token=site.ann2.token), command, 1, site.url, "status 500")
    assert site.ann2.token not in message


# --- templates ------------------------------------------------------------------------------------------------------

REVIEW = template("review")
TEMPLATES = {
    "a missing control": (REVIEW.replace('name="confidence"', 'name="sure"'), "no control <Rating name='confidence'>"),
    "another tag": (REVIEW.replace("<Rating name", "<Number name"), "it has a <Number> of that name"),
    "no XML": (REVIEW.replace("</View>", "", 1), "is no XML"),
    "an unknown answer": (REVIEW.replace('alias="keep"', 'alias="kepe"'), "unknown answer 'kepe'. Did you mean 'keep'"),
    "a field that tasks lack": (REVIEW.replace("$why", "$because"), r"no field \$because"),
    "a text shown as HTML": (
        REVIEW.replace('<Text name="item" value="$text" valueType="text"/>', '<HyperText name="item" value="$text"/>'),
        "as HTML",
    ),
    "what the server refuses": (
        REVIEW.replace('<Text name="reason"', '<Text name="item"'), "Label Studio refuses the template .*own.xml",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", list(TEMPLATES))
def test_a_template_that_can_not_carry_the_questions(study, refused, server, title, what):
    xml, word = TEMPLATES[what]
    assert xml != REVIEW
    folder = study(templates={"review": "own.xml"})
    (folder / "own.xml").write_text(xml, "utf-8")
    refused(folder, ["queue", "--item", "short"], 2, word, r"own\.xml")
    assert Api(server.url, server.admin.token).projects(title) == []


def test_a_template_that_is_not_there_or_no_text(study, refused):
    folder = study(templates={"review": "own.xml"})
    refused(folder, ["queue", "--item", "short"], 2, r"own\.xml", "can't be read: No such file")
    (folder / "own.xml").write_bytes(b"\xff\xfe")
    refused(folder, ["queue", "--item", "short"], 2, r"own\.xml", "no UTF-8")


def test_a_template_of_ones_own_is_used(study, server, title):
    folder = study(templates={"review": "own.xml"})
    own = REVIEW.replace("Should this stay in the seed?", "Soll das bleiben? ✓")
    (folder / "own.xml").write_text(own, "utf-8")
    assert run(["queue", "--item", "short", "--dir", str(folder)]) == 0
    (project,) = Api(server.url, server.admin.token).projects(title)
    assert project["label_config"].strip() == own.strip()


# --- texts ----------------------------------------------------------------------------------------------------------

UNUSUAL = {
    "empty": "",
    "a megabyte": "x" * 999_999 + "é",
    "other scripts": "한국어 عربى עברית हिन्दी ไทย 中文 Ελληνικά ಕನ್ನಡ",
    "emoji": "👩🏽‍🚀👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \U0001f9ff",
    "combining": "Z͑ͫa̴l̵g̷o e\u0301",
    "lines": "one\ntwo\r\n\n\tthree\u2028four",
    "what a database can't hold": "a\x00b\x1b[2J\ud800c",
    "what looks like a field": "$text $question {{x}} {text}",
}


@pytest.mark.parametrize("name", list(UNUSUAL))
def test_an_unusual_text_goes_there_and_its_edit_comes_back(server, title, tmp_path, name):
    text = UNUSUAL[name]
    question = Question(id="q", kind="review", items=("a",), text=text, reason=text[:100], options={"as_written": text})
    channel = channel_to(server.url, tmp_path, title)
    channel.submit([question, QUESTIONS["review"]], TEXTS)
    api = Api(server.url, server.ann1.token)
    task = next(t for t in api.tasks(title) if t["meta"]["question"] == "q")
    there = task["data"]["text"]
    if name == "empty":
        assert there == "(empty)"
    elif name == "what a database can't hold":
        assert there == "a\ufffdb\ufffd[2J\ufffdc"
    else:
        assert there == text.replace("\r\n", "\n")
    edited = there + " ✓"
    box = {"from_name": "edited", "to_name": "item", "type": "textarea", "value": {"text": [edited]}}
    api.call(
        "POST",
        f"/api/tasks/{task['id']}/annotations/",
        json={"result": [*result_of("review", "edit"), box], "lead_time": 1.0},
    )
    found = channel.collect([question], [])
    (answer,) = found.answers
    assert answer.payload == Text(text=edited.strip())
    assert answer.annotator == server.ann1.email


def test_too_much_for_one_import_is_sent_in_several(server, title, tmp_path):
    """30 texts of a megabyte: an import takes 20 MB."""
    questions = [
        Question(id=f"q{n:02d}", kind="review", items=("a",), text=f"{n} " + "x" * 1_000_000) for n in range(30)
    ]
    channel = channel_to(server.url, tmp_path, title)
    channel.submit(questions, TEXTS)
    (project,) = Api(server.url, server.admin.token).projects(title)
    assert project["task_number"] == 30
    channel.submit(questions, TEXTS)
    assert Api(server.url, server.admin.token).projects(title)[0]["task_number"] == 30


# --- answers --------------------------------------------------------------------------------------------------------


def test_an_edit_that_is_empty_stays_open_and_one_that_is_identical_changes_nothing(
    server: Site, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    scene = Scene.made(tmp_path, server, title, "ask.repeat_share=0")
    api = scene.api(server.ann1)

    def edit(task: dict[str, Any], text: list[str]) -> int:
        box = [{"from_name": "edited", "to_name": "item", "type": "textarea", "value": {"text": text}}] if text else []
        body = {"result": [*result_of("review", "edit"), *box], "lead_time": 1.0}
        return int(api.call("POST", f"/api/tasks/{task['id']}/annotations/", json=body)["id"])

    with scene.at_work() as (study, channel):
        version = study.seed.version
        study.ask(items=["short", "source", "ask-back"])
        study.submit(channel)
        tasks = scene.tasks()
        empty = edit(tasks[0], ["   "])
        missing = edit(tasks[1], [])
        edit(tasks[2], [tasks[2]["data"]["text"]])
        told = study.poll(channel)
        assert len(told.accepted) == 1
        assert told.version is None
        assert study.seed.version == version
        problems = " ".join(told.problems)
        for annotation in (empty, missing):
            assert f"annotation {annotation}" in problems
        assert "an edit needs the edited text; the box is empty" in problems
        assert "the question stays open until it is mended there" in problems
        assert len(study.pending) == 2
        # mended where the message says
        api.edit(empty, "review", "keep")
        api.edit(missing, "review", "keep")
        assert len(study.poll(channel).accepted) == 2
        assert not study.pending
        assert study.seed.version == version


def test_a_lost_ledger_is_written_again_by_reading_alone(server, title, tmp_path):
    channel = channel_to(server.url, tmp_path, title, study="0123456789abcdef")
    channel.submit([QUESTIONS["review"]], TEXTS)
    api = Api(server.url, server.ann1.token)
    api.answer(api.tasks(title)[0], "keep")
    for folder in (tmp_path / "another", tmp_path / "another"):
        again = channel_to(server.url, folder, title, study="0123456789abcdef")
        again.acknowledge(again.collect([QUESTIONS["review"]], []))
        again.ledger.load()
        (shelf,) = again.ledger.shelves.values()
        assert shelf.cursor
        assert [k.question for k in shelf.tasks.values()] == ["q-review"]


def test_library_errors_are_of_the_documented_kinds(server, title, tmp_path):
    (tmp_path / "own.xml").write_text("<View>", "utf-8")
    with pytest.raises(ConfigError, match="is no XML"):
        channel_to(server.url, tmp_path, title, templates={"review": "own.xml"}).submit([QUESTIONS["review"]], TEXTS)
    with pytest.raises(ConfigError, match="is no address"):
        channel_to("nowhere", tmp_path, title).submit([QUESTIONS["review"]], TEXTS)
    with pytest.raises(AnnotatorError, match="has no project 987654"):
        channel_to(server.url, tmp_path, title, projects={"review": 987654}).submit([QUESTIONS["review"]], TEXTS)
    seed = Seed(items=(Item(id="a", payload=Text(text="a")), Item(id="b", payload=Text(text="b"))))
    channel_to(server.url, tmp_path, title).submit([], seed)  # nothing to do, nobody asked
