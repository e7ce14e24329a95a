"""Label Studio: questions out and answers in through the channel, beside a bare SDK script that does the same work.

    python -m tests.benchmarks.label_studio [--quick] [--json FILE] [--server URL | --label-studio PATH]

Both ways push the same tasks into projects of their own and read the same annotations of one project, in the same
process, in turns, first one and then the other going first; rates are medians, the interval of a ratio is its range
over the repeats. The script is given ready-made tasks, imports them a thousand at a time, and reads pages of 500 with
the few fields that it needs: the fastest that the SDK does on this server. The channel makes the tasks of questions,
asks first what is there, reads answers and checks them, and keeps its ledger.

The server is one that this starts (from ``--label-studio``, or from where activeseed installs it), its data thrown away
at the end, or one that runs at ``--server`` (token in ACTIVESEED_LABEL_STUDIO_TOKEN), where projects are deleted at the
end. ``--data`` is not used: what is measured does not depend on what texts say.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from activeseed.annotators.label_studio import LabelStudio
from activeseed.annotators.label_studio.channel import Channel
from activeseed.annotators.label_studio.installation import default_venv, look
from activeseed.annotators.label_studio.local import prepare, start
from activeseed.annotators.templates import task_data, template
from activeseed.protocols import Assignment
from activeseed.question import Answer, Consequence, Question
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text
from tests import peak_memory
from tests.benchmarks._report import missed, report, row, table, write
from tests.label_studio import PEOPLE, sdk_client

TOKEN = "ACTIVESEED_LABEL_STUDIO_TOKEN"
#: share of the bare script's rate that the channel is to reach, and of a full read's time that a small one may take
RATE, SMALL = 0.8, 0.05
#: answers that a small read finds
NEW = 10
ONCE: Any = {"max_retries": 0, "timeout_in_seconds": 600}
FIELDS = "id,meta,annotations,updated_at,created_at,result,completed_by,was_cancelled,lead_time,ground_truth"
SEED = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=f"An item, number {n}.")) for n in range(10)))


def questions(count: int) -> list[Question]:
    """Questions of the size that studies ask: some 150 characters, two places where something hangs on the answer."""
    return [
        Question(
            id=f"r{1 + n // 100:03d}-{1 + n % 100:02d}", kind="review", items=(f"i{n % 10}",),
            text=f"Item {n}: if somebody asks me whether I have checked it, I say what I have checked and what I have "
            "not, and where they can look it up.",
            options={AS_WRITTEN: "as it stands"}, value=1.0 / (n + 1), round=1 + n // 100,
            reason=f"Believed to stay with probability {50 + n % 50}%. An answer settles about 12% of what is unclear.",
            consequences=tuple(
                Consequence(
                    probe=f"p{k}", text=f"Case {k}: are you certain that the second figure of the table is right?",
                    outcomes={AS_WRITTEN: 0.81, ABSENT: 0.34},
                )
                for k in range(2)
            ),
        )
        for n in range(count)
    ]  # fmt: skip


@dataclass
class Bench:
    """A server, who signs in, and what was made there.

    Attributes:
        folder: for the ledgers of channels.
        made: ids of projects.
        pid: the server's process, where it is our own.
    """

    url: str
    token: str
    folder: Path
    made: list[int] = field(default_factory=list)
    pid: int = 0
    _opened: list[Any] = field(default_factory=list, init=False, repr=False)

    @property
    def cpu(self) -> float | None:
        """Seconds of processor time that this process and the server have had; None where nobody tells."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return None
        return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def sdk(self) -> Any:
        made, http = sdk_client(self.url, self.token, 600.0)
        self._opened.append(http)
        return made

    def close(self) -> None:
        """Close the sockets of the SDK's clients."""
        while self._opened:
            self._opened.pop().close()

    def channel(self, study: str) -> Channel:
        """The channel of a study as a process has it that knows nothing of the server yet."""
        assignment = Assignment(self.folder / uuid.uuid4().hex, study, "bench")
        made = LabelStudio(url=self.url, title=f"bench {study}").assigned(assignment)
        assert isinstance(made, Channel)
        return made

    # --- pushing ------------------------------------------------------------------------------------------------

    def push_bare(self, tasks: Sequence[dict[str, Any]]) -> None:
        ls = self.sdk
        project = ls.projects.create(
            title="bench bare", label_config=template("review"), sampling="Uncertainty sampling"
        )
        self.made.append(project.id)
        for at in range(0, len(tasks), 1000):
            chunk = list(tasks[at : at + 1000])
            ls.projects.import_tasks(id=project.id, request=chunk, return_task_ids=True, request_options=ONCE)
        assert ls.projects.get(project.id).task_number == len(tasks)

    def push(self, asked: Sequence[Question]) -> None:
        channel = self.channel(uuid.uuid4().hex[:16])
        channel.submit(asked, SEED)
        (shelf,) = channel.ledger.shelves.values()
        self.made.append(shelf.id)
        assert len(shelf.tasks) == len(asked)
        channel.connection.close()

    # --- pulling ------------------------------------------------------------------------------------------------

    def answered(self, study: str, tasks: Sequence[dict[str, Any]]) -> int:
        """A project of the study with these tasks, each answered once; annotations travel with the import."""
        channel = self.channel(study)
        channel.submit(questions(1), SEED)
        (shelf,) = channel.ledger.shelves.values()
        self.made.append(shelf.id)
        ls = self.sdk
        said = {"from_name": "verdict", "to_name": "item", "type": "choices", "value": {"choices": ["keep"]}}
        stars = {"from_name": "confidence", "to_name": "item", "type": "rating", "value": {"rating": 4}}
        given = [{"result": [said, stars], "lead_time": 4.2}]
        for at in range(0, len(tasks), 1000):
            chunk = [
                {"data": t["data"], "meta": {**t["meta"], "activeseed": study}, "annotations": given}
                for t in tasks[at : at + 1000]
            ]
            ls.projects.import_tasks(id=shelf.id, request=chunk, return_task_ids=True, request_options=ONCE)
        # the one that came by the channel has no annotation: whoever reads answers has no use for it
        ls.tasks.delete(id=str(next(iter(shelf.tasks))))
        channel.connection.close()
        return int(shelf.id)

    def pull_bare(self, project: int, count: int) -> None:
        found = {}
        for task in self.sdk.tasks.list(project=project, include=FIELDS, page_size=500):
            for annotation in task.annotations or []:
                a = annotation if isinstance(annotation, dict) else annotation.model_dump(mode="json")
                values = {r["from_name"]: r["value"] for r in a["result"]}
                found[a["id"]] = (task.meta["question"], a["completed_by"], a["updated_at"], a["lead_time"], values)
        assert len(found) == count

    def pull(self, study: str, asked: Sequence[Question]) -> tuple[Channel, list[Answer]]:
        channel = self.channel(study)
        found = channel.collect(asked, [])
        channel.acknowledge(found)
        assert len(found.answers) == len(asked)
        assert not found.problems
        return channel, list(found.answers)


