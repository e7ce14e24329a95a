"""A trainer that is a program of its own: in any language, with its own environment, on its own terms.

    python examples/own_command.py [FOLDER]

The program (``trainer_command.py``) reads rows from standard input and writes outcomes to standard output. Here it is
written in Python with nothing but the standard library. The same table in ``activeseed.toml``:

    [system]
    kind = "command"
    argv = ["python3", "trainer_command.py"]
    timeout = 60.0
    compare = "hellinger"
    deterministic = true
"""

import sys
import tempfile
from pathlib import Path

import activeseed as act

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    trainer = act.Command(
        argv=(sys.executable, str(HERE / "trainer_command.py")),
        timeout=60.0,  # seconds to the next outcome; what takes longer is killed and recorded as failed
        compare="hellinger",  # outcomes are probabilities
        deterministic=True,
    )
    seed = act.read_seed(HERE / "tickets.csv")
    probes = act.read_probes(HERE / "ticket_probes.csv")
    study = act.Study.create(folder, seed, trainer, probes=probes)  # programs run side by side, one on each core
    ranking = study.rank()
    for row in ranking.rows()[:6]:
        print(f"{row['rank']}  {row['value']:.5f}  {row['id']}  {seed[row['id']].display}")
    print(f"{ranking.summary['trainings_new']} rows were trained.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
