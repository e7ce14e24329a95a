"""An annotator at a real browser: logs in to Label Studio, takes a task, fills in its form, submits.

Drives a headless Chromium through playwright. Forms are filled as people fill them
(clicks and keys on what the page shows), and what a page must never do is noted on the way: dialogs, uncaught errors,
requests to other hosts. Screenshots are kept in ``test-artifacts/``, or where ACTIVESEED_TEST_ARTIFACTS says.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.label_studio import Person

#: read when this module is imported: the tests' own environment is cleared of what a developer set for studies
ARTIFACTS = Path(os.environ.get("ACTIVESEED_TEST_ARTIFACTS") or Path(__file__).resolve().parents[2] / "test-artifacts")
#: a busy machine may take long over a page; one that is broken takes for ever
PATIENCE_MS = 60_000
_ANNOTATIONS = re.compile(r"/api/(tasks/\d+/annotations|annotations/\d+)/?(\?|$)")
_TASK_ID = "parseInt(document.querySelector('.lsf-current-task__task-id')?.firstChild?.textContent ?? '0')"


def answer_label(xml: str, verdict: str) -> str:
    """What a template writes beside an answer: the label that an annotator clicks."""
    (control,) = (t for t in ET.fromstring(xml).iter("Choices") if t.get("name") == "verdict")
    (choice,) = (c for c in control.iter("Choice") if c.get("alias") == verdict)
    return str(choice.get("value"))


@dataclass
class Desk:
    """A page of Label Studio with somebody before it.

    Attributes:
        page: playwright's page.
        url: address of the server.
        dialogs, errors, outside: what the pages did unasked: messages of dialogs (each dismissed), uncaught errors of
            scripts, addresses of other hosts that were asked for.
    """

    page: Any
    url: str
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        host = urlsplit(self.url).netloc

        def dialog(it: Any) -> None:
            self.dialogs.append(it.message)
            it.dismiss()

        def request(it: Any) -> None:
            if it.url.startswith(("http:", "https:")) and urlsplit(it.url).netloc != host:
                self.outside.append(it.url)

        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("dialog", dialog)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", request)

    # --- going places -------------------------------------------------------------------------------------------

    def login(self, email: str, password: str) -> None:
        """Through the form, like anybody."""
        self.page.goto(f"{self.url}/user/login/")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda at: "/user/login" not in at, wait_until="commit")

    def stream(self, project: int) -> str:
        """*Label All Tasks*: the task that the project's order serves first. Returns the instructions shown before."""
        self.page.goto(f"{self.url}/projects/{project}/data?labeling=1")
        return self._arrived()

    def task(self, project: int, task: int) -> str:
        """A task opened from the list. Returns the instructions shown before, empty for none."""
        self.page.goto(f"{self.url}/projects/{project}/data?task={task}")
        return self._arrived()

    def _arrived(self) -> str:
        self.page.wait_for_selector(".lsf-main-view__annotation")
        self.page.wait_for_selector(".lsf-main-view__annotation .lsf-richtext__line")
        modal = self.page.locator("text=Labeling Instructions")
        # shown with a short animation after the task, where there are any; a task without them waits half a second
        try:
            modal.wait_for(state="visible", timeout=500)
        except self._timed_out():
            return ""
        told = str(modal.locator("xpath=ancestor::*[contains(@class,'modal')][last()]").inner_text())
        self.page.keyboard.press("Escape")
        modal.wait_for(state="hidden")
        return told.split("Labeling Instructions", 1)[1].strip()

    @staticmethod
    def _timed_out() -> type[Exception]:
        from playwright.sync_api import TimeoutError as TimedOut

        return TimedOut

    # --- looking ------------------------------------------------------------------------------------------------

    @property
    def texts(self) -> list[str]:
        """The texts that the task shows, as they are read on the page, top to bottom."""
        boxes = self.page.locator(".lsf-main-view__annotation .lsf-richtext__container")
        return ["\n".join(box.locator(".lsf-richtext__line").all_text_contents()) for box in boxes.all()]

    @property
    def labels(self) -> list[str]:
        """The labels of all choices, hidden ones too, without the keys that stand beside them."""
        found = self.page.locator(".lsf-main-view__annotation .lsf-choice label")
        return [re.sub(r"\[.\]$", "", str(label.text_content())) for label in found.all()]

    @property
    def task_id(self) -> int:
        """Label Studio's number of the task that is open; 0 for none."""
        return int(self.page.evaluate(_TASK_ID))

    def screenshot(self, name: str) -> Path:
        """Keep what the page looks like."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path

    # --- answering ----------------------------------------------------------------------------------------------

    def choose(self, label: str) -> None:
        """Click the choice of this label (the start of it is enough)."""
        self.page.locator(".lsf-choice label", has_text=re.compile(f"^{re.escape(label)}")).locator(
            "visible=true"
        ).click()

    def write(self, name: str, text: str) -> None:
        """Replace what stands in the box of this control."""
        self.page.locator(f"textarea[name={name}]").locator("visible=true").fill(text)

    def add(self, name: str, text: str) -> None:
        """Write into the box of this control and press *Add*."""
        box = self.page.locator(f"textarea[name={name}]").locator("visible=true")
        box.fill(text)
        box.press("Shift+Enter")

    def stars(self, count: int) -> None:
        """Rate."""
        self.page.locator(".ant-rate li").nth(count - 1).click()

    def submit(self) -> dict[str, Any]:
        """Press *Submit*; returns the annotation as the server stored it."""
        return self._sent("submit")

    def skip(self) -> dict[str, Any]:
        """Press *Skip*; returns the cancelled annotation as the server stored it."""
        return self._sent("skip")

    def update(self) -> dict[str, Any]:
        """Press *Update* on an answer given before; returns it as the server stored it."""
        return self._sent("update")

    def press(self, button: str) -> None:
        """Press a button of the bar below the task: submit, skip, update, unskip."""
        self.page.get_by_test_id(f"bottombar-{button}-button").click()

    def _sent(self, button: str) -> dict[str, Any]:
        method = "PATCH" if button == "update" else "POST"

        def ours(response: Any) -> bool:
            return _ANNOTATIONS.search(response.url) is not None and response.request.method == method

        before = self.task_id
        with self.page.expect_response(ours) as caught:
            self.press(button)
        stored = caught.value
        assert stored.ok, (stored.status, stored.text())
        # the stream goes on to the next task or says that there is none; a single task offers to update the answer
        self.page.wait_for_function(f"({_TASK_ID}) !== {before} || !!document.querySelector('[name=update]')")
        return dict(stored.json())


@contextmanager
def at_desk(browser: Any, url: str, person: Person) -> Iterator[Desk]:
    """Somebody logged in, in a browser (playwright's) that others may use too; their pages are closed at the end."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    try:
        desk = Desk(context.new_page(), url)
        desk.login(person.email, person.password)
        yield desk
    finally:
        context.close()
