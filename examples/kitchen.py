"""A robot in a kitchen: on which guess about what people want does it hinge, and what if it is wrong about people?

    python examples/kitchen.py [FOLDER]

``kitchen.yaml`` is a small game of a human, who knows what is wanted, and a robot, which has to find out;
``kitchen_prior.csv`` is what its makers guess that people want. The study asks which of the guesses matter, puts the
first to somebody who knows, and plays the game twice more: with a prior that excludes what is wanted, and with a robot
that takes people to point more deliberately than they do. The same on a terminal:

    activeseed init study --from kitchen_prior.csv --system cirl --set system.game=kitchen.yaml
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
#: what people are asked about, and what they say
KNOWS = {"tea": "half", "soup": "double", "toast": "as_written", "nothing": "as_written"}


def played(robot: act.CIRL, seed: act.Seed) -> dict[str, float]:
    """What comes of the seed as it stands."""
    materials = Materials(seed, ())
    robot.check(materials)
    rows = Rows(np.array([seed.base], np.int16), np.zeros(1, np.int64))
    (values,) = robot.train(rows, materials).values
    return {place.id: float(v) for place, v in zip(robot.places(materials), values, strict=True)}


def show(what: str, found: dict[str, float], wanted: str = "soup") -> None:
    believed = found.get(f"belief/{wanted}/{wanted}", 0.0)
    regret = found[f"regret/{wanted}"]
    print(f"  {what}: where {wanted} is wanted, it is believed {believed:.0%} at the end; regret {regret:.2f}")


def main(folder: Path) -> None:
    robot = act.CIRL(game=str(HERE / "kitchen.yaml"), beta=8.0)
    prior = act.read_seed(HERE / "kitchen_prior.csv", entry=tuple(act.CIRL.entry_fields))
    study = act.Study.create(folder / "study", prior, robot, perturbations=[act.Reweigh()])
    ranking = study.rank()
    print("Guesses by what an answer about them is worth (and by the effect of leaving them out):")
    for row in ranking.rows():
        print(f"  {row['value']:.4f} ({row['effect']:.4f})  {study.seed[row['id']].display.splitlines()[0]}")

    for question in study.ask(2):
        right = KNOWS[question.items[0]]
        said = {"verdict": "keep"} if right == "as_written" else {"verdict": "choose", "variant": right}
        study.tell([{"question": question.id, "annotator": "cook", **said}])
        print(f"\nAsked: {question.text.splitlines()[0]!r} ... {said.get('variant', 'as likely as that')}.")

    print("\nWhat comes of it:")
    show("as it was written", played(robot, prior))
    show("as it stands now", played(robot, study.seed))
    show("without soup", played(robot, study.seed.stand(soup="absent")))
    show("people hardly mind how they point", played(robot.with_settings({"actual_beta": 1.0}), study.seed))
    for remark in robot.with_settings({"truth": "soup"}).remarks(Materials(study.seed.stand(soup="absent"), ()))[:1]:
        print(f"\n{remark}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary))
