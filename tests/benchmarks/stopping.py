"""Stable means stable: how often a study that is called stable is not, and what it costs to get there.

    python -m tests.benchmarks.stopping [--data DIR] [--quick] [--json FILE] [--part grid|loop|persona]

*Grid*: whole studies at the level of answers on additive toys (``_answer_level``): 20, 40 and 80 items × six annotators
× three authors × 0 and 4 gold questions, 200 studies a cell. *Loop*: the product's own loop, with its journal and its
trainings, on twelve named cells × 60. *Persona* (with --data): `init`'s league and embedder on persona statements with
20 of 80 wrong, 4 gold questions, until the loop stops.

*False*: the realised share of probes that are judged otherwise than by the true seed's trainer, under the same keys, is
above the limit, in a study that was called stable. Intervals are Clopper & Pearson's.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from activeseed.annotators.simulated import Behaviour
from tests.benchmarks._answer_level import Outcome, Plan, oracle, study
from tests.benchmarks._report import missed, report, row, share, table, write

LIMIT = 0.01
#: who answers, and how often he errs
ANNOTATORS: tuple[tuple[str, Behaviour, float], ...] = (
    ("truthful", "truthful", 0.0),
    ("errs at 10 %", "erring", 0.1),
    ("errs at 30 %", "erring", 0.3),
    ("fair coin", "random", 0.0),
    ("coin at the base rate", "base_rate", 0.0),
    ("adversary", "adversarial", 0.0),
)
#: what the author believes of every item, and the share that truly stays
AUTHORS: tuple[tuple[str, float, float], ...] = (
    ("calibrated", 0.8, 0.8),
    ("overconfident", 0.8, 0.5),
    ("underconfident", 0.8, 0.95),
)
ITEMS = (20, 40, 80)
#: named cells of the product's own loop
LOOP: tuple[tuple[str, Plan], ...] = (
    ("truthful, 20 items, 4 gold", Plan(20, "truthful", 0.0, 0.8, 0.8, 4)),
    ("truthful, 40 items, 4 gold", Plan(40, "truthful", 0.0, 0.8, 0.8, 4)),
    ("truthful, all 24 kept, 4 gold", Plan(24, "truthful", 0.0, 0.8, 1.0, 4)),
    ("truthful, overconfident author, 20 items, 4 gold", Plan(20, "truthful", 0.0, 0.8, 0.5, 4)),
    ("truthful, underconfident author, 40 items, 4 gold", Plan(40, "truthful", 0.0, 0.8, 0.95, 4)),
    ("truthful, 20 items, no gold", Plan(20, "truthful", 0.0, 0.8, 0.8, 0)),
    ("errs at 10 %, 20 items, 4 gold", Plan(20, "erring", 0.1, 0.8, 0.8, 4)),
    ("errs at 10 %, 40 items, 4 gold", Plan(40, "erring", 0.1, 0.8, 0.8, 4)),
    ("adversary, 20 items, 4 gold", Plan(20, "adversarial", 0.0, 0.8, 0.8, 4)),
    ("adversary, 20 items, no gold", Plan(20, "adversarial", 0.0, 0.8, 0.8, 0)),
    ("fair coin, 20 items, 4 gold", Plan(20, "random", 0.0, 0.8, 0.8, 4)),
    ("coin at the base rate, 20 items, 4 gold", Plan(20, "base_rate", 0.0, 0.8, 0.8, 4)),
)


def grid(studies: int, items: Sequence[int], jobs: int) -> list[dict[str, Any]]:
    """Rows of the grid."""
    cells = [
        (name, author, Plan(f, who, error, belief, rate, gold, limit=LIMIT))
        for f in items
        for name, who, error in ANNOTATORS
        for author, belief, rate in AUTHORS
        for gold in (0, 4)
    ]
    found = _all([(plan, key) for _, _, plan in cells for key in range(studies)], study, jobs)
    by = {cell: found[n * studies : (n + 1) * studies] for n, cell in enumerate(cells)}
    rows: list[dict[str, Any]] = []
    for name, who, _ in ANNOTATORS:
        honest = who in ("truthful", "erring")
        for gold in (0, 4):
            here = {c: r for c, r in by.items() if c[0] == name and c[2].gold == gold}
            every = [x for r in here.values() for x in r]
            rows += _words(f"{name}, {gold} gold", every, honest)
            if gold:
                for f in items:
                    for author, *_ in AUTHORS:
                        cell = [x for c, r in here.items() if c[1] == author and c[2].items == f for x in r]
                        rows += _cell(f"{name}, {author} author, {f} items, {gold} gold", cell, who)
    for f in items:
        for author, belief, rate in AUTHORS:
            plan = Plan(f, "truthful", 0.0, belief, rate, 4, limit=LIMIT)
            ideal = _all([(plan, key) for key in range(studies)], oracle, jobs)
            got = by["truthful", author, plan]
            ratios = [x.answers / max(o, 1) for x, o in zip(got, ideal, strict=True) if x.stable]
            rows.append(
                _median(
                    f"truthful, {author} author, {f} items, 4 gold: answers over the oracle's", ratios, "<= 2.5", 2.5
                )
            )
    return rows


def _words(claim: str, found: Sequence[Outcome], honest: bool) -> list[dict[str, Any]]:
    stable = [x for x in found if x.stable]
    false = sum(x.share > LIMIT for x in stable)
    rows = []
    if honest:
        rows.append(share(f"{claim}: false, of those called stable", false, len(stable), most=0.05))
        rows.append(share(f"{claim}: called stable", len(stable), len(found)))
        settled = [x for x in found if x.settled]
        wrong = sum(x.share > LIMIT for x in settled)
        rows.append(share(f"{claim}: false, of those that settled", wrong, len(settled)))
    else:
        rows.append(share(f"{claim}: called stable", len(stable), len(found), most=0.05))
    return rows


def _cell(claim: str, found: Sequence[Outcome], who: str) -> list[dict[str, Any]]:
    stable = [x for x in found if x.stable]
    rows = []
    if who == "truthful":
        least = 0.9 if "80 items" not in claim else None
        rows.append(share(f"{claim}: reaches stable", len(stable), len(found), least=least))
    elif who == "erring":
        rows.append(share(f"{claim}: reaches stable", len(stable), len(found)))
        if "10 %" in claim:
            called = sum(x.called_random for x in found)
            rows.append(share(f"{claim}: is called random", called, len(found), most=0.05))
    else:
        rows.append(share(f"{claim}: called stable", len(stable), len(found), most=0.05))
    if stable:
        rows.append(_median(f"{claim}: answers until stable", [x.answers for x in stable], "-", None))
    return rows


def loop(studies: int, jobs: int) -> list[dict[str, Any]]:
    """Rows of the product's own loop."""
    rows = []
    for name, plan in LOOP:
        found: list[Outcome] = _all([(plan, key) for key in range(studies)], own_loop, jobs)
        stable = [x for x in found if x.stable]
        honest = plan.annotator in ("truthful", "erring")
        if honest and plan.gold:
            false = sum(x.share > LIMIT for x in stable)
            rows.append(share(f"loop, {name}: false, of those called stable", false, len(stable), most=0.05))
            least = 0.9 if plan.annotator == "truthful" else None
            rows.append(share(f"loop, {name}: reaches stable", len(stable), len(found), least=least))
        else:
            rows.append(share(f"loop, {name}: called stable", len(stable), len(found), most=0.0))
            settled = sum(x.settled for x in found)
            rows.append(share(f"loop, {name}: settled", settled, len(found)))
        rows.append(_median(f"loop, {name}: answered lines", [x.answers for x in found], "-", None))
    return rows


