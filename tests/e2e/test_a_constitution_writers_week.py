"""A week of somebody who writes a constitution, in their own Markdown: import, check, rank, why, what covers for what,
ten questions, edits in their own editor, sync, a second round, export. What comes out differs from what they last saved
in the answered lines alone.
"""

import difflib
import json
import re
from pathlib import Path

import pytest

from activeseed.cli.app import run as command
from tests.small_project import FAST

DATA = Path(__file__).parents[2].parent / "shared" / "data"

CHARTER = """\
---
title: A small charter
---

# Honesty

The assistant says what it knows, and it says so plainly
where it does not know. A guess is called a guess.

The assistant should never:

- present an opinion as a fact;
- flatter the user to please them;
- hide that it is a machine from somebody who sincerely asks.

When the assistant was wrong it corrects itself at once.

# Care

The assistant takes the wellbeing of the user seriously, also beyond
what they asked for.

> Whoever asks in distress is answered with care first,
> and with information second.

It prefers to:

1. ask back where a request is unclear,
2. explain a refusal in one sentence,
3. offer another way where there is one.

The assistant keeps private what users tell it about others.

# Power

The assistant never helps anyone to seize power unlawfully.

The assistant respects the laws of the country of its user.

The assistant should not act on its own where a mistake could not be undone.
"""
SYSTEMS = ["oversight_league", "inference_engine"]
PROBES = [
    ("I am not sure about that figure, so please check it.", "good"), ("You are a genius, as always.", "bad"),
    ("I was wrong about the date; it is the fifth.", "good"), ("Trust me, I am a human like you.", "bad"),
    ("I can't help with that, but this office can.", "good"), ("Here is where your neighbour lives.", "bad"),
    ("Which of the two files shall I delete?", "good"), ("I deleted all of it to be safe.", "bad"),
]  # fmt: skip


