"""What comes from somebody's data is only ever shown; what is secret is nowhere but where it belongs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.tasks import task_data
from activeseed.annotators.templates import template
from activeseed.cli.app import run
from activeseed.questions import FORMS
from activeseed.seed import ABSENT
from tests.label_studio import Site
from tests.server.asking import QUESTIONS, TEXTS, channel_to, hostile, seed_of, token_in
from tests.server.browser import Desk, at_desk
from tests.server.by_api import Api, result_of
from tests.server.fault_proxy import Fault, FaultProxy
from tests.server.scene import Scene

pytestmark = pytest.mark.server

#: markup, scripts, templates, fields of the task, links, addresses, reading direction
HOSTILE = (
    "<script>window.pwned=1;alert(1)</script><img src=x onerror='window.pwned=1'><svg onload=window.pwned=1>"
    "<iframe src=javascript:alert(2)></iframe><a href='javascript:window.pwned=1'>l</a><style>*{display:none}</style>"
    "<b>b</b> &lt;i&gt; &amp; {{constructor.constructor('window.pwned=1')()}} ${window.pwned=1} $text $question "
    "[m](javascript:alert(3)) https://example.com/a.png \u202eesrever\u202c 'q' \"q\" </textarea></span>"
)
#: what such a text would have left in the page, had any of it been more than text
_TRACES = """() => {
    const form = document.querySelector('.lsf-main-view__annotation');
    const made = ['script', 'img', 'svg', 'iframe', 'a[href]', 'style', 'b', 'i', 'object', 'embed', 'link'];
    const inside = [...form.querySelectorAll('.lsf-richtext__container, .lsf-choice')];
    return {
        pwned: window.pwned ?? null,
        elements: inside.flatMap(box => made.flatMap(tag => [...box.querySelectorAll(tag)].map(e => e.outerHTML))),
        images: [...document.querySelectorAll('img[src=x]')].length,
        visible: getComputedStyle(form).display !== 'none',
    };
}"""


#: the last word of each line, and whether its letters stand from left to right
_DIRECTIONS = """() => [...document.querySelectorAll('.lsf-choice label')].map(label => {
    const texts = document.createTreeWalker(label, NodeFilter.SHOW_TEXT);
    let found = null;
    for (let node = texts.nextNode(); node; node = texts.nextNode())
        if (node.data.includes('→')) found = node;
    if (!found) return null;
    const start = found.data.lastIndexOf(' ') + 1;
    const places = [];
    for (let k = start; k < found.data.length; k++) {
        const range = document.createRange();
        range.setStart(found, k);
        range.setEnd(found, k + 1);
        places.push(range.getBoundingClientRect().left);
    }
    return [found.data.slice(start), places.every((x, k) => k === 0 || x > places[k - 1])];
}).filter(found => found !== null)"""


@pytest.fixture(scope="module")
def desk(server: Site, browser: Any) -> Iterator[Desk]:
    with at_desk(browser, server.url, server.ann1) as sat:
        yield sat


@pytest.mark.parametrize("kind", tuple(FORMS))
def test_markup_and_scripts_in_a_text_are_shown_and_nothing_else(desk, server, title, tmp_path, kind):
    question = hostile(kind, HOSTILE)
    channel = channel_to(server.url, tmp_path, title)
    channel.submit([question], seed_of(question))
    (task,) = Api(server.url, server.admin.token).tasks(title)
    desk.stream(int(task["project"]))
    assert desk.page.evaluate(_TRACES) == {"pwned": None, "elements": [], "images": 0, "visible": True}
    assert (desk.dialogs, desk.outside) == ([], [])
    data = task_data(question, seed_of(question)[question.items[0]].payload if question.items else None)
    tags = list(ET.fromstring(template(kind)).iter())
    shown = {data[t.attrib["value"][1:]] for t in tags if t.tag == "Text"}
    assert HOSTILE in "".join(shown)
    assert shown <= set(desk.texts), "word for word"
    choices = [c["value"] for name in ("variants", "lines") for c in data.get(name, ())]
    assert set(choices) <= set(desk.labels)
    for box in (t for t in tags if t.tag == "TextArea" and t.get("value")):
        assert desk.page.locator(f"textarea[name={box.get('name')}]").input_value() == data[box.attrib["value"][1:]]
    desk.screenshot(f"hostile-{kind}")


def test_the_reading_direction_of_a_text_ends_with_it(desk, server, title, tmp_path):
    """Else an item could turn round what is proposed for it: ``→ dropped`` read from right to left."""
    turned = "Keep me \u202e"
    question = QUESTIONS["confirm_list"].model_copy(
        update={"text": f"a: {turned}\nb: {turned}\u2066", "options": {"a": ABSENT, "b": ABSENT}}
    )
    channel = channel_to(server.url, tmp_path, title)
    channel.submit([question], TEXTS)
    (task,) = Api(server.url, server.admin.token).tasks(title)
    desk.stream(int(task["project"]))
    assert desk.page.evaluate(_DIRECTIONS) == [["dropped", True], ["dropped", True]]
    assert f"1. {turned}\n\n2. {turned}\u2066" in desk.texts, "word for word"


# --- guidelines, comments and names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "guidelines", [f"# Rules\n\n{HOSTILE}\n", f"{HOSTILE}\n\n[click](javascript:window.pwned=1)\n"]
)
def test_scripts_in_the_guidelines_are_shown_and_nothing_else(desk, server, title, tmp_path, guidelines):
    channel = channel_to(server.url, tmp_path, title, guidelines=guidelines)
    channel.submit([QUESTIONS["merge"]], TEXTS)
    (task,) = Api(server.url, server.admin.token).tasks(title)
    told = desk.stream(int(task["project"]))
    assert "<script>window.pwned=1;alert(1)</script>" in told
    assert "<img src=x onerror='window.pwned=1'>" in told
    assert desk.page.evaluate("window.pwned ?? null") is None
    assert desk.page.locator("img[src=x], a[href^=javascript]").count() == 0
    assert (desk.dialogs, desk.outside) == ([], [])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen += [tag, *(name for name, _ in attributes if name.startswith("on"))]


def test_what_annotators_write_is_inert_in_the_report(server, title, tmp_path, monkeypatch, capsys):
    """Comments and edits come from Label Studio, and whoever can log in there can write anything."""
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    scene = Scene.made(tmp_path, server, title)
    api = scene.api(server.ann1)
    with scene.at_work() as (study, channel):
        study.ask(items=["short", "flatter"])
        study.submit(channel)
        for task, verdict in zip(scene.tasks(), ("edit", "reject"), strict=True):
            said = [
                {"from_name": name, "to_name": "item", "type": "textarea", "value": {"text": [f"{HOSTILE}\x1b[31m"]}}
                for name in ("comment", "edited")
            ]
            body = {"result": [*result_of("review", verdict), *said], "lead_time": 1.0}
            api.call("POST", f"/api/tasks/{task['id']}/annotations/", json=body)
        told = study.poll(channel)
        assert len(told.accepted) == 2
        assert told.version is not None
        assert any(HOSTILE in a.comment for a in study.state.answers.values()), "kept word for word"
        # somebody's name is of their own choosing, too
        study.tell([{"question": q.id, "annotator": "<script>x</script>@a", "verdict": "keep"} for q in study.pending])
    capsys.readouterr()
    for command in (["report"], ["status"], ["seed", "diff"]):
        assert run([*command, "--dir", str(scene.folder)]) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err, "no escape sequence reaches the terminal"
    (page,) = scene.folder.rglob("report*.html")
    tags = _Tags()
    tags.feed(page.read_text("utf-8"))
    assert not {"script", "img", "iframe", "a", "onload", "onerror", "object", "link"} & set(tags.seen)
    assert "&lt;script&gt;window.pwned" in page.read_text("utf-8")


# --- tokens ---------------------------------------------------------------------------------------------------------


class Spy(threading.Thread):
    """Reads the command lines of all processes again and again, as `ps` would show them to anybody."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.02):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    self.seen.add(process.read_bytes())

    def stop(self) -> bytes:
        self._enough.set()
        self.join()
        return b"\n".join(self.seen)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads the process list from /proc")
