"""The benchmark of the channel on a few tasks: it measures what it says, and its rows are those of every benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.label_studio import Bench, measure
from tests.label_studio import Site

pytestmark = pytest.mark.server


def test_rates_of_both_ways_and_a_small_read(server: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    bench = Bench(server.url, server.admin.token, tmp_path)
    try:
        rows = measure(bench, 60, repeats=1)
    finally:
        client = server.client()
        for project in bench.made:
            client.projects.delete(project)
        bench.close()
    assert {tuple(sorted(row)) for row in rows} == {("claim", "interval", "met", "target", "value")}
    by_claim = {row["claim"]: row for row in rows}
    for what in ("tasks of", "annotations pulled"):
        script, channel = (r["value"] for c, r in by_claim.items() if what in c and " a second, " in c)
        (ratio,) = (r for c, r in by_claim.items() if what in c and "rate of the channel" in c)
        assert ratio["target"] == ">= 0.8"
        assert ratio["value"] == pytest.approx(channel / script)
        assert ratio["met"] == (ratio["value"] >= 0.8)
    small = next(r for c, r in by_claim.items() if "time / that of a full read" in c)
    assert small["met"] is None, "says nothing about so few"