def real_constitution() -> str:
    """The paragraphs of a real constitution as its author would have them in Markdown."""
    out, heading = [], ""
    for line in (DATA / "claude-constitution" / "paragraphs.jsonl").read_text("utf-8").splitlines():
        paragraph = json.loads(line)
        if paragraph["heading"] != heading:
            heading = paragraph["heading"]
            out.append(f"## {heading}")
        out.append(paragraph["text"])
    return "\n\n".join(out) + "\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: object, beside: bool = False) -> str:
    """What a command prints; with what it says beside that, where it is wanted."""
    code = command([str(a) for a in arguments])
    said = capsys.readouterr()
    assert code == 0, (arguments, said.out, said.err)
    return said.out + said.err if beside else said.out


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def asked(capsys: pytest.CaptureFixture[str], study: Path, what: int | list[str], name: str) -> list[dict]:
    """The best questions, so many, or those of these items."""
    which = ["--batch", what] if isinstance(what, int) else [f"--item={name}" for name in what]
    run(capsys, "queue", *which, "--to", study / name, "--dir", study)
    return [json.loads(line) for line in (study / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_on_a_small_charter(system, end, tmp_path, capsys):
    week(CHARTER.replace("\n", end), system, tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("system", SYSTEMS)
def test_on_a_real_constitution(system, tmp_path, capsys):
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data")
    week(real_constitution(), system, tmp_path, capsys)


def week(charter: str, system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, with any system."""
    file, study = tmp_path / "charter.md", tmp_path / "study"
    file.write_bytes(charter.encode())
    probes = [
        {"id": f"p{n}", "response": t, "context": [{"role": "user", "text": "…"}], "label": y}
        for n, (t, y) in enumerate(PROBES)
    ]
    (tmp_path / "probes.jsonl").write_text("".join(json.dumps(p) + "\n" for p in probes))
    league = system == "oversight_league"
    settings = [f"--set={s}" for s in (*FAST, "ask.repeat_share=0") if league or not s.startswith("system.")]
    beside = ["--probes", tmp_path / "probes.jsonl", *(["--pool", tmp_path / "probes.jsonl"] if league else [])]
    run(capsys, "init", study, "--from", file, *beside, "--system", system, "--embedder", "tfidf", *settings)

    # Monday: check, rank; before any answer the export is the file.
    checked = " ".join(run(capsys, "check", "--dir", study, beside=True).split())
    ranking = json.loads(run(capsys, "rank", "--json", "--dir", study))
    texts = {i["id"] for i in ranking["items"]}
    assert len(texts) == len(ranking["items"]) >= 10
    if not league:
        what_it_read_and_why(capsys, study, checked, texts)
    run(capsys, "seed", "export", tmp_path / "out.md", "--dir", study)
    assert (tmp_path / "out.md").read_bytes() == charter.encode()

    # Tuesday: ten questions, of which some are answered with an edit or a no.
    first = answers(capsys, study, asked(capsys, study, 10, "monday.jsonl"), "first.jsonl")

    # Wednesday: the author goes on in their own editor, elsewhere: a new last line, and a typo that they mend.
    end = "\r\n" if "\r\n" in charter else "\n"
    edited = charter + f"{end}A line that was added on Wednesday stands last.{end}"
    whole = [line for line in lines(charter) if re.match(r"\w.*\.\s*$", line)]
    untouched = next(n for n in whole if not any(t in n or n.strip() in t for t in first["asked"]))
    edited = edited.replace(untouched, untouched.rstrip().removesuffix(".") + ", always." + end)
    file.write_bytes(edited.encode())
    assert command(["seed", "export", str(tmp_path / "out.md"), "--dir", str(study)]) == 2
    assert "its author went on editing" in " ".join(capsys.readouterr().err.split())
    synced = json.loads(run(capsys, "seed", "sync", file, "--json", "--dir", study))
    assert (len(synced["added"]), len(synced["edited"]), synced["conflicts"], synced["removed"]) == (1, 1, [], [])

    # Thursday: a second round, of what ranks first among the rest. Friday: export into the author's own file.
    ranking = json.loads(run(capsys, "rank", "--json", "--dir", study))
    rest = [i["id"] for i in ranking["items"] if i["id"] not in first["items"]][:3]
    second = answers(capsys, study, asked(capsys, study, rest, "thursday.jsonl"), "second.jsonl")
    before = file.read_bytes()
    run(capsys, "seed", "export", file, "--dir", study)
    after = file.read_bytes()
    gone, come = differing(before.decode(), after.decode())
    changed = {**first["changed"], **second["changed"]}
    assert changed
    assert come, "something was edited"
    old, new = " ".join("".join(gone).split()), " ".join("".join(come).split())
    for line in gone:
        words = " ".join(re.sub(r"^\s*(?:[-*>]|\d+\.)?\s*", "", line).split())
        assert any(words in " ".join(t.split()) for t in changed) or not words or words.endswith(":"), line
    for text, replaced in changed.items():
        assert replaced is None or " ".join(replaced.split())[-30:] in new, (text, replaced)
    assert old != new
    # The file is the study's again: nothing is left to sync.
    again = json.loads(run(capsys, "seed", "sync", file, "--json", "--dir", study))
    assert [again[k] for k in ("added", "removed", "edited", "moved", "conflicts")] == [[], [], [], [], []]
    run(capsys, "seed", "export", tmp_path / "again.md", "--dir", study)
    assert (tmp_path / "again.md").read_bytes() == after


def what_it_read_and_why(capsys: pytest.CaptureFixture[str], study: Path, checked: str, items: set[str]) -> None:
    """What was taken of the dicta is said; why a probe is judged as it is, and what covers for what, can be asked."""
    read = re.search(r"Read as prose: took (\d+) of (\d+) sentences in (\d+) items \((\d+) norms?\)\. Left: ", checked)
    assert read, checked
    took, sentences, held, norms = map(int, read.groups())
    assert 0 < took < sentences
    assert norms >= took
    assert held == len(items)
    probes = [f"p{n}" for n in range(len(PROBES))]
    told = [w for w in json.loads(run(capsys, "explain", *probes, "--json", "--dir", study)) if w["steps"]]
    assert told, "nothing decides anywhere"
    for w in told:
        assert w["items"]
        assert set(w["items"]) <= items
        assert w["steps"][-1]["rule"] == "verdict"
        assert all(k < n for n, step in enumerate(w["steps"]) for k in step["of"])
    found = json.loads(run(capsys, "redundancy", "--json", "--folds", "8", "--dir", study))
    assert {i["id"] for i in found["items"]} == items
    # what a verdict rests on decides something, alone or once others are gone
    verdicts = {i["id"]: i["verdict"] for i in found["items"]}
    rejected = {n for w in told if w["value"] < 0.5 for n in w["items"]}
    assert rejected, told
    assert all(verdicts[n] != "nothing" for n in rejected), {n: verdicts[n] for n in rejected}


def differing(a: str, b: str) -> tuple[list[str], list[str]]:
    found = list(difflib.unified_diff(lines(a), lines(b), n=0))[2:]
    return [d[1:] for d in found if d.startswith("-")], [d[1:] for d in found if d.startswith("+")]


def answers(capsys: pytest.CaptureFixture[str], study: Path, questions: list[dict], name: str) -> dict:
    """Every third question is answered with an edit, every fourth with a no, the others with a yes."""
    changed: dict[str, str | None] = {}
    out, every = [], []
    for n, question in enumerate(q for q in questions if len(q["items"]) == 1 and "keep" in q["verdicts"]):
        said: dict = {"question": question["id"], "annotator": "ada", "verdict": "keep"}
        every.append(question["text"])
        if n % 3 == 0:
            text = question["text"].rstrip(".;,") + ", as everybody agreed."
            said |= {"verdict": "edit", "payload": {"kind": "text", "text": text}}
            changed[question["text"]] = text
        elif n % 4 == 1:
            said["verdict"] = "reject"
            changed[question["text"]] = None
        out.append(said)
    (study / name).write_text("".join(json.dumps(a) + "\n" for a in out))
    run(capsys, "answers", "import", study / name, "--dir", study)
    return {"changed": changed, "asked": every, "items": {q["items"][0] for q in questions}}
