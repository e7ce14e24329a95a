"""One project for all bad inputs: each gets a copy of its own."""

from pathlib import Path

import pytest

from tests.refusing import copied, made_once


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory.mktemp("made"))


@pytest.fixture
def study(_made: Path, tmp_path: Path) -> Path:
    """A project with two pending questions."""
    return copied(_made, tmp_path / "copy")
