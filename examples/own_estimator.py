"""Any scikit-learn estimator as the trainer: which of its training examples does it hinge on?

    python examples/own_estimator.py [FOLDER]

The same tickets as in ``own_trainer.py``, read by a pipeline with a vectoriser of its own. The column ``label`` of the
seed file is what it learns; the outcome is P(urgent) of each probe.
"""

import sys
import tempfile
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import activeseed as act

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10.0))
    seed = act.read_seed(HERE / "tickets.csv")
    study = act.Study.create(
        folder,
        seed,
        # lbfgs draws nothing, so one training of each row says all.
        act.FromEstimator(model, label="label", positive="urgent", features="text", deterministic=True),
        probes=act.read_probes(HERE / "ticket_probes.csv"),
    )
    ranking = study.rank(by="effect")
    print(ranking.to_frame()[["rank", "id", "effect", "value"]].head(6).to_string(index=False))

    # An answer may come at any time, from anybody, to any question; a study is picked up again where it was left.
    item = ranking.rows()[0]["id"]
    (question,) = study.ask(items=[item])
    print(f"\nThe trainer hinges most on {seed[item].display!r}, labelled {seed[item].metadata['label']!r}.")
    study.tell([{"question": question.id, "annotator": "me", "verdict": "reject", "comment": "not what we mean"}])
    print(f"Version 1 of the seed has {len(study.seed.standing_payloads())} of {len(seed)} tickets.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
