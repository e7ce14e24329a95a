"""What comes from somebody's data is only ever shown; what is secret is nowhere but where it belongs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from activeseed.annotators.tasks import task_data
from activeseed.annotators.templates import template
from activeseed.question import QuestionKind
from activeseed.seed import ABSENT
from tests.label_studio import Site
from tests.server.asking import QUESTIONS, TEXTS, channel_to, hostile, seed_of
from tests.server.browser import Desk, at_desk
from tests.server.by_api import Api

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


@pytest.mark.parametrize("kind", get_args(QuestionKind))
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
