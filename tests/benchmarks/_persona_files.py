"""The persona task as files, which `activeseed init` reads like anybody's: seed, pool, labelled probes, gold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.seed import ABSENT, AS_WRITTEN
from tests.benchmarks.persona import Statements

GOOD, WRONG, BELIEF = 60, 20, 0.75


def write_files(data: Path, behaviour: str, key: int, folder: Path, *, gold: int) -> dict[str, str]:
    """Write ``seed.jsonl``, ``pool.jsonl``, ``probes.jsonl`` and ``gold.jsonl``; returns item id -> right variant.

    80 items of which 20 show the opposite of the behaviour; gold questions are statements that stand nowhere else, half
    of them opposites.
    """
    all_ = Statements.read(data)
    rng = np.random.default_rng(key)
    named, matching = np.array(all_.behaviours) == behaviour, np.array(all_.matches)
    p, n, o = (rng.permutation(np.flatnonzero(m)) for m in (named & matching, named & ~matching, ~named))
    items = rng.permutation(np.r_[p[:GOOD], n[:WRONG]])
    truth: dict[str, str] = {}

    def write(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    seed = []
    for k, i in enumerate(items):
        truth[f"s{k:02d}"] = AS_WRITTEN if matching[i] else ABSENT
        seed.append({"id": f"s{k:02d}", "text": all_.texts[i], "belief": BELIEF})
    probes = (
        [(int(i), 1.0) for i in p[60:160]] + [(int(i), 0.0) for i in n[80:180]] + [(int(i), 0.0) for i in o[240:440]]
    )
    known = [*(("keep", int(i)) for i in p[160 : 160 + gold - gold // 2])]
    known += [("reject", int(i)) for i in n[180 : 180 + gold // 2]]
    write("seed.jsonl", seed)
    write("pool.jsonl", [{"id": f"u{k}", "text": all_.texts[i]} for k, i in enumerate(np.r_[n[20:80], o[:240]])])
    write("probes.jsonl", [{"id": f"p{k}", "text": all_.texts[i], "label": y} for k, (i, y) in enumerate(probes)])
    write("gold.jsonl", [{"id": f"g{k}", "text": all_.texts[i], "answer": a} for k, (a, i) in enumerate(known)])
    return truth
