"""What is installed is what the repository holds."""

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path

import pytest

import activeseed
from activeseed.resources import annotator_templates, bundled

ROOT = Path(__file__).parents[2]


def test_one_version_everywhere():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert activeseed.__version__ == declared == version("activeseed")


def test_the_command_is_installed():
    (command,) = entry_points(group="console_scripts", name="activeseed")
    assert command.value == "activeseed.cli:main"


def test_types_are_shipped():
    assert files("activeseed").joinpath("py.typed").is_file()


def test_the_bundled_seeds_are_shipped():
    assert {"positives.jsonl", "pool.jsonl", "probes.jsonl", "truth.jsonl"} <= {
        e.name for e in bundled("careful").iterdir()
    }
    assert {"pairs.jsonl", "probes.jsonl", "gold.jsonl", "truth.jsonl"} <= {
        e.name for e in bundled("patience").iterdir()
    }
    assert {"charter.jsonl", "probes.jsonl", "gold.jsonl", "truth.jsonl"} <= {
        e.name for e in bundled("charter").iterdir()
    }


def test_templates_are_reachable():
    assert any(entry.is_file() for entry in annotator_templates().iterdir())


def test_a_wheel_carries_what_a_checkout_holds(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    expected = _files("activeseed") | {f"activeseed/{path}" for path in _files("annotator_templates")}
    assert expected <= shipped
    assert not {name for name in shipped - expected if "dist-info" not in name}


def test_a_missing_file_says_what_to_do():
    with pytest.raises(FileNotFoundError, match="install activeseed again"):
        bundled("no-such-example")


def _files(folder: str) -> set[str]:
    """Paths below the root, without the caches of Python and of the linters."""
    paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not any(part.startswith((".", "__pycache__")) for part in path.parts)}
