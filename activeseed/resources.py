"""Finds the files that ship with the package, in a checkout and in an installation alike."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def bundled(name: str) -> Traversable:
    """A file or folder of `activeseed/data`, such as a bundled seed.

    Args:
        name: Path below `activeseed/data`, with forward slashes.

    Raises:
        FileNotFoundError: Nothing of that name is shipped.
    """
    return _existing(files("activeseed") / "data" / name)


def annotator_templates() -> Traversable:
    """The folder of labelling configurations, one per kind of question.

    A wheel carries it inside the package; a checkout, and so an editable install, has it beside the package.

    Raises:
        FileNotFoundError: The installation is incomplete.
    """
    inside = files("activeseed") / "annotator_templates"
    return inside if inside.is_dir() else _existing(Path(__file__).parent.parent / "annotator_templates")


def _existing(place: Traversable) -> Traversable:
    if place.is_dir() or place.is_file():
        return place
    raise FileNotFoundError(f"{place} is missing: the installation is incomplete, install activeseed again")