def own_loop(plan: Plan, key: int) -> Outcome:
    """One study by the product's own loop on the toy of the grid, as a Python function that is trained."""
    from activeseed import FromFunction, Study
    from activeseed.annotators.simulated import Simulated
    from activeseed.plan import stream_key
    from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text
    from tests.benchmarks._answer_level import PROBES, Toy

    toy = Toy.made(plan.items, plan.rate, key)

    def train(items: Any, key: int, probes: Any) -> Any:
        variants = np.ones(plan.items, np.int64)
        variants[[int(i.id[1:]) for i in items]] = 0
        return toy.outcomes(variants)[0]

    belief = {AS_WRITTEN: plan.author, ABSENT: 1.0 - plan.author}
    seed = Seed(
        items=tuple(Item(id=f"i{n}", payload=Text(text=f"statement {n}"), belief=belief) for n in range(plan.items))
    )
    truth = {i.id: AS_WRITTEN if t else ABSENT for i, t in zip(seed.items, toy.truth, strict=True)}
    gold = [{"id": f"g{k}", "text": f"known {k}", "answer": "reject" if k % 2 else "keep"} for k in range(plan.gold)]
    with tempfile.TemporaryDirectory() as folder:
        made = Study.create(
            Path(folder) / "study", seed, FromFunction(train, deterministic=True), gold=gold,
            probes=[Probe(id=f"p{n}", payload=Text(text=f"probe {n}")) for n in range(PROBES)],
            executor={"kind": "in_process"}, key=key, stopping={"flips": plan.limit},
        )  # fmt: skip
        who = Simulated(
            truth=truth, behaviour=plan.annotator, error=plan.error, base_rate=plan.author,
            key=stream_key(key, "annotator"),
        )  # fmt: skip
        result = made.loop(who)
        base = np.asarray(made.seed.base, np.int64)
        otherwise = (toy.outcomes(base) > 0.5) != (toy.outcomes((~toy.truth).astype(np.int64)) > 0.5)
        return _ended(made, result, float(otherwise.mean()))