@dataclass
class Spent:
    """Seconds by the clock, and of processor time in both processes, of several runs of one way."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def in_turns(
    bench: Bench, repeats: int, ours: Callable[[], object], bare: Callable[[], object], what: str
) -> tuple[Spent, Spent]:
    """What both ways cost, who goes first taking turns."""
    spent = Spent(), Spent()
    for repeat in range(repeats):
        for which in (0, 1) if repeat % 2 else (1, 0):
            cpu, begun = bench.cpu, time.perf_counter()
            (ours, bare)[which]()
            spent[which].clock.append(time.perf_counter() - begun)
            if cpu is not None and (now := bench.cpu) is not None:
                spent[which].cpu.append(now - cpu)
        last = ", ".join(f"{way} {s.clock[-1]:.1f} s" for way, s in zip(("channel", "script"), spent, strict=True))
        print(f"{what} {repeat + 1}: {last}", file=sys.stderr, flush=True)
    return spent


def rates(what: str, count: int, ours: Spent, bare: Spent) -> list[dict[str, Any]]:
    """Rows: both rates, and their ratio by the clock and by processor time, which other programs disturb less."""
    ratios = [b / o for o, b in zip(ours.clock, bare.clock, strict=True)]
    by_cpu = [b / o for o, b in zip(ours.cpu, bare.cpu, strict=True)]
    ratio = statistics.median(ratios)
    rows = [
        row(f"{what} a second, {way}", count / statistics.median(s.clock), _range([count / t for t in s.clock]))
        for way, s in (("bare SDK script", bare), ("channel", ours))
    ]
    rows.append(row(f"{what}: rate of the channel / of the script", ratio, _range(ratios), f">= {RATE}", ratio >= RATE))
    if by_cpu:
        rows.append(row(f"{what}: the same by processor time", statistics.median(by_cpu), _range(by_cpu)))
    return rows


def measure(bench: Bench, count: int, repeats: int) -> list[dict[str, Any]]:
    """Every row."""
    asked = questions(count)
    tasks = [
        {
            "data": task_data(q), "meta": {"activeseed": "0" * 16, "question": q.id},
            "predictions": [{"model_version": "bench", "score": n / (n + 1000), "result": []}],
        }
        for n, q in enumerate(asked)
    ]  # fmt: skip
    bytes_ = len(json.dumps(tasks))
    # what a process and a server do once is no part of either way's rate
    bench.push(asked[:NEW])
    bench.push_bare(tasks[:NEW])
    pushed = in_turns(bench, repeats, lambda: bench.push(asked), lambda: bench.push_bare(tasks), "push")
    rows = rates(f"{count:,} tasks of {bytes_ / count:,.0f} bytes pushed", count, *pushed)

    study = uuid.uuid4().hex[:16]
    project = bench.answered(study, tasks)
    pulled = in_turns(
        bench,
        repeats,
        lambda: bench.pull(study, asked)[0].connection.close(),
        lambda: bench.pull_bare(project, count),
        "pull",
    )
    rows += rates(f"{count:,} annotations pulled", count, *pulled)

    grown = in_a_process(bench, study, count)
    rows.append(row(f"megabytes that a process grows by while it pulls {count:,} annotations", grown))
    channel, known = bench.pull(study, asked)
    full = statistics.median(pulled[0].clock)
    (shelf,) = channel.ledger.shelves.values()
    numbers = list(shelf.tasks)
    ls, small = bench.sdk, []
    said = [{"from_name": "verdict", "to_name": "item", "type": "choices", "value": {"choices": ["reject"]}}]
    for repeat in range(repeats + 2):
        for task in numbers[repeat * NEW : (repeat + 1) * NEW]:
            ls.annotations.create(id=task, result=said, lead_time=2.0)
        begun = time.perf_counter()
        found = channel.collect(asked, known)
        channel.acknowledge(found)
        small.append(time.perf_counter() - begun)
        # they come from the same user: the newest counts
        assert len(found.answers) == NEW, (len(found.answers), NEW)
        known += found.answers
    shares = [s / full for s in small]
    share = statistics.median(shares)
    claim = f"{NEW} new answers among {count:,}: time / that of a full read"
    rows.append(row(claim, share, _range(shares), f"< {SMALL}" if count >= 10_000 else "-", _met(share, count)))
    rows.append(row(f"{NEW} new answers among {count:,}: seconds", statistics.median(small), _range(small)))
    channel.connection.close()
    return rows


def _met(share: float, count: int) -> bool | None:
    """A small read costs a few requests, whatever there is: its share of a full read of few tasks says nothing."""
    return share < SMALL if count >= 10_000 else None


def in_a_process(bench: Bench, study: str, count: int) -> float | None:
    """Megabytes by which a process grows that pulls all of a project; None where the kernel does not say."""
    if not peak_memory.available():
        return None
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (Bench(bench.url, bench.token, bench.folder), study, count))  # without its sockets


def _growth(bench: Bench, study: str, count: int) -> float:
    asked = questions(count)
    channel = bench.channel(study)
    channel.projects.seen()  # signed in, and everything imported
    gc.collect()
    peak_memory._reset()
    before = peak_memory._status("VmRSS")
    found = channel.collect(asked, [])
    channel.acknowledge(found)
    assert len(found.answers) == count
    return (peak_memory._status("VmHWM") - before) / 1e6


def _range(values: Sequence[float]) -> list[float]:
    return [min(values), max(values)]


@contextmanager
def server(url: str, program: Path | None, folder: Path) -> Iterator[Bench | None]:
    """The server that was named, or one of our own; None where there is none to start."""
    if url:
        bench = Bench(url, os.environ.get(TOKEN, ""), folder)
        try:
            yield bench
        finally:
            for project in bench.made:
                bench.sdk.projects.delete(project)
            bench.close()
        return
    venv = program or default_venv()
    found = look(venv if venv.is_dir() or not venv.exists() else venv.parent.parent)
    if found is None:
        yield None
        return
    prepare(found, folder / "server", PEOPLE)
    running = start(found, folder / "server")
    try:
        os.environ[TOKEN] = PEOPLE[0].token
        bench = Bench(running.url, PEOPLE[0].token, folder, pid=running.pid)
        yield bench
        bench.close()
    finally:
        running.kill()


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="1,000 tasks instead of 10,000")
    parser.add_argument("--data", type=Path, help="not used: what texts say makes no difference here")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--server", default="", metavar="URL", help=f"a running server; token in {TOKEN}")
    parser.add_argument("--label-studio", type=Path, metavar="PATH", help="the program, or its environment")
    args = parser.parse_args(argv)
    begun, load = time.perf_counter(), os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="activeseed-bench-") as folder,
        server(args.server, args.label_studio, Path(folder)) as bench,
    ):
        if bench is None:
            print(f"label_studio: skipped, no Label Studio in {default_venv()}. Name one with --label-studio PATH.")
            return 0
        release = bench.sdk.versions.get().model_dump().get("label-studio-os-package", {})
        rows = measure(bench, 1_000 if args.quick else 10_000, repeats=7 if args.quick else 3)
    print(table(rows))
    more = {"server": release, "load_before": load, "quick": args.quick}
    write(report("label_studio", rows, time.perf_counter() - begun, ("label-studio-sdk", "httpx"), **more), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
