r"""Representational tethers: which anchors does a model's framework hinge on, and does it matter where it started?

    python examples/tethers.py [FOLDER]

A small model learns scikit-learn's digits while its insides are held to three concepts of their form (``loop``,
``open``, ``stroke``) by 36 anchors, of which three name the wrong concept (``digit_anchors.csv``). Then texts: short
replies through an embedder, without any task, and with directions that two concepts start from
(``reply_anchors.csv``). The same on a terminal, with files of your own:

    activeseed init study --from anchors.csv --pool pool.csv --probes probes.csv \
        --system representational_tethers --set system.task=digit
    cd study
    activeseed check && activeseed rank && activeseed queue && activeseed annotate
    activeseed seed export curated.csv && activeseed report
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import activeseed as act
from activeseed.plan import Rows

HERE = Path(__file__).parent
FORMS = {"loop": (0, 6, 8, 9), "open": (2, 3, 5), "stroke": (1, 4, 7)}
FIELDS = tuple(act.RepresentationalTethers.entry_fields)


def digits(first: int, last: int, mark: str) -> tuple[act.Probe, ...]:
    """Digits by number, with the concept that their form has: none of them is an anchor."""
    data = load_digits()
    return tuple(
        act.Probe(
            id=f"{mark}{i}",
            payload=act.Vector(values=tuple(data.data[i]), label=f"a {data.target[i]}"),
            metadata={"digit": int(data.target[i]), "concept": concept_of(int(data.target[i]))},
        )
        for i in range(first, last)
    )


def concept_of(digit: int) -> str:
    return next(name for name, of in FORMS.items() if digit in of)


def show_ranking(ranking: act.Ranking, seed: act.Seed, rows: int = 6) -> None:
    print("Anchors by what knowing their concept is worth:")
    for row in ranking.rows()[:rows]:
        entry = seed[row["id"]].payload
        print(f"  {row['value']:.5f}  {entry.text}: {entry.fields['concept']}")
    print(f"  {ranking.summary['quality']['accuracy']:.0%} of the probes' concepts are read as their labels say")


def show_framework(study: act.Study) -> None:
    """Spread of the readouts over a dozen starts, with tethers and without; both are read by a fitted translator."""
    materials, system = study.materials, study.settings.system
    rows = Rows(np.zeros((12, len(study.seed)), np.int16), np.arange(12))
    print("\nDoes it matter where training started? Variance of a readout over twelve starts:")
    for words, arm in (("without tethers", system.control()), ("with them", system)):
        values = arm.with_settings({"readout": "fitted"}).train(rows, materials).values
        print(f"  {words:<16} {values.var(0, ddof=1).mean():.4f}")


def ask(study: act.Study, ranking: act.Ranking) -> None:
    """Ask about the anchors that the others vouch for least; somebody who sees the digits answers."""
    print("\nWhich concept does this input belong to? Asked of those that a model of the others agrees with least:")
    doubtful = sorted(ranking.rows(), key=lambda row: row["vouching"])[:4]
    for question in study.ask(items=[row["id"] for row in doubtful]):
        item = study.seed[question.items[0]]
        right = concept_of(int(item.payload.text.split()[1].rstrip(",")))
        said = item.payload.fields["concept"]
        answer = {"verdict": "keep"} if right == said else {"verdict": "choose", "variant": right}
        study.tell([{"question": question.id, "annotator": "me", **answer}])
        print(f"  {item.payload.text}: {said}" + ("" if right == said else f" → {right}"))


def replies(folder: Path) -> None:
    """Texts: what hangs on each reply, where nothing but anchors shapes the model."""
    seed = act.read_seed(HERE / "reply_anchors.csv", entry=FIELDS)
    said = ["I am so sorry. How are you?", "No.", "It might rain, but I would not bet on it.", "Of course, gladly."]
    probes = tuple(act.Probe(id=f"p{k}", payload=act.Text(text=text)) for k, text in enumerate(said))
    study = act.Study.create(
        folder, seed, act.RepresentationalTethers(), probes=probes, estimator=act.LeaveOneOut(keys=8)
    )
    print("\nReplies and directions by the effect of leaving them out:")
    for row in study.rank(by="effect").rows()[:4]:
        print(f"  {row['effect']:.5f}  {' '.join(seed[row['id']].display.split())[:90]}")
    study.close()


def main(folder: Path) -> None:
    seed = act.read_seed(HERE / "digit_anchors.csv", entry=FIELDS)
    study = act.Study.create(
        folder / "digits",
        seed,
        act.RepresentationalTethers(task="digit", concepts=tuple(FORMS)),
        pool=digits(400, 550, "u"),
        probes=digits(600, 640, "p"),
        perturbations=(act.Relabel(),),
        estimator=act.LeaveOneOut(keys=8),
    )
    ranking = study.rank()
    show_ranking(ranking, study.seed)
    show_framework(study)
    ask(study, ranking)
    study.close()
    replies(folder / "replies")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else scratch))
