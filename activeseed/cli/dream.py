"""``activeseed dream``: where readings of the seed part ways, and what to ask about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.numbers import counted
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import say
from activeseed.errors import ConfigError, SeedError

if TYPE_CHECKING:
    from activeseed.analyses import Dreamt
    from activeseed.protocols import Rewriter
    from activeseed.question import Question
    from activeseed.seed import Probe
    from activeseed.study import Study

REGIONS = ("near", "dense", "anywhere")
#: no rewriter at all
NONE = "none"


def dream(
    outcomes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OUTCOME", help="Two, or one against the seed as it stands; else the furthest of plausible seeds."
        ),
    ] = None,
    folder: Dir = HERE,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", metavar="FILE", help="More texts to look among, in any format of probes.")
    ] = None,
    rewriter: Annotated[
        str,
        typer.Option(
            "--rewriter", metavar="KIND", help="Writes on from texts: machine, command, none, or package.module:Name."
        ),
    ] = "",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write the dreams' texts as probes (JSON lines).")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask people which reading is right, where readings part.")] = False,
    batch: Annotated[
        int, typer.Option("--batch", "-n", min=0, metavar="N", help="Questions; else what [ask] batch says.")
    ] = 0,
    region: Annotated[
        str, typer.Option("--region", metavar="WHERE", help="near the data, dense (a fitted density), or anywhere.")
    ] = "near",
    quantile: Annotated[
        float, typer.Option("--quantile", metavar="Q", help="Share of the data that the region is as wide as.")
    ] = 0.9,
    draws: Annotated[
        int, typer.Option("--draws", min=2, max=10_000, metavar="N", help="Plausible seeds that are drawn.")
    ] = 32,
    pairs: Annotated[
        int, typer.Option("--pairs", min=1, max=100, metavar="N", help="Pairs of them that are compared.")
    ] = 1,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, metavar="N", help="Texts of each kind.")] = 8,
    as_json: Json = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the texts as CSV too.")] = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Look for where two readings of the seed part most: between and beside the probes, and among texts at hand.

    Names of outcomes are those of `activeseed compare`: latest, v0, without:ITEM, ITEM=VARIANT.

    \b
    Example:
      activeseed dream                                   the furthest of 32 plausible seeds
      activeseed dream without:flatter                   held against the seed as it stands
      activeseed dream v0 latest --corpus mails.jsonl --to probes-more.jsonl
      activeseed dream --ask                             and ask people which reading is right
    """
    given = outcomes or []
    if len(given) > 2:
        raise ConfigError(
            f"{len(given)} outcomes are named. Name two, one (held against the seed as it stands) or none."
        )
    if region not in REGIONS:
        raise ConfigError(f"--region {region!r} is neither 'near' nor 'dense' nor 'anywhere'. Name one.")
    if not 0.0 < quantile <= 1.0:
        raise ConfigError(f"--quantile {quantile:g} is no share above 0 and up to 1.")
    need_folders(csv, to)
    if to is not None and to.suffix.lower() not in (".jsonl", ".ndjson"):
        raise ConfigError(f"--to {to}: probes are written as JSON lines. Name a file that ends in .jsonl.")
    more = read_corpus(corpus)
    where: Any = region
    asked: list[Question] = []
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.analyses import Dreams
        from activeseed.study.networked import require_networks

        require_networks(study)
        sides = tuple(study.side(name) for name in given)
        analysis = Dreams(
            sides=sides, draws=draws, pairs=pairs, texts=top, region=where, quantile=quantile, corpus=more,
            rewriter=rewriter_named(study, rewriter),
        )  # fmt: skip
        before = study.trainer.trainings
        found = agreed(study, progress, yes, lambda: study.analyse(analysis))
        if ask:
            from activeseed.questions import DREAMT

            asked = agreed(study, progress, yes, lambda: study.ask(batch or None, kind=DREAMT.kind))
            from activeseed.cli.queue import send

            send(study, progress)
    write_frames(found, csv, None)
    if to is not None:
        written = write_texts(found, to)
        say(f"{counted(written, 'probe')} written: {to}")
    if as_json:
        questions = [q.model_dump(mode="json", exclude={"purpose", "drawn", "repeats"}) for q in asked]
        print_found(found, study, {"questions": questions} if ask else None)
        return
    from activeseed.cli.dreamt import print_dreamt

    print_dreamt(found, study)
    say_trained(study, before)
    if ask:
        from activeseed.cli.queue import print_questions

        print_questions(asked)
        say("Answer them:  activeseed annotate" if study.annotator.kind == "terminal" else "Then:  activeseed pull")
    elif found.asked:
        say("Next, ask people which reading is right:  activeseed queue --kind judge_dream")


def read_corpus(file: Path | None) -> tuple[Probe, ...]:
    """The texts that the user named. Raises SeedError."""
    if file is None:
        return ()
    if not file.is_file():
        raise SeedError(
            f"{file}: there is no such file. Name one with texts: JSON lines, CSV, YAML, or a text a line (.md)."
        )
    from activeseed.files import read_probes

    return read_probes(file)


def rewriter_named(study: Study, kind: str) -> Rewriter | None:
    """What writes on: what ``[rewriter]`` says, or what was named here. Raises ConfigError, TrustError."""
    if kind == NONE:
        return None
    from activeseed.config import member
    from activeseed.members import ThirdParty
    from activeseed.protocols import SupportsLocating

    said = study.settings.rewriter
    if not kind or (said is not None and kind == said.kind):
        found = study.part("rewriter")
    elif kind == "command":
        raise ConfigError(
            '--rewriter command needs to know which program: write [rewriter] kind = "command" and argv = ["…"] in '
            "activeseed.toml."
        )
    else:
        found = member("rewriter", {"kind": kind})
        found = found.made("rewriter") if isinstance(found, ThirdParty) else found
    if isinstance(found, SupportsLocating):
        found = found.located(study.folder)
    named: Rewriter = found
    return named


def write_texts(found: Dreamt, file: Path) -> int:
    """The dreams' texts, those that are no probes yet, as a file of probes; where vectors are judged, the dreams."""
    from activeseed.files.writing import write_probes
    from activeseed.seed import Probe, Vector

    kept = [s for s in found.dreamed if s.source != "probes"]
    probes = [Probe.model_validate({"id": s.id, "payload": s.payload, "group": "dreams"}) for s in kept]
    near = [s for p in found.pairs for d in p.dreams for s in d.near]
    if near and near[0].payload["kind"] == "vector":
        points = [d.point for p in found.pairs for d in p.dreams]
        probes += [
            Probe(id=f"dream-{n}", payload=Vector(values=tuple(map(float, point))), group="dreams")
            for n, point in enumerate(points, 1)
        ]
    write_probes(probes, file)
    return len(probes)
