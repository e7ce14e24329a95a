"""Where the token of a Label Studio server comes from, and that it goes nowhere else."""

import os
from pathlib import Path

import pytest

from activeseed.annotators.label_studio.connection import Connection
from activeseed.annotators.label_studio.credentials import read_token
from activeseed.errors import ConfigError

TOKEN = "0123456789abcdef0123456789abcdef01234567"


def written(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "token"
    path.write_bytes(text.encode())
    path.chmod(mode)
    return "token"


def test_the_environment_goes_before_the_file_and_our_variable_before_theirs(tmp_path: Path) -> None:
    file = written(tmp_path, "from-the-file\n")
    both = {"ACTIVESEED_LABEL_STUDIO_TOKEN": " ours ", "LABEL_STUDIO_API_KEY": "theirs"}
    assert read_token(file, tmp_path, both).get_secret_value() == "ours"
    assert read_token(file, tmp_path, {"LABEL_STUDIO_API_KEY": "theirs"}).get_secret_value() == "theirs"
    assert read_token(file, tmp_path, {"LABEL_STUDIO_API_KEY": "  "}).get_secret_value() == "from-the-file"


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path, TOKEN, mode)
    with pytest.raises(ConfigError, match=r"can be read by others.*chmod 600") as caught:
        read_token(file, tmp_path, {})
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("\n \n", "is empty"), ("two words", "holds no token"), ("a\nb", "holds no token"),
     ("tökén", "holds no token"), ("x" * 9000, "too long"), ("nul\x00", "holds no token")],
)  # fmt: skip
def test_what_can_be_no_token_is_said_without_showing_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_token(written(tmp_path, text), tmp_path, {})
    assert not text.strip() or text.strip() not in str(caught.value)


def test_no_token_at_all_says_where_one_would_be_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ACTIVESEED_LABEL_STUDIO_TOKEN") as caught:
        read_token("missing", tmp_path, {})
    assert str(tmp_path / "missing") in str(caught.value)
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="can't be read"):
        read_token("folder", tmp_path, {})


def test_nothing_shows_a_token(tmp_path: Path) -> None:
    token = read_token(written(tmp_path, TOKEN), tmp_path, {})
    assert TOKEN not in repr(token) + str(token) + repr(Connection("http://127.0.0.1:1", token))


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "http://", "http://user:secret@host", "http://h?a=1"])
def test_an_address_that_is_none_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    token = read_token(written(tmp_path, TOKEN), tmp_path, {})
    with pytest.raises(ConfigError, match="is no address of a Label Studio server") as caught:
        Connection(url, token)
    assert "secret" not in str(caught.value)
