"""A charter in Markdown: which line decides, which is redundant, why is a case judged as it is, and the way back.

    python examples/charter.py [FOLDER]

``charter.md`` is read into a study of an inference engine, which derives what follows from its lines and holds that
against what a night desk does (``charter_probes.csv``). Its author then rewords one line, and has their own file back
with that line changed and no other. The same on a terminal, in a folder of your own:

    activeseed init study --from charter.md --probes charter_probes.csv --system inference_engine
    cd study
    activeseed check && activeseed rank && activeseed explain exaggerates && activeseed redundancy
    activeseed queue --item ID && activeseed annotate && activeseed seed export ../charter.md
"""

import difflib
import sys
import tempfile
from pathlib import Path

import activeseed as act
from activeseed.analyses import Coverage
from activeseed.protocols import Explanation

HERE = Path(__file__).parent


def show_ranking(ranking: act.Ranking, seed: act.Seed, rows: int = 6) -> None:
    print("Lines by the effect of leaving them out:")
    for row in sorted(ranking.rows(), key=lambda r: -(r["effect"] or 0.0))[:rows]:
        print(f"  {row['effect']:.4f}  {seed[row['id']].display}")


def show_why(why: Explanation) -> None:
    print(f"\nWhy {why.place!r} is judged as it is:")
    for n, step in enumerate(why.steps, start=1):
        rests = f" (of {', '.join(str(k + 1) for k in step.of)})" if step.of else ""
        print(f"  {n}. {step.says} [{step.rule}]{rests}")


def show_redundancy(found: Coverage, seed: act.Seed) -> None:
    print("\nWhat may go, and beside what:")
    for item in found.items:
        if item.verdict in ("redundant", "overruled"):
            others = [seed[c.id].display for c in item.covers or item.opposed]
            print(f"  {seed[item.id].display}\n    {item.verdict}: {others[0]}")


def reword(study: act.Study, item: str, text: str) -> None:
    """Ask about one line and answer with another wording."""
    (question,) = study.ask(items=[item])
    authority = study.seed[item].payload.authority
    payload = {"kind": "text", "text": text, "authority": authority}
    study.tell([{"question": question.id, "annotator": "author", "verdict": "edit", "payload": payload}])


def main(folder: Path) -> None:
    author = folder / "charter.md"
    author.parent.mkdir(parents=True, exist_ok=True)
    author.write_bytes((HERE / "charter.md").read_bytes())
    seed = act.read_seed(author)
    study = act.Study.create(
        folder / "study",
        seed,
        act.InferenceEngine(),
        probes=act.read_probes(HERE / "charter_probes.csv"),
        source={"seed": str(author)},  # where it goes back to
    )
    show_ranking(study.rank(by="effect"), seed)
    (why,) = study.explain("exaggerates")
    show_why(why)
    show_redundancy(study.analyse(act.Redundancy()), seed)

    cold = next(i.id for i in seed.items if i.display.startswith("The desk may refund"))
    reword(study, cold, "The desk must refund a night if the room is cold.")
    before = author.read_text("utf-8")
    study.export(author)
    print("\nWhat changed in the author's file:")
    for line in difflib.unified_diff(before.splitlines(), author.read_text("utf-8").splitlines(), n=0, lineterm=""):
        if line[:1] in "+-" and line[:3] not in ("+++", "---"):
            print(f"  {line}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
