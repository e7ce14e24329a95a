"""A server of one's own, as far as it goes without one: environments, ports, secrets, the settings file."""

import json
import os
import socket
import stat
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from activeseed.annotators.label_studio import installation, local, own
from activeseed.annotators.label_studio.addresses import is_loopback
from activeseed.annotators.label_studio.installation import OLDEST, VERSION, find_or_install, look, numbers
from activeseed.annotators.label_studio.people import Person, new_password, new_token
from activeseed.cli.app import run
from activeseed.cli.label_studio import write_annotator
from activeseed.config import read_settings
from activeseed.errors import AnnotatorError, ConfigError, FolderError
from tests.small_project import init_arguments, write_inputs

pytestmark = pytest.mark.usefixtures("nothing_left_open")


def listening():
    """A socket that listens on a port of loopback."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.listen()
    return held, held.getsockname()[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    assert run(init_arguments(write_inputs(folder / "in"), folder / "study")) == 0
    return folder / "study"


@pytest.fixture
def study(project, tmp_path):
    """A project of one's own, as `init` leaves it."""
    copy = tmp_path / "study"
    copy.mkdir()
    (copy / "activeseed.toml").write_text((project / "activeseed.toml").read_text("utf-8"), "utf-8")
    return copy


@pytest.fixture
def environment_of(tmp_path):
    """Makes a real virtual environment, without pip, that says it holds this release of Label Studio."""

    def make(version: str = "", program: bool = True) -> Path:
        folder = tmp_path / f"venv-{version or 'empty'}"
        venv.create(folder, with_pip=False, symlinks=True)
        if version:
            packages = next((folder / "lib").glob("python*")) / "site-packages"
            about = packages / f"label_studio-{version}.dist-info"
            about.mkdir()
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: label-studio\nVersion: {version}\n", "utf-8")
            if program:
                (folder / "bin" / "label-studio").touch()
        return folder

    return make


# --- environments ---------------------------------------------------------------------------------------------------


def test_an_environment_with_label_studio_is_taken_as_it_is(environment_of):
    folder = environment_of(VERSION)
    said: list[str] = []
    found = find_or_install(folder, said.append)
    assert (found.version, said) == (VERSION, [])
    assert found.program == folder / "bin" / "label-studio"


@pytest.mark.parametrize("older", ["1.9.2.post0", "1.19.0", "0.9.1"])
def test_a_release_that_is_too_old_is_named_with_the_oldest_that_works(environment_of, older):
    with pytest.raises(ConfigError, match=f"{older}.*{OLDEST}"):
        find_or_install(environment_of(older))


def test_releases_are_compared_as_numbers():
    assert numbers("1.9.2.post0") < numbers("1.20.0") < numbers("1.23.2") < numbers("2.0")


def test_nothing_is_installed_into_an_environment_that_is_not_ours(environment_of):
    folder = environment_of()
    before = sorted(p.name for p in folder.rglob("*"))
    with pytest.raises(ConfigError, match="holds no Label Studio"):
        find_or_install(folder)
    assert sorted(p.name for p in folder.rglob("*")) == before


def test_nor_into_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years", "utf-8")
    with pytest.raises(ConfigError, match="no virtual environment"):
        find_or_install(tmp_path)
    file = tmp_path / "thesis.txt"
    with pytest.raises(ConfigError, match="no virtual environment"):
        find_or_install(file)
    assert file.read_text("utf-8") == "three years"


@pytest.mark.slow
def test_without_a_network_it_says_so_and_the_next_call_goes_on(tmp_path, monkeypatch):
    with socket.socket() as nobody:  # bound and not listening: refused at once
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_NO_INDEX", "")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_RETRIES", "0")
        said: list[str] = []
        with pytest.raises(AnnotatorError, match=r"(?s)index reachable.*--venv.*label-studio"):
            find_or_install(tmp_path / "new", said.append)
    assert "3 to 5 minutes, 1 GB" in said[0]
    assert look(tmp_path / "new") is None, "it is ours and unfinished: the next call installs into it"
    assert not list((tmp_path / "new").glob("activeseed-label-studio.txt")), "the stamp is written last"


def test_an_installation_of_ours_that_lost_its_interpreter_is_made_again(tmp_path, environment_of):
    folder = environment_of(VERSION)
    (folder / "activeseed-label-studio.txt").write_text("label-studio\n", "utf-8")
    for name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        (folder / "bin" / name).unlink(missing_ok=True)
    (folder / "bin" / "python").symlink_to(tmp_path / "gone")
    assert look(folder) is None