def _ended(made: Any, result: Any, share: float) -> Outcome:
    questions = [made.state.questions[a.question] for a in made.state.live_answers]
    return Outcome(
        stable=result.stable, settled=result.settled, share=share,
        answers=sum(len(q.items) if q.kind == "confirm_list" else 1 for q in questions),
        minutes=sum(q.minutes for q in questions), called_random=bool(result.distrusted),
        lists=sum(q.kind == "confirm_list" for q in questions),
    )  # fmt: skip


@dataclass(frozen=True)
class Persona:
    """One persona study, and what became of its minutes.

    Attributes:
        outcome: how it ended.
        right: (answered lines, minutes) after which the deployed seed stays within the limit of the true one: no rule
            can end a study truthfully before, whatever it believes.
        decisive: share of the items of which one alone, put wrong in the true seed, is over the limit.
        spent: minutes by what they went into.
    """

    outcome: Outcome
    right: tuple[int, float]
    decisive: float
    spent: Mapping[str, float]


#: what the minutes of a study go into
SPENT = ("lists", "first readings", "drawn at random", "readings again", "repeats", "gold")


def persona(data: Path, behaviours: int, keys: Sequence[int], jobs: int) -> list[dict[str, Any]]:
    """Rows of `init`'s defaults on persona statements, with 4 gold questions."""
    from tests.benchmarks.persona import Statements

    names = Statements.read(data).names[:behaviours]
    found: list[Persona] = _all([(data, name, key) for name in names for key in keys], persona_loop, jobs)
    stable = [x.outcome for x in found if x.outcome.stable]
    false = sum(x.share > LIMIT for x in stable)
    whole = 80 * 0.3
    of_whole = "minutes over those of confirming the whole seed in lists"
    return [
        share("persona: reaches stable", len(stable), len(found)),
        share("persona: false, of those called stable", false, len(stable), most=0.05),
        _median("persona: answered lines until stable", [x.answers for x in stable], "<= 45", 45),
        _median(f"persona: {of_whole}", [x.minutes / whole for x in stable], "<= 0.7", 0.7),
        _median("persona: answered lines until it stays true, known or not", [x.right[0] for x in found], "-", None),
        _median(
            f"persona: until it stays true, known or not: {of_whole}", [x.right[1] / whole for x in found], "-", None
        ),
        _median("persona: items of which one alone is over the limit, share", [x.decisive for x in found], "-", None),
        *(_median(f"persona: minutes a study, {w}", [x.spent[w] for x in found], "-", None) for w in SPENT),
        _median("persona: lists a study", [x.outcome.lists for x in found], "-", None),
    ]  # fmt: skip


