"""`activeseed label-studio check` and `renew`: what is found, and a project that somebody deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from activeseed.cli.app import run
from activeseed.cli.label_studio import write_annotator
from tests.label_studio import Site, unique_title
from tests.small_project import init_arguments, write_inputs

pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path: Path, server: Site, title: str) -> Path:
    """A small project whose annotators are on the shared server."""
    folder = tmp_path / "study"
    assert run(init_arguments(write_inputs(tmp_path / "in"), folder)) == 0
    write_annotator(folder, server.url)
    path = folder / "activeseed.toml"
    path.write_text(path.read_text("utf-8").replace("\ntoken_file", f'\ntitle = "{title}"\ntoken_file'), "utf-8")
    token = folder / ".activeseed" / "label_studio" / "token"
    token.parent.mkdir(parents=True)
    token.touch(mode=0o600)
    token.write_text(server.admin.token, "utf-8")
    return folder


@pytest.fixture
def cli(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command of this project: code, what it printed, what it said."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([*arguments, "--dir", str(project)])
        return code, *capsys.readouterr()

    return command


def _mine(server: Site, title: str) -> list[int]:
    return [p.id for p in server.client().projects.list(page_size=1000) if p.title.startswith(title)]


def test_a_deleted_project_is_named_and_made_anew_with_what_is_pending(
    server: Site, title: str, cli: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = cli("label-studio", "check")
    assert (code, err) == (0, "")
    assert f"at {server.url}, signed in as admin@example.com" in out
    assert "No project yet" in out

    code, _, err = cli("queue", "-n", "3")
    assert code == 0, err
    projects = _mine(server, title)
    assert projects
    code, out, _ = cli("label-studio", "check")
    assert code == 0
    assert all(f"project {p} " in out for p in projects)
    asked = {p: server.client().projects.get(p).task_number for p in projects}
    assert cli("label-studio", "renew")[::2] == (0, "Every project of this study is there.\n")

    for project in projects:
        server.client().projects.delete(project)
    code, out, err = cli("label-studio", "check")
    assert code == 1
    assert f"Project {projects[0]} " in err
    assert "activeseed label-studio renew" in err
    code, _, err = cli("label-studio", "renew")
    assert code == 2, "it asks first"
    assert "--yes" in err
    assert _mine(server, title) == []
    code, out, err = cli("label-studio", "renew", "--yes")
    assert code == 0, err
    made = _mine(server, title)
    assert sum(server.client().projects.get(p).task_number for p in made) == sum(asked.values())
    assert all(f"{server.url}/projects/{p}/" in out for p in made)
    assert cli("label-studio", "check")[0] == 0


def test_a_study_with_another_annotator_is_told_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / unique_title("other")
    assert run(init_arguments(write_inputs(tmp_path / "in"), folder)) == 0
    assert run(["label-studio", "check", "--dir", str(folder)]) == 2
    assert "activeseed label-studio up" in capsys.readouterr().err
