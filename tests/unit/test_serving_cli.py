"""``activeseed serve`` before anything is served: what it refuses, and what it says of where it can be reached."""

import contextlib
import socket

import pytest
import tomlkit

from activeseed.cli.app import run
from activeseed.cli.serve import introduction, reached_at
from activeseed.serving import Listener, Secret, listen, only_one
from tests.small_project import init_arguments, write_inputs

pytestmark = pytest.mark.usefixtures("nothing_left_open")

WORD = "a-secret-of-enough-characters"
SECRET = Secret(WORD, "the-file")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    assert run(init_arguments(write_inputs(folder / "inputs"), folder / "project")) == 0
    return folder / "project"


@pytest.fixture
def remote(project, monkeypatch):
    """The project with annotators in Label Studio, at an address where nothing answers."""
    text = (project / "activeseed.toml").read_text("utf-8")
    changed = tomlkit.parse(text)
    changed["annotator"] = {"kind": "label_studio", "url": "http://127.0.0.1:9"}
    (project / "activeseed.toml").write_text(tomlkit.dumps(changed), "utf-8")
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", "a" * 40)
    yield project
    (project / "activeseed.toml").write_text(text, "utf-8")


def refused(capsys, *arguments):
    capsys.readouterr()
    assert run(["serve", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert "Traceback" not in err
    assert WORD not in err
    return err


def test_a_study_whose_annotators_are_elsewhere(project, capsys):
    said = refused(capsys, "--dir", str(project))
    assert "'terminal'" in said
    assert 'kind = "label_studio"' in said


def test_a_folder_without_a_study(tmp_path, capsys):
    assert "activeseed init" in refused(capsys, "--dir", str(tmp_path))


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5:9090",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x?y=1",
        "http://x#y",
        "http://x:0",
        "http://x:y",
        "http://[::1",
    ],
)
def test_an_address_that_is_none(remote, capsys, address):
    said = refused(capsys, "--dir", str(remote), "--address", address)
    assert "--address" in said
    assert "http://10.0.0.5:9090" in said


def test_a_taken_port(remote, capsys):
    with contextlib.closing(listen("127.0.0.1", 0).socket) as taken:
        port = taken.getsockname()[1]
        said = refused(capsys, "--dir", str(remote), "--port", str(port))
    assert f"--port {port + 1}" in said


def test_a_host_that_is_not_ours(remote, capsys):
    assert "--host" in refused(capsys, "--dir", str(remote), "--host", "192.0.2.1")


def test_a_second_one(remote, capsys):
    with only_one(remote):
        assert "runs already for this study" in refused(capsys, "--dir", str(remote), "--port", "0")


def test_a_secret_that_is_too_short(remote, capsys, monkeypatch):
    monkeypatch.setenv("ACTIVESEED_WEBHOOK_SECRET", "hunter2")
    said = refused(capsys, "--dir", str(remote), "--port", "0")
    assert "ACTIVESEED_WEBHOOK_SECRET" in said
    assert "hunter2" not in said


def test_the_secret_is_no_option(capsys):
    run(["serve", "--help"])
    assert "secret" not in capsys.readouterr().out.lower()


# --- where it can be reached ----------------------------------------------------------------------------------------

HERE, LAN, ALL = "127.0.0.1", "192.0.2.7", "0.0.0.0"


@pytest.mark.parametrize(
    ("host", "address", "server", "reached"),
    [
        (HERE, "", "http://127.0.0.1:8080", "http://127.0.0.1:9090"),
        (HERE, "", "http://localhost:8080", "http://127.0.0.1:9090"),
        (HERE, "", "https://labels.example.org", ""),
        (HERE, "https://hooks.example.org/seed", "https://labels.example.org", "https://hooks.example.org/seed"),
        (LAN, "", "https://labels.example.org", "http://192.0.2.7:9090"),
        (LAN, "", "http://localhost:8080", "http://192.0.2.7:9090"),
        (ALL, "", "http://localhost:8080", "http://127.0.0.1:9090"),
        (ALL, "", "https://labels.example.org", ""),
        ("::", "", "https://labels.example.org", ""),
        ("::1", "", "http://[::1]:8080", "http://[::1]:9090"),
    ],
)
def test_how_label_studio_reaches_us(host, address, server, reached):
    with contextlib.closing(socket.socket()) as unused:
        listener = Listener(unused, host, 9090)
        assert reached_at(listener, address, server) == reached
        said = "\n".join(introduction(listener, reached, server, SECRET))
    assert server in said
    assert "the-file" in said
    assert WORD not in said
    assert ("Other machines can reach this" in said) == (host not in (HERE, "::1"))
    assert ("say with" in said) == (not reached)
