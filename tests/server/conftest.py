"""A real Label Studio for the tests of this folder, installed and started by activeseed's own code.

What the environment may say, read before any test changes it:
  ACTIVESEED_TEST_LABEL_STUDIO      a `label-studio` program, or an environment that holds one
  ACTIVESEED_TEST_LABEL_STUDIO_URL  a running server with the people of tests/label_studio.py, for tests that kill none
  CI                                what can't be had fails instead of being skipped
  CHROMIUM                          the browser
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.label_studio.installation import Installation, default_venv, find_or_install
from activeseed.annotators.label_studio.local import prepare
from activeseed.annotators.label_studio.people import Person
from activeseed.errors import ActiveseedError
from tests.label_studio import PEOPLE, FreshSite, Site, chromium, unique_title
from tests.server.by_api import Api

_PROGRAM = os.environ.get("ACTIVESEED_TEST_LABEL_STUDIO", "")
_URL = os.environ.get("ACTIVESEED_TEST_LABEL_STUDIO_URL", "").rstrip("/")
_CI = bool(os.environ.get("CI"))
_CHROMIUM = chromium()


def _cannot(reason: str) -> None:
    """Skipped on a developer's machine, failed in CI: what was not run is not known to work."""
    if _CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _nothing_is_left_open(nothing_left_open: None) -> None:
    """Whoever leaves a socket open is told in their own test, not in the one in which the collector happens to run."""


@pytest.fixture(scope="session")
def installation(request: pytest.FixtureRequest) -> Installation:
    """Label Studio, installed where it is missing; seen to be doing so."""
    venv = Path(_PROGRAM) if _PROGRAM else default_venv()
    if _PROGRAM and not venv.is_dir():
        venv = venv.parent.parent
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        try:
            return find_or_install(venv)
        except ActiveseedError as error:
            _cannot(f"no Label Studio to test against: {error}")
            raise


@pytest.fixture(scope="session")
def prepared(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's data with everybody who may log in, to be copied."""
    folder = tmp_path_factory.mktemp("label-studio") / "prepared"
    prepare(installation, folder, PEOPLE)
    return folder


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server that the tests of this process share. Never kill it; delete what you make (see ``titles``)."""
    if _URL:
        named = Site(_URL)
        yield named
        named.close()
        return
    found: Installation = request.getfixturevalue("installation")
    template: Path = request.getfixturevalue("prepared")
    site = FreshSite.started(found, template, tmp_path_factory.mktemp("label-studio") / "shared")
    try:
        yield site
    finally:
        site.close()
        site.stop()


@pytest.fixture
def fresh_server(installation: Installation, prepared: Path, tmp_path: Path) -> Iterator[FreshSite]:
    """A server of this test's own: 5 s to start. It may be killed and restarted."""
    site = FreshSite.started(installation, prepared, tmp_path / "label-studio")
    try:
        yield site
    finally:
        site.close()
        site.server.kill()


@pytest.fixture
def labelling(server: Site) -> Callable[[Person | str], Any]:
    """SDK clients of the shared server: ``labelling(server.ann1)``, or by token."""
    return server.client


@pytest.fixture
def titles(server: Site, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes unique titles; projects of the shared server whose title begins with one are deleted after the test."""
    given: list[str] = []

    def made() -> str:
        given.append(unique_title(request.node.name.removeprefix("test_").replace("_", " ")))
        return given[-1]

    yield made
    if not given:
        return
    for title in given:
        Api(server.url, server.admin.token).delete_projects(title)


@pytest.fixture
def title(titles: Callable[[], str]) -> str:
    """One such title."""
    return titles()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium (playwright's ``Browser``). Make a context of your own in it, and close that."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _cannot("playwright is not installed: pip install 'activeseed[dev]'")
        raise
    with sync_playwright() as playwright:
        try:
            # as root, in a container, Chromium's own sandbox can't be had
            arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            opened = playwright.chromium.launch(executable_path=_CHROMIUM or None, args=arguments)
        except Error as error:
            _cannot(f"no Chromium: install it, or name it in CHROMIUM ({str(error).strip().splitlines()[0]})")
            raise
        try:
            yield opened
        finally:
            opened.close()
