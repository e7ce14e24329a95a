"""Ctrl-C is code 130 however the command was started, wherever it falls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: read by every interpreter that starts beside it: the command line is interrupted within an executed string
INTERRUPTED = """
import activeseed.cli.app
def run(arguments):
    exec("raise KeyboardInterrupt")
activeseed.cli.app.run = run
"""


def test_an_interrupt_within_an_executed_string_is_code_130_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED, encoding="utf-8")
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ended = subprocess.run([sys.executable, "-m", "activeseed", "status"], env=env, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "")