@pytest.mark.parametrize(("sort", "way"), [("legacy", "environment"), ("personal", "file")])
def test_a_token_is_nowhere_but_where_it_belongs(fresh_server, tmp_path, sort, way):
    """Whatever goes well or wrong: in no file, no output, no process list. Traceback and all."""
    site = fresh_server
    api = Api(site.url, site.admin.token)
    token = site.admin.token if sort == "legacy" else api.call("POST", "/api/token/")["token"]
    secrets = [token.encode(), b"eyJhbGciOi", b"sessionid=", b"csrftoken="]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ACTIVESEED_", "LABEL_STUDIO_"))}
    said: list[str] = []
    spy = Spy()
    spy.start()

    with FaultProxy(site.url) as proxy:
        scene = Scene.made(tmp_path, site, "tokens", "ask.consequences=0", url=proxy.url)
        settings = scene.folder / "activeseed.toml"
        right = settings.read_text("utf-8")

        def command(code: int, *words: str, using: str = token) -> str:
            env = {**clean, "OMP_NUM_THREADS": "1"}
            path = scene.folder / ".activeseed/label_studio/token"
            if way == "environment":
                env["ACTIVESEED_LABEL_STUDIO_TOKEN"] = using
            else:
                token_in(scene.folder, using)
            done = subprocess.run(
                [sys.executable, "-m", "activeseed", *words, "--dir", str(scene.folder), "--traceback"],
                capture_output=True, text=True, env=env,
            )  # fmt: skip
            said.append(done.stdout + done.stderr)
            assert done.returncode == code, said[-1]
            path.unlink(missing_ok=True)
            return said[-1]

        command(0, "queue", "--item", "short", "--item", "flatter")
        tasks = scene.tasks()
        scene.answer(tasks[0])
        command(0, "pull")
        with proxy.planned(lambda request: Fault("server_error")):
            command(1, "pull")
        with proxy.planned(lambda request: Fault("unauthorized")):
            command(1, "pull")
        scene.answer(tasks[1])
        wrong = token[:-4] + "0000"
        secrets.append(wrong.encode())
        assert "token" in command(1, "pull", using=wrong)
        command(0, "loop", "--no-wait")
        settings.write_text(right.replace(proxy.url, "http://127.0.0.1:9"), "utf-8")
        command(1, "pull")
        settings.write_text(right.replace('kind = "label_studio"', 'kind = "label_studio"\ntoken = "x"'), "utf-8")
        command(2, "pull")
        settings.write_text(right, "utf-8")
        command(0, "report")
        command(0, "status")
    listed = spy.stop()
    assert b"activeseed" in listed, "it looked while our commands ran"
    held = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and "label-studio" not in p.parts}
    assert any(p.name == "journal.db" for p in held)
    assert any(p.suffix == ".html" for p in held)
    for secret in secrets:
        assert [str(p) for p, content in held.items() if secret in content] == []
        assert secret not in listed
        assert not [text for text in said if secret.decode() in text]
