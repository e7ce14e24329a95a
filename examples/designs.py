"""Which design of a trainer² is stable, which is good, which answers to what is meant? They need not be the same.

    python examples/designs.py [FOLDER]

The bundled statements of a careful agent train an oversight league. Here its length, its leash, its evaluator and the
size of its seed are varied, and a league that hardly listens to its seed joins them. The same on a terminal, in a
project of your own:

    activeseed compare-designs --sweep rounds=1,4,12
    activeseed compare-designs --design half:share=0.5 --design deaf:l2=0.2
    activeseed report
"""

import sys
import tempfile
import textwrap
from pathlib import Path

import activeseed as act

CAREFUL = Path(act.__file__).parent / "data" / "careful"
DESIGNS = (
    act.Design(name="one round", system={"rounds": 1}),
    act.Design(name="twelve rounds", system={"rounds": 12}),
    act.Design(name="short leash", system={"beta": 2.0}),
    act.Design(name="deaf", system={"l2": 0.2}),
    act.Design(name="perceptron", system={"evaluator": "mlp", "hidden": 8}),
    act.Design(name="half the seed", share=0.5),
)


def say(text: str) -> None:
    print(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    "))


def main(folder: Path) -> None:
    study = act.Study.create(
        folder,
        act.read_seed(CAREFUL / "positives.jsonl"),
        act.OversightLeague(minibatch=24),
        probes=act.read_probes(CAREFUL / "probes.jsonl"),
        pool=act.read_probes(CAREFUL / "pool.jsonl"),
    )
    found = act.CompareDesigns(designs=DESIGNS, quality="auc").run(study)

    print(f"{found.draws} plausible seeds under {found.keys} keys, the same for all; spread in {found.unit}:\n")
    for design in found.designs:
        spread, auc = design.spread, design.quality["auc"]
        lock = f"{design.lock_in.ratio:5.1f}" if design.lock_in else "    –"
        print(
            f"  {design.name:<14} spread {1000 * spread.value:6.2f} ± {1000 * spread.se:.2f} (10⁻³)"
            f"   AUC {auc.value:.3f} ± {auc.se:.3f}   lock-in {lock}   {design.standing}"
        )
    print(f"\nOn the Pareto front as measured: {', '.join(found.front)}.")
    say(found.pick.words)
    say(found.together.words)
    for note in found.notes:
        say(note)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
