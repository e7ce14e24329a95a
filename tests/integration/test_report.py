"""The report: one file, offline, every figure from the facts, every text escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from activeseed.errors import FolderError
from activeseed.looking.words import UNUSED
from activeseed.report import facts, figures, gather, render, write_report
from activeseed.seed import Item, Seed, Text
from tests.integration.conftest import TRUTH, Make, small_seed

NASTY = "<script>alert('x')</script> & \"quotes\" <img src=x onerror=alert(1)> ✓ العربية"


class Tags(HTMLParser):
    """Collects tags and attributes, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "br", "link", "img"} and not (self.open and "svg" in self.open and tag != "svg"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if "svg" in self.open and tag != "svg":
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


class _Tables(HTMLParser):
    """Tables that nothing around them lets scroll."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[bool] = []
        self.fixed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div":
            self.inside.append("wide" in (dict(attrs).get("class") or "").split())
        if tag == "table":
            self.fixed += not any(self.inside)

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self.inside.pop()


def parsed(text: str) -> Tags:
    tags, tables = Tags(), _Tables()
    tags.feed(text)
    assert tags.open == []
    tables.feed(text)
    assert tables.fixed == 0, "a table without a box of its own that scrolls pushes a phone's whole page to the right"
    return tags


def test_a_report_before_any_answer_has_the_bootstrap_spread_first(make_study: Make) -> None:
    study = make_study()
    facts = gather(study)
    assert facts.numbers[0]["name"] == "bootstrap spread"
    assert facts.numbers[0]["value"] > 0
    assert [i["rank"] for i in facts.items] == list(range(1, len(TRUTH) + 1))
    assert facts.rounds == []
    assert facts.predictors == []
    text = render(facts)
    parsed(text)
    for name in TRUTH:
        assert f">{name}" in text


def test_a_report_after_rounds_shows_movement_quality_calibration_and_annotators(make_study: Make) -> None:
    study = make_study(ask={"batch": 4, "consequences": 2}, stopping={"flips": 0.0}, replicates=8)
    study.loop(max_rounds=2)
    facts = gather(study)
    assert len(facts.rounds) == 3
    assert facts.calibration is not None
    assert facts.calibration["n"] > 0
    assert facts.annotators[0]["name"] == "simulated"
    assert facts.consequences
    assert {c["item"] for c in facts.changes} == set(study.seed.standing)
    assert facts.record["versions"]["numpy"]
    assert facts.record["settings"]["ask"]["batch"] == 4
    text = render(facts)
    parsed(text)
    for words in ("Movement of the outcome", "Calibration", "Annotators", "What changed in the seed", "Record"):
        assert words in text
    used = study.rounds.assessment().belief.used
    assert {p["share"] for p in facts.predictors} - {None} == {share for share in used.values() if share >= UNUSED}
    assert all(p["what"] in text for p in facts.predictors)
    realised = facts.rounds[1]["realised_movement"]
    assert realised is not None


def test_texts_from_seeds_and_annotators_are_inert(make_study: Make) -> None:
    items = list(small_seed().items)
    items[0] = Item(id="<b>bold</b>", payload=Text(text=NASTY), group="<i>")
    study = make_study(seed=Seed(items=tuple(items)))
    (q,) = study.ask(items=["<b>bold</b>"])
    study.tell([{"question": q.id, "annotator": "<script>who</script>", "verdict": "reject", "comment": NASTY}])
    text = render(gather(study))
    tags = parsed(text)
    assert not {"script", "img", "iframe", "link", "object"} & set(tags.seen)
    assert not any(name.startswith("on") for name, _ in tags.attributes)
    assert "&lt;script&gt;alert" in text


def test_the_file_needs_no_network(make_study: Make, tmp_path: Path) -> None:
    path = write_report(make_study(), tmp_path / "report.html")
    text = path.read_text("utf-8")
    assert not re.search(r"https?://", text)
    assert not any(name in {"src", "href"} for name, _ in parsed(text).attributes)
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_a_report_that_cannot_be_written_says_so(make_study: Make, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="--out"):
        write_report(make_study(), tmp_path / "nowhere" / "report.html")


def test_what_adds_nothing_to_a_belief_is_left_out() -> None:
    assert facts._because({"author": 1.4, "count": 0.0, "rest": -0.04, "kin": -0.51}) == "author +1.4, kin -0.5"
    assert facts._because({"count": 0.0}) == "nothing"


def test_a_bar_shows_its_value_and_interval_and_nothing_below_zero() -> None:
    assert 'width="65.0"' in figures.bar(0.5, 0.4, 0.6, 1.0)
    assert 'width="0.0"' in figures.bar(-0.1, None, None, 1.0)
    assert "unknown" in figures.bar(None, None, None, 1.0)


def test_a_chart_has_one_point_a_known_value() -> None:
    drawn = figures.lines([("a", [1.0, None, 3.0]), ("b", [2.0, 2.0, 2.0])], ["0", "4", "8"], title="t <b>")
    assert drawn.count('class="dot s0"') == 2 + 1  # two values and the legend
    assert drawn.count('class="dot s1"') == 3 + 1
    assert "t &lt;b&gt;" in drawn
    assert figures.lines([("a", [None])], ["0"], title="t") == ""
