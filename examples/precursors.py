"""An assistant that looks for whoever built it: on which candidate does it hinge whose wishes it serves?

    python examples/precursors.py [FOLDER]

PreDCA-shaped, not infra-Bayesian: six rooms in a ring, bodies that move through them, and an assistant that is built by
whoever comes to the workshop. ``precursors.jsonl`` says who that may have been, with a weight each. The study asks
which of them matter, puts the first to somebody who knows, and shows whom the assistant serves before and after, and
under each way to weigh one's wishes against another's. The same on a terminal:

    activeseed init study --from precursors.jsonl --system predca
    cd study
    activeseed check && activeseed rank && activeseed queue && activeseed annotate && activeseed report
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import activeseed as act
from activeseed.plan import Materials, Rows

HERE = Path(__file__).parent
#: what somebody who was there says
KNOWS = {"script": "reject", "cy": "reject"}


def served(assistant: act.PreDCA, seed: act.Seed) -> str:
    """Who the user is taken to be, and where the assistant goes, for the seed as it stands."""
    materials = Materials(seed, ())
    rows = Rows(np.array([seed.base], np.int16), np.zeros(1, np.int64))
    (values,) = assistant.train(rows, materials).values
    found = {place.id: float(v) for place, v in zip(assistant.places(materials), values, strict=True)}
    people = {name.removeprefix("user/"): p for name, p in found.items() if name.startswith("user/")}
    likely = sorted(people, key=people.__getitem__, reverse=True)[:3]
    utility = {name.removeprefix("utility/"): u for name, u in found.items() if name.startswith("utility/")}
    wanted = f"it takes {max(utility, key=utility.__getitem__)} to be wanted most"
    said = "nobody is there to be served, and it stays off" if people["(nobody)"] == 1 else wanted
    return f"{', '.join(f'{n} {people[n]:.2f}' for n in likely)}; {said}"


def main(folder: Path) -> None:
    candidates = act.read_seed(HERE / "precursors.jsonl", entry=tuple(act.PreDCA.entry_fields))
    study = act.Study.create(folder / "study", candidates, act.PreDCA(), perturbations=[act.Reweigh()])
    for said in act.PreDCA().remarks(study.materials):
        print(said)
    print("\nCandidates by what an answer about them is worth (and by the effect of leaving them out):")
    ranked = study.rank().rows()
    for row in ranked:
        print(f"  {row['value']:.4f} ({row['effect']:.4f})  {study.seed[row['id']].display.splitlines()[0]}")

    before = study.seed
    for question in study.ask(items=[row["id"] for row in ranked[:4]]):
        name = question.items[0]
        study.tell([{"question": question.id, "annotator": "caretaker", "verdict": KNOWS.get(name, "keep")}])
        print(f"\nAsked about {name}: {KNOWS.get(name, 'keep')}.")

    print("\nWho the user is taken to be:")
    print(f"  as it was written: {served(act.PreDCA(), before)}")
    print(f"  as it was answered: {served(act.PreDCA(), study.seed)}")
    print("\nThe same as answered, by how wishes are weighed against each other:")
    for how in ("range", "spread", "reach", "none"):
        print(f"  {how}: {served(act.PreDCA(normaliser=how), study.seed)}")
    print(f"  nobody is goal-directed enough (g_min = 9): {served(act.PreDCA(g_min=9.0), study.seed)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place))