def test_two_processes_do_not_install_at_once(tmp_path):
    waited: list[str] = []
    with installation.locked(tmp_path / "lock"):
        other = subprocess.Popen(
            [
                sys.executable, "-c",
                "import sys; from pathlib import Path\n"
                "from activeseed.annotators.label_studio.installation import locked\n"
                "with locked(Path(sys.argv[1]), lambda: print('waits', flush=True)): print('in', flush=True)",
                str(tmp_path / "lock"),
            ],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdout is not None
        waited.append(other.stdout.readline().strip())
        assert other.poll() is None
    waited.append(other.communicate(timeout=60)[0].strip())
    assert waited == ["waits", "in"]


# --- what the server is started with --------------------------------------------------------------------------------


def test_the_server_inherits_nothing_that_configures_it_and_no_secret(tmp_path, monkeypatch):
    for name in ("HOST", "PORT", "USERNAME", "DEBUG", "SECRET_KEY", "LABEL_STUDIO_HOST", "OPENAI_API_KEY", "CI"):
        monkeypatch.setenv(name, "mine")
    given = local.environment(tmp_path)
    assert "mine" not in given.values()
    off = ("COLLECT_ANALYTICS", "LATEST_VERSION_CHECK", "CORS_ALLOW_ALL_ORIGINS", "SSRF_PROTECTION_ENABLED")
    assert [given[f"LABEL_STUDIO_{name}"] for name in off] == ["false"] * len(off)
    assert given["LABEL_STUDIO_SENTRY_DSN"] == given["LABEL_STUDIO_FRONTEND_SENTRY_DSN"] == ""
    assert given["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_whoever_serves_others_keeps_the_protection_against_forged_requests(tmp_path, host):
    assert "LABEL_STUDIO_SSRF_PROTECTION_ENABLED" not in local.environment(tmp_path, host)
    assert not is_loopback(host)


def test_a_port_that_somebody_listens_on_is_not_free():
    held, port = listening()
    with held:
        assert not local.is_free(port)
        assert not local.is_free(port, "0.0.0.0")
    assert local.is_free(port)


def test_a_busy_port_is_named_before_anything_is_installed(study, capsys, tmp_path):
    held, port = listening()
    with held:
        assert run(["label-studio", "up", "--dir", str(study), "--port", str(port), "--venv", str(tmp_path / "v")]) == 2
    err = capsys.readouterr().err
    assert f"Port {port} is busy" in err
    assert "--port" in err
    assert not (tmp_path / "v").exists()
    assert read_settings(study).annotator.kind == "terminal"


def test_a_server_that_ends_at_once_is_an_error_with_the_end_of_its_log(tmp_path, environment_of):
    folder = environment_of(VERSION)
    program = folder / "bin" / "label-studio"
    program.write_text("#!/bin/sh\necho 'ImportError: no module named attr' >&2\nexit 3\n", "utf-8")
    program.chmod(0o755)
    found = look(folder)
    assert found is not None
    with pytest.raises(AnnotatorError, match="no module named attr"):
        local.start(found, tmp_path, port=local.free_port())
    assert local.running(tmp_path) is None


def test_a_database_that_can_not_be_set_up_is_an_error_that_names_the_installation(tmp_path, environment_of):
    found = look(environment_of(VERSION))  # an environment whose package is not there
    assert found is not None
    with pytest.raises(AnnotatorError, match=r"(?s)could not set up its database.*No module named 'label_studio'"):
        local.prepare(found, tmp_path / "home", [])


def test_a_server_that_does_not_answer_in_time_is_ended(tmp_path, environment_of):
    folder = environment_of(VERSION)
    program = folder / "bin" / "label-studio"
    program.write_text("#!/bin/sh\necho 'thinking'\nexec sleep 600\n", "utf-8")
    program.chmod(0o755)
    found = look(folder)
    assert found is not None
    with pytest.raises(AnnotatorError, match=r"(?s)did not answer within 1 s.*thinking"):
        local.start(found, tmp_path, port=local.free_port(), seconds=1.0)
    assert local.running(tmp_path) is None


def test_a_server_outlives_whoever_started_it_and_is_found_by_its_lock_not_by_its_number(tmp_path):
    (tmp_path / "server.json").write_text(
        json.dumps({"host": "127.0.0.1", "port": 9, "pid": os.getpid(), "venv": ""}), "utf-8"
    )
    (tmp_path / "server.lock").touch()
    assert local.running(tmp_path) is None, "that process is somebody else"
    holder = subprocess.Popen(
        [
            sys.executable, "-c",
            "import fcntl, subprocess, sys\n"
            "lock = open(sys.argv[1], 'a+b'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
            "kept = dict(pass_fds=[lock.fileno()], start_new_session=True, stdout=subprocess.DEVNULL)\n"
            "print(subprocess.Popen(['sleep', '600'], **kept).pid)",
            str(tmp_path / "server.lock"),
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    pid = int(holder.communicate(timeout=60)[0])
    (tmp_path / "server.json").write_text(json.dumps({"host": "127.0.0.1", "port": 9, "pid": pid, "venv": ""}), "utf-8")
    found = local.running(tmp_path)
    assert found is not None
    assert found.pid == pid
    found.stop()
    assert local.running(tmp_path) is None


# --- people, secrets, settings --------------------------------------------------------------------------------------


def test_secrets_are_random_long_enough_and_in_no_representation():
    assert new_password() != new_password()
    assert len(new_password()) >= 16
    assert len(new_token()) == 40
    person = Person("first@example.org", new_password(), new_token())
    assert person.password not in repr(person)
    assert person.token not in repr(person)


@pytest.mark.parametrize("address", ["first", "a b@c", "<x@y>", "@", "x" * 250 + "@y"])
def test_what_is_no_e_mail_is_refused_before_anything_is_installed(study, address, capsys):
    assert run(["label-studio", "up", "--dir", str(study), "--annotator", address]) == 2
    assert "no e-mail address" in capsys.readouterr().err
    assert not own.home_of(study).exists()


def test_logins_are_for_their_owner_alone_and_damage_is_said(tmp_path):
    home = own.home_of(tmp_path)
    people, new = own._with((), own.ADMIN, ["first@example.org", "FIRST@example.org"])
    assert [p.email for p in new] == [own.ADMIN, "first@example.org"]
    own._write_logins(home, people)
    path = own.logins_of(tmp_path)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (home, path)] == [0o700, 0o600]
    assert own._read_logins(home) == people
    assert own._with(people, own.ADMIN, ["First@example.org"]) == (people, ())
    path.write_text('{"people": [{"password": "hush"}]}', "utf-8")
    with pytest.raises(FolderError, match=r"logins\.json can't be read") as caught:
        own._read_logins(home)
    assert "hush" not in str(caught.value)


def test_a_secret_never_lies_in_a_file_that_was_open_to_others(tmp_path):
    path = tmp_path / "token"
    path.write_text("before", "utf-8")
    path.chmod(0o644)
    with path.open() as reader:  # somebody had it open
        own._write_secret(path, "after")
        assert reader.read() == "before"
    assert (path.read_text("utf-8"), stat.S_IMODE(path.stat().st_mode)) == ("after", 0o600)
    assert [p.name for p in tmp_path.iterdir()] == ["token"]


def test_the_settings_file_keeps_everything_that_is_not_the_annotator(study):
    path = study / "activeseed.toml"
    path.write_text(path.read_text("utf-8").replace("\n[ask]", "\n# mine\n[ask]"), "utf-8")
    before = path.read_text("utf-8")
    write_annotator(study, "http://127.0.0.1:8090")
    after = path.read_text("utf-8")
    head, _, rest = before.partition("[annotator]")
    assert after.startswith(head)
    assert after.endswith(rest[rest.index("\n[") :])
    assert read_settings(study).annotator.url == "http://127.0.0.1:8090"
    was, now = tomllib.loads(before), tomllib.loads(after)
    was.pop("annotator"), now.pop("annotator")
    assert was == now


def test_a_second_time_only_the_address_changes(study):
    path = study / "activeseed.toml"
    write_annotator(study, "http://127.0.0.1:8090")
    path.write_text(path.read_text("utf-8").replace("\ntoken_file", '\ntitle = "Mine" # yes\ntoken_file'), "utf-8")
    before = path.read_text("utf-8")
    write_annotator(study, "http://127.0.0.1:8091")
    assert path.read_text("utf-8") == before.replace("8090", "8091")
    write_annotator(study, "http://127.0.0.1:8091")
    assert path.read_text("utf-8") == before.replace("8090", "8091")


@pytest.mark.parametrize("chosen", ['kind = "file"', 'kind = "label_studio"\nurl = "https://labels.example.org"'])
def test_an_annotator_that_was_chosen_is_not_replaced_unasked(study, chosen, capsys):
    path = study / "activeseed.toml"
    head, _, rest = path.read_text("utf-8").partition("[annotator]")
    path.write_text(f"{head}[annotator]\n{chosen}\n{rest[rest.index(chr(10) + '[') :]}", "utf-8")
    before = path.read_text("utf-8")
    assert run(["label-studio", "up", "--dir", str(study)]) == 2
    err = capsys.readouterr().err
    assert "--yes" in err
    assert path.read_text("utf-8") == before
    assert not own.home_of(study).exists()


@pytest.mark.parametrize("name", ["ACTIVESEED_LABEL_STUDIO_TOKEN", "LABEL_STUDIO_API_KEY"])
def test_a_token_that_would_go_before_the_servers_own_is_named_and_not_shown(study, name, monkeypatch, capsys):
    monkeypatch.setenv(name, "hush")
    assert run(["label-studio", "up", "--dir", str(study)]) == 2
    err = capsys.readouterr().err
    assert f"unset {name}" in err
    assert "hush" not in err
    assert not own.home_of(study).exists()


def test_down_says_when_there_is_nothing_to_stop(study, tmp_path, capsys):
    assert run(["label-studio", "down", "--dir", str(study)]) == 0
    assert "No server" in capsys.readouterr().err
    assert run(["label-studio", "down", "--dir", str(tmp_path)]) == 2
    assert "activeseed init" in capsys.readouterr().err
