"""A study of an author's Markdown: answers to paragraphs that are split and joined stay, and go back into the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activeseed.files import SeedWarning, read_seed
from activeseed.seed import ABSENT
from activeseed.study import Study
from tests.integration.conftest import Make

LONG = "The assistant says what it knows and where it does not know. It corrects an error at once, and in plain words."
FIRST, SECOND = LONG.split(". ")[0] + ".", LONG.split(". ")[1]
ONE, TWO = "Nobody's address leaves this conversation.", "A recipe needs its quantities, so they are given."
CHARTER = f"# Honesty\n\n{LONG}\n\nIt never:\n\n- lies,\n- flatters.\n\n# Care\n\n{ONE}\n\n{TWO}\n\nIt asks back.\n"


def answer(question: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {"question": question, "annotator": "ann", "verdict": verdict, **more}


@pytest.fixture
def charter(tmp_path: Path) -> Path:
    (tmp_path / "charter.md").write_text(CHARTER)
    return tmp_path / "charter.md"


@pytest.fixture
def study(make_study: Make, charter: Path) -> Study:
    return make_study(read_seed(charter), source={"seed": "../charter.md"})


def ask(study: Study, text: str) -> str:
    name = next(i.id for i in study.seed.items if i.payload.texts[0] == text)
    return study.ask(items=[name])[0].id


def standing(study: Study) -> dict[str, str]:
    return {i.payload.texts[0]: study.seed.standing.get(i.id, "as_written") for i in study.seed.items}


def test_an_answer_to_the_whole_holds_for_its_parts_for_good(study: Study, charter: Path, tmp_path: Path) -> None:
    study.tell([answer(ask(study, LONG), "reject")])
    split = CHARTER.replace(LONG, f"{FIRST}\n\n{SECOND}")
    charter.write_text(split)
    result = study.sync(charter)
    assert len(result.notes) == 1
    assert not result.conflicts
    assert {standing(study)[t] for t in (FIRST, SECOND)} == {ABSENT}
    # Later answers resolve all of it anew, and what was carried over still stands.
    study.tell([answer(ask(study, "It asks back."), "edit", payload={"kind": "text", "text": "It asks back, once."})])
    study.tell([answer(ask(study, "flatters."), "reject")])
    assert {standing(study)[t] for t in (FIRST, SECOND)} == {ABSENT}
    assert Study.open(study.folder).seed == study.seed
    study.export(tmp_path / "out.md")
    assert (tmp_path / "out.md").read_text() == (
        split.replace(f"{FIRST}\n\n{SECOND}\n\n", "")
        .replace("- flatters.\n", "")
        .replace("asks back.", "asks back, once.")
    )
    # One part can still be kept after all.
    study.tell([answer(ask(study, SECOND), "keep")])
    assert {t: standing(study)[t] for t in (FIRST, SECOND)} == {FIRST: ABSENT, SECOND: "as_written"}


@pytest.mark.parametrize(("one", "two", "stands"), [("reject", "reject", ABSENT), ("keep", "reject", "as_written")])
def test_joined_paragraphs_stand_as_both_did_or_are_asked_anew(
    study: Study, charter: Path, tmp_path: Path, one: str, two: str, stands: str
) -> None:
    study.tell([answer(ask(study, ONE), one), answer(ask(study, TWO), two)])
    joined = CHARTER.replace(f"{ONE}\n\n{TWO}", f"{ONE} {TWO}")
    charter.write_text(joined)
    result = study.sync(charter)
    assert len(result.notes) == 1
    assert standing(study)[f"{ONE} {TWO}"] == stands
    study.tell([answer(ask(study, "lies,"), "keep")])
    assert standing(study)[f"{ONE} {TWO}"] == stands
    study.export(tmp_path / "out.md")
    assert (tmp_path / "out.md").read_text() == (joined if stands != ABSENT else joined.replace(f"{ONE} {TWO}\n\n", ""))
    assert ask(study, f"{ONE} {TWO}"), "it can be asked"


def test_what_annotators_write_goes_to_the_end_of_its_group(study: Study, charter: Path) -> None:
    (more,) = study.ask(1, kind="write_more", group="Honesty")
    study.tell([answer(more.id, "write_more", texts=["It says what it guessed."])])
    assert study.export(charter) == 7
    assert charter.read_text() == CHARTER.replace("- flatters.\n", "- flatters.\n\nIt says what it guessed.\n")
    result = study.sync(charter)
    assert (result.added, result.edited, result.removed, result.conflicts) == ((), (), (), ())


def test_where_the_authors_file_is_gone_it_is_written_anew(study: Study, charter: Path, tmp_path: Path) -> None:
    charter.unlink()
    with pytest.warns(SeedWarning, match="is gone"):
        study.export(tmp_path / "out.md")
    assert [i.payload for i in read_seed(tmp_path / "out.md").items] == [i.payload for i in study.seed.items]
    charter.write_text(CHARTER)
    study.export(tmp_path / "new.md", fresh=True)
    assert (tmp_path / "new.md").read_text() == (tmp_path / "out.md").read_text()
    study.export(tmp_path / "out.md")
    assert (tmp_path / "out.md").read_text() == CHARTER
