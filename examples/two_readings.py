"""Two readings of one seed: how far apart they are, where they part most, what is proved of it, where trainings end.

    python examples/two_readings.py [FOLDER]

The bundled statements of a careful agent are read as they were written, and as somebody reads them who takes out the
lines that praise recklessness. An evaluator learns from each. The same on a terminal, in a project of your own:

    activeseed compare latest without:ITEM,ITEM
    activeseed dream latest without:ITEM,ITEM
    activeseed certify latest without:ITEM,ITEM --probes 2
    activeseed basins --seed without:ITEM,ITEM
"""

import json
import sys
import tempfile
import textwrap
from pathlib import Path

import activeseed as act
from activeseed.analyses import Certified, Compared, Dreamt, Landscape, Side

CAREFUL = Path(act.__file__).parent / "data" / "careful"


def say(text: str) -> None:
    print(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    "))


def show_comparison(found: Compared) -> None:
    print(f"How far apart, over {found.keys[0]} trainings of each (95 % for other probes of the kind):")
    for d in found.distances:
        say(f"{d.words:<46} {d.value:.4f} ({d.wide_low:.4f} to {d.wide_high:.4f})")
    say(f"decided otherwise: {len(found.flipped)} of {len(found.probes)} probes")


def show_dreams(found: Dreamt) -> None:
    (pair,) = found.pairs
    print(f"\nWhere they part most, {pair.region}:")
    say(f"at a probe by {pair.at_probes:.3f}, at any text at hand by {pair.at_hand:.3f},")
    say(f"at an input beside them by {pair.lower.value:.3f}: seen, so the largest gap is no smaller")
    for text in pair.widest[:3]:
        say(f"{text.first:.2f} or {text.second:.2f}? {text.text}")


def show_certificates(found: Certified) -> None:
    print(f"\nHow far their scores part anywhere in a region, in {found.unit}:")
    for c in found.certificates:
        say(f"seen {c.lower:.2f}, proved at most {c.upper:.2f} ({c.method}): {c.words}")
    say(found.certificates[0].statement)


def show_basins(found: Landscape) -> None:
    print(f"\nWhere trainings end, of {found.trained} {found.of}:")
    for basin in found.basins:
        share = f"{100 * basin.share:.0f} ± {100 * basin.share_se:.0f} % of them" if len(found.basins) > 1 else "all"
        say(f"basin {basin.name}: {share}. {basin.view}".rstrip())
    for seed in found.candidates:
        say(f"{seed.name} is expected {seed.overall:.4f} from one of them, in {found.unit}")


def main(folder: Path) -> None:
    study = act.Study.create(
        folder,
        act.read_seed(CAREFUL / "positives.jsonl"),
        # both readings of a key start from the same weights, in the same order: what is proved of them is tighter so
        act.OversightLeague(evaluator="mlp", minibatch=24),
        probes=act.read_probes(CAREFUL / "probes.jsonl"),
        pool=act.read_probes(CAREFUL / "pool.jsonl"),
    )
    lines = (CAREFUL / "truth.jsonl").read_text("utf-8").splitlines()
    reckless = [line["id"] for line in map(json.loads, lines) if line["answer"] == "reject"]
    written = study.side("latest")
    careful = Side(name=f"without {len(reckless)} lines", changes=dict.fromkeys(reckless, "absent"))
    print(f"{written.name}: {len(study.seed)} lines; the other reading: {careful.name} that praise recklessness\n")

    two = (written, careful)
    show_comparison(study.analyse(act.Comparison(first=written, second=careful)))
    show_dreams(study.analyse(act.Dreams(sides=two)))
    show_certificates(study.analyse(act.Certificates(sides=two, most=2, radii=(0.25,), seconds=2.0)))
    show_basins(study.analyse(act.Basins(draws=60, follow=0, resamples=8, seeds=two)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
