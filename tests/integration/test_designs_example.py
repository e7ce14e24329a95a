"""The example of designs runs, and tells which is stable and which is good."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "designs.py"


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_example_of_designs_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path / "study")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"^  (\w[\w ]*?) +spread +([\d.]+) ± [\d.]+ \(10⁻³\)   AUC ([\d.]+)", done.stdout, re.MULTILINE)
    assert len(lines) == 7
    spread = {name: float(s) for name, s, _ in lines}
    auc = {name: float(a) for name, _, a in lines}
    assert spread["deaf"] < spread["as it is"], "what hardly listens to its seed hardly hangs on it"
    assert auc["deaf"] < auc["as it is"], "and has learnt less"
    assert spread["half the seed"] > spread["as it is"], "of fewer items each decides more"
    said = " ".join(done.stdout.split())
    assert "By stability alone 'deaf' would be picked" in said
    assert "On the Pareto front as measured: " in said