def persona_loop(data: Path, behaviour: str, key: int) -> Persona:
    """One persona study from files, as `init` makes it, to the end of its loop."""
    from activeseed.annotators.simulated import Simulated
    from activeseed.cli.making import make_project
    from activeseed.plan import Explicit, Rows
    from activeseed.protocols import Request
    from tests.benchmarks._persona_files import write_files

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = write_files(data, behaviour, key, folder, gold=4)
        made, _, _ = make_project(
            folder / "study", folder / "seed.jsonl", pool=folder / "pool.jsonl", probes=folder / "probes.jsonl",
            gold=folder / "gold.jsonl", tables={"key": key},
        )  # fmt: skip
        result = made.loop(Simulated(truth=truth, key=key))
        keys = np.arange(made.settings.replicates, dtype=np.int64)
        right = np.array([0 if truth[i.id] == "as_written" else 1 for i in made.seed.items], np.int16)

        def judged(base: Any) -> Any:
            rows = Rows(np.tile(np.asarray(base, np.int16), (len(keys), 1)), keys)
            return made.trainer.fulfil(Request(Explicit(rows, unit=len(keys)), "truth")).values > 0.5

        meant = judged(right)
        otherwise = [float((judged(v.seed.base) != meant).mean()) for v in made.state.versions]
        one_wrong = np.where(np.eye(len(right), dtype=bool), 1 - right, right)
        decisive = np.mean([(judged(base) != meant).mean() > LIMIT for base in one_wrong])
        return Persona(
            _ended(made, result, float((judged(made.seed.base) != meant).mean())), _right(made, otherwise),
            float(decisive), _spent(made),
        )  # fmt: skip


def _right(made: Any, otherwise: Sequence[float]) -> tuple[int, float]:
    """Answered lines and minutes up to the first closed round after which no version was over the limit."""
    closed = made.state.rounds
    over = [n for n, r in enumerate(closed) if otherwise[r["version"]] > LIMIT]
    last = closed[min(max(over, default=-1) + 1, len(closed) - 1)]["round"]
    asked = [q for q in made.state.questions.values() if q.round <= last]
    return sum(max(len(q.items), 1) for q in asked), sum(q.minutes for q in asked)


def _spent(made: Any) -> dict[str, float]:
    """Minutes by what they went into."""
    out, seen = dict.fromkeys(SPENT, 0.0), set()
    for q in made.state.questions.values():
        again = bool(set(q.items) & seen)
        into = "gold" if q.purpose == "gold" else "lists" if q.kind == "confirm_list" else "first readings"
        if into == "first readings":
            # a reading again is a repeat by name; only one that was planned as a check has nobody to avoid
            into = "drawn at random" if q.drawn == "random" else into
            into = ("readings again" if q.avoid else "repeats") if again else into
        out[into] += q.minutes
        seen |= set(q.items)
    return out


def _all(work: Sequence[tuple[Any, ...]], one: Callable[..., Any], jobs: int) -> list[Any]:
    return list(Parallel(n_jobs=jobs, batch_size=1)(delayed(one)(*w) for w in work))


def _median(claim: str, values: Sequence[float], target: str, most: float | None) -> dict[str, Any]:
    """A median with the interval of its order statistics."""
    if not values:
        return row(claim, None, None, target, None if most is None else False)
    x, n = np.sort(np.asarray(values, float)), len(values)
    half = 0.98 * np.sqrt(n)
    low, high = x[int(max(np.floor(n / 2 - half), 0))], x[int(min(np.ceil(n / 2 + half), n - 1))]
    value = float(np.median(x))
    met = None if most is None else value <= most
    return row(claim, value, [float(low), float(high)], target, met)


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--data", type=Path, help="a folder with persona/statements.csv; without it that part is left out"
    )
    parser.add_argument("--quick", action="store_true", help="fewer studies a cell, and 20 items in the grid")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--part", choices=("grid", "loop", "persona"), help="one part alone")
    parser.add_argument("--studies", type=int, default=0, help="studies a cell, instead of 200 and 60")
    parser.add_argument("--items", type=int, nargs="*", default=(), help="sizes of the grid's seeds")
    args = parser.parse_args(argv)
    jobs = max(1, min(os.cpu_count() or 1, 8))
    start = time.perf_counter()
    rows: list[dict[str, Any]] = []
    if args.part in (None, "grid"):
        rows += grid(args.studies or (24 if args.quick else 200), args.items or ((20,) if args.quick else ITEMS), jobs)
    if args.part in (None, "loop"):
        rows += loop(args.studies or (4 if args.quick else 60), jobs)
    if args.part in (None, "persona") and args.data is not None:
        rows += persona(args.data, 2 if args.quick else 12, (0,) if args.quick else (0, 1), jobs)
    print(table(rows))
    write(report("stopping", rows, time.perf_counter() - start, ("numpy", "scipy")), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
