"""The example of two readings runs, and what it says is seen, proved and found in the places that its text promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "two_readings.py"


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_example_of_two_readings_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path / "study")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "latest: 72 lines; the other reading: without 11 lines that praise recklessness" in said

    value, low, high = (float(n) for n in _only(r"the study's own ([\d.-]+) \(([\d.-]+) to ([\d.-]+)\)", said))
    assert 0.0 < low < value < high, "eleven lines of one mind move what is approved of, also at other probes"

    (at_probes,) = _only(r"at a probe by ([\d.]+)", said)
    (dreamed,) = _only(r"at an input beside them by ([\d.]+): seen", said)
    assert float(dreamed) > float(at_probes)

    regions = re.findall(r"seen ([\d.]+), proved at most ([\d.]+) \((\w+)\): ", said)
    assert len(regions) == 3, "two balls around probes, and the inputs of length one"
    assert all(0.0 < float(seen) <= float(proved) for seen, proved, _ in regions)
    assert "It holds for these two networks" in said

    assert "Where trainings end, of 60 seeds drawn from what is believed:" in said
    assert "basin A: " in said
    expected = dict(re.findall(r"(latest|without 11 lines) is expected ([\d.]+) from one of them", said))
    assert set(expected) == {"latest", "without 11 lines"}
    assert all(float(d) > 0.0 for d in expected.values())


def _only(pattern: str, said: str) -> tuple[str, ...]:
    found = re.search(pattern, said)
    assert found is not None, f"{pattern} is not in: {said}"
    return found.groups()
