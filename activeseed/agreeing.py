"""What needs somebody's agreement, in the words that they are asked in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: characters of a name or a command that are shown
LONGEST = 200


def said(text: str) -> str:
    """A name or a command as it is shown: on one line, and not too long."""
    shown = " ".join(text.split())
    return repr(shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…")


def leads_out(folder: Path, path: str) -> bool:
    """Whether a path, or the link that lies there, leads out of the project folder."""
    try:
        return not (folder / Path(path).expanduser()).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return True


def as_json(value: Any) -> Any:
    """A value of the settings as JSON has it, whatever it holds."""
    return json.loads(json.dumps(value, default=str))
