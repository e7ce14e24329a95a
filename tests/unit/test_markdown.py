"""Markdown in, and back into the author's own file: one stated reading each, and only the changed lines differ."""

import difflib
import re
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from activeseed.formats import FormatError, Written, read_markdown, with_changes


def read(text):
    return read_markdown("charter.md", text)


def texts(text):
    return [place.fields["text"] for place in read(text).places]


def changed(text, new, added=()):
    """The text after changes by an item's text: what it is to say, or None to drop it."""
    file = read(text)
    said = [p.fields["text"] for p in file.places]
    changes = {
        said.index(old): None if to is None else Written(to, file.places[said.index(old)].fields.get("authority", ""))
        for old, to in new.items()
    }
    return with_changes("charter.md", file, changes, added)


# --- reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "items"),
    [
        pytest.param("Two lines\nof one paragraph.\n\nAnother.", ["Two lines of one paragraph.", "Another."], id="two"),
        pytest.param("- a\n* b\n3) c\n", ["a", "b", "c"], id="bullets and numbers"),
        pytest.param("- a\n  goes on\nlazily\n\n  and on\n", ["a goes on lazily\n\nand on"], id="long bullet"),
        pytest.param("- a\n  - b\n    1. c\n- d\n", ["a\n- b\n  1. c", "d"], id="nested bullets"),
        pytest.param("- [ ] a\n- [x] b\n", ["a", "b"], id="tasks"),
        pytest.param("> quoted\n> twice\n>\n> - a\n", ["quoted twice", "a"], id="quotations"),
        pytest.param("a\\\nb  \nc\n", ["a b c"], id="hard line breaks"),
        pytest.param("a <!-- not\nthis --> b\n\n<!-- nor that -->\n", ["a b"], id="comments"),
        pytest.param("---\ntitle: x\n---\na\n", ["a"], id="front matter"),
        pytest.param("a\n\n***\n\nb\n\n---\n", ["a", "b"], id="rules"),
        pytest.param("[x]: https://example.org\n\nsee [x]\n", ["see [x]"], id="link definitions"),
        pytest.param("\\- a dash\n\n1\\. one\n\n\\*stars\\*\n", ["- a dash", "1. one", "\\*stars\\*"], id="escapes"),
        pytest.param("-\n\n- a\n", ["a"], id="an empty bullet"),
        pytest.param("\ufeff# x\n", ["\ufeff# x"], id="a mark that nobody took off is text"),
        pytest.param("Title\n=====\na\n\nB\n---\nc\n", ["a", "c"], id="underlined headings"),
        pytest.param("a\rb\r\rc\r", ["a b", "c"], id="line ends of an old Mac"),
        pytest.param("a\u2028b\x0bc\n", ["a\u2028b\x0bc"], id="what ends no line"),
    ],
)  # fmt: skip
def test_what_is_read_as_what(text, items):
    assert texts(text) == items
    assert not read(text).notes


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("x\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "tables", 3),
        ("x\n\n```\n- code\n```\n", "blocks of code", 3),
        ("x\n\n    - code\n", "blocks of code", 3),
        ("x\n\n<div>\n- html\n</div>\n", "blocks of HTML", 3),
        ("x[^1]\n\n[^1]: a note\n", "footnotes", 3),
        ("x\n\n![a picture](x.png)\n", "images", 3),
        ("x\n\n> # a heading\n", "headings in quotations", 3),
    ],
)
def test_what_is_left_out_is_said(text, what, line):
    file = read(text)
    assert [p.fields["text"] for p in file.places] == [text.split("\n")[0]]
    (note,) = file.notes
    assert f"line {line}: {what} are no dicta and were left out" in note


def test_a_bullet_keeps_the_lead_in_that_it_completes():
    file = read(
        "It should never:\n\n- lie\n- help those who:\n  1. steal\n  2. kill\n\n"
        "This stands alone:\n\nA paragraph.\n\n- b\n"
    )
    assert [(p.fields.get("prompt", ""), p.fields["text"]) for p in file.places] == [
        ("It should never:", "lie"),
        ("It should never:\nhelp those who:", "steal"),
        ("It should never:\nhelp those who:", "kill"),
        ("", "This stands alone:"),
        ("", "A paragraph."),
        ("", "b"),
    ]
    # A comment between them hides nothing; an empty one parts them.
    assert read("Never:\n\n<!-- todo -->\n\n- lie\n").places[0].fields == {"text": "lie", "prompt": "Never:"}
    assert texts("Never:\n\n<!-- -->\n\n- lie\n") == ["Never:", "lie"]


def test_groups_are_titles_and_paths_where_titles_repeat():
    file = read("a\n\n# A\n## Examples\nb\n## Other\nc\n# B\n## Examples\nd\n# A\n## Other\ne\n#\nf\n")
    assert [p.fields.get("group", "") for p in file.places] == [
        "",
        "A > Examples",
        "Other",
        "B > Examples",
        "Other",
        "",
    ]


def test_ids_and_authorities():
    file = read(
        '# A {#a authority=root}\nx {#x}\n\n## B\ny {authority="the user"}\n\n- z {#z .new\nauthority=system}\n\n'
        "# C\nnot {attributes}, {#neither} here\n\n{#alone}\n"
    )
    found = [(p.fields["text"], p.fields.get("id"), p.fields.get("authority")) for p in file.places]
    assert found == [
        ("x", "x", "root"),
        ("y", None, "the user"),
        ("z", "z", "system"),
        ("not {attributes}, {#neither} here", None, None),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<!DOCTYPE html>\n<p>x</p>", "a web page"),
        ("  <html lang='en'>", "a web page"),
        ("{\\rtf1\\ansi x}", "rich text"),
        ('[{"text": "a"}]\n', "this is JSON"),
        ("a\n\nb\0c", "charter.md:3: it holds a zero byte"),
        ("- " * 200 + "a", "nested too deeply"),
        (">" * 200 + "a", "nested too deeply"),
    ],
)
def test_what_is_no_markdown_is_refused(text, says):
    with pytest.raises(FormatError, match=re.escape(says)):
        read(text)


@pytest.mark.parametrize(
    "line",
    [
        "- a line\n", "a paragraph\n\n", "wrapped\n", "- a:\n  - b\n", "Never:\n\n- a\n\n", "> q\n", "[a\n", "a {#",
        "<!--\n", "# h\n\nx\n\n",
    ],
)  # fmt: skip
def test_the_time_is_linear(line):
    def seconds(n):
        start = time.process_time()
        file = read(line * n)
        with_changes("x", file, dict.fromkeys(range(0, len(file.places), 2)))
        return time.process_time() - start

    seconds(200)
    # Ten times as much takes about ten times as long; a quadratic step that is a hundredth of it would make it 20.
    few, many = min(seconds(300) for _ in range(3)), seconds(3000)
    assert many < 40 * max(few, 0.01)


# --- back into the author's file --------------------------------------------------------------------------------

CHARTER = """\
---
title: A charter
---
# Honesty

The assistant says what it knows, and
says so where it does not know: a guess
is called a guess.\x20\x20\x20

It should never:

* lie to **anybody**,
* flatter.  {#flatter}

> Quoted words
> stand here.

Last words without an end"""


def lines_that_differ(a, b):
    """(gone, come) as lists of lines."""
    diff = list(difflib.ndiff(a.splitlines(keepends=True), b.splitlines(keepends=True)))
    return [d[2:] for d in diff if d.startswith("- ")], [d[2:] for d in diff if d.startswith("+ ")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_edit_changes_its_own_lines_alone(end):
    charter = CHARTER.replace("\n", end)
    assert changed(charter, {}) == charter
    out = changed(charter, {"flatter.": "flatter, or fawn."})
    assert out == charter.replace("flatter.  {#flatter}", "flatter, or fawn. {#flatter}")
    out = changed(charter, {"Last words without an end": "The end"})
    assert out == charter.replace("Last words without an end", "The end")
    out = changed(charter, {"Quoted words stand here.": "Quoted words stood here."})
    assert out == charter.replace("stand here", "stood here")
    # A wrapped paragraph keeps the lines that still hold.
    whole = texts(CHARTER)[0]
    out = changed(charter, {whole: whole.replace("a guess is", "a guess always is")})
    assert out == charter.replace("is called a guess.   ", "always is called a guess.")
    out = changed(charter, {whole: whole.replace("so where", "it where")})
    assert out == charter.replace("says so where", "says it where")


def test_what_is_dropped_takes_its_lines_along():
    assert changed("a\n\nb\n\nc\n", {"b": None}) == "a\n\nc\n"
    assert changed("a\n\nb\n\nc\n", {"c": None}) == "a\n\nb\n"
    assert changed("a\n\nb\n\nc\n", {"a": None}) == "b\n\nc\n"
    assert changed("# A\n\na\n\n# B\n\nb\n", {"a": None}) == "# A\n\n# B\n\nb\n"
    assert changed("- a\n- b\n- c\n", {"b": None}) == "- a\n- c\n"
    assert changed("- a\n\n- b\n\n- c\n", {"b": None}) == "- a\n\n- c\n"
    # A lead-in without a bullet goes, too; one that has one stays.
    assert changed("x\n\nNever:\n\n- a\n- b\n\ny\n", {"a": None, "b": None}) == "x\n\ny\n"
    assert changed("x\n\nNever:\n\n- a\n- b\n\ny\n", {"b": None}) == "x\n\nNever:\n\n- a\n\ny\n"
    assert changed("Never:\n- a\n- who:\n  - b\n  - c\n", {"b": None, "c": None}) == "Never:\n- a\n"


def test_a_drop_never_makes_a_lead_in_of_what_was_none():
    text = "Some rules:\n\nA paragraph.\n\n- a\n"
    out = changed(text, {"A paragraph.": None})
    assert texts(out) == ["Some rules:", "a"]
    assert read(out).places[1].fields.get("prompt") is None


def test_new_items_stand_at_the_end_of_their_group():
    text = "# A\n\nNever:\n\n1. lie\n2. steal\n\n# B\n\nx\n\n# C\n- y\n"
    added = [
        Written("kill", group="A", prompt="Never:"), Written("A paragraph.", group="A"), Written("# w", group="B"),
        Written("z", group="C"),
    ]  # fmt: skip
    assert changed(text, {}, added) == (
        "# A\n\nNever:\n\n1. lie\n2. steal\n3. kill\n\nA paragraph.\n\n# B\n\nx\n\n\\# w\n\n# C\n- y\n- z\n"
    )
    out = changed(
        "x\n\ny", {}, [Written("z", group="New", authority="root"), Written("w", group="New", prompt="Never:")]
    )
    assert out == "x\n\ny\n\n# New\n\nz {authority=root}\n\nNever:\n\n- w\n"


def test_what_an_edit_says_is_what_is_read():
    for text in ("# no heading", "- no bullet", "12. no number", "> no quotation", "```", "---", "<b>x</b>", "+", "=="):
        for charter in ("one\n\ntwo\n", "- one\n- two\n", "> - one\n> - two\n"):
            assert texts(changed(charter, {"two": text})) == ["one", text], (text, charter)
    assert texts(changed("- a\n- b\n", {"b": "c\n\nd\n- e"})) == ["a", "c\n\nd\n- e"]
    assert changed("a {#x authority=user}\n\n- b\n", {"a": "c"}) == "c {#x authority=user}\n\n- b\n"
    assert changed("a <!-- why -->\n\nb\n", {"a": "c"}) == "c <!-- why -->\n\nb\n"
    with pytest.raises(FormatError, match=r"Write \.jsonl instead"):
        changed("a\n\nb\n", {"b": "[^1]: a footnote"})


def test_an_authority_is_an_attribute():
    file = read("# A {authority=root}\n\na {#x authority=user}\n\nb\n")
    out = with_changes("x", file, {0: Written("a", "root"), 1: Written("b", "the user")}, [Written("c", group="A")])
    assert out == '# A {authority=root}\n\na {#x}\n\nb {authority="the user"}\n\nc {authority=""}\n'


WORDS = st.sampled_from(
    ["must", "never", "help", "who", "asks", "lie", "a", "1.", "-", "*care*", "`x`", "#", "users", "|"]
)
LINE = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
BULLET = st.tuples(st.sampled_from(["- ", "* ", "1. ", "  - ", "- [ ] ", "> ", "> - ", "    - "]), LINE).map("".join)
SPECIAL = ["***", "<!-- c -->", "```\ncode\n```", "| a |\n|---|\n| b |", "[^1]: note", "<div>\nx\n</div>", "![i](j)"]
BLOCK = st.one_of(
    st.lists(LINE, min_size=1, max_size=3).map("\n".join),
    LINE.map(lambda t: f"{t}:"),
    st.lists(BULLET, min_size=1, max_size=4).map("\n".join),
    st.tuples(st.sampled_from(["#", "##", "###"]), LINE).map(" ".join),
    st.sampled_from(SPECIAL),
)
MARKDOWN = st.tuples(
    st.lists(st.tuples(BLOCK, st.sampled_from(["\n", "\n\n", "\n\n\n", "  \n\n", "\n \n"])), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
).map(lambda t: "".join(a + b for a, b in t[0]).replace("\n", t[1]))


@settings(max_examples=150, deadline=None)
@given(st.one_of(MARKDOWN, st.text(alphabet="ab:-*># \n\r\t`|[]{}=1.<!\\", max_size=60)))
def test_any_markdown_without_answers_is_the_same_bytes(text):
    try:
        file = read(text)
    except FormatError:
        assume(False)
    assert with_changes("x", file, {}) == text
    assert all(0 <= p.start < p.end <= len(file.lines) for p in file.places)
    assert all(a.end <= b.start for a, b in zip(file.places, file.places[1:], strict=False)), "no line is in two items"


@settings(max_examples=150, deadline=None)
@given(MARKDOWN, st.data())
def test_edits_differ_in_their_own_lines_alone(text, data):
    file = read(text)
    assume(file.places)
    which = data.draw(st.sets(st.sampled_from(range(len(file.places))), max_size=3))
    new = {n: data.draw(st.one_of(st.none(), LINE.map(lambda t: f"Now {t}."))) for n in which}
    try:
        out = with_changes(
            "x", file, {n: t and Written(t, file.places[n].fields.get("authority", "")) for n, t in new.items()}
        )
    except FormatError:
        assume(False)
    wanted = [new.get(n, p.fields["text"]) for n, p in enumerate(file.places)]
    assert [" ".join(t.split()) for t in texts(out)] == [" ".join(t.split()) for t in wanted if t is not None]
    # Every line outside the changed items is there, in order, byte for byte, but for blank ones beside what went and
    # lead-ins that nothing completes any more.
    may_go = {n for i in which for n in range(file.places[i].start, file.places[i].end)}
    may_go |= {
        n
        for i in which
        for number in file.places[i].leads
        for n in range(file.leads[number].start, file.leads[number].end)
    }
    left = iter(read_lines(out))
    for n, line in enumerate(file.lines):
        if n not in may_go and line.strip(" >\r\n\t"):
            assert any(line.rstrip("\r\n") == other.rstrip("\r\n") for other in left), line


@settings(max_examples=150, deadline=None)
@given(MARKDOWN, st.data())
def test_what_is_added_changes_no_line_and_no_other_item(text, data):
    file = read(text)
    assume(file.places)
    beside = data.draw(st.sampled_from(file.places)).fields
    new = Written("Brand new.", "", beside.get("group", ""), data.draw(st.sampled_from(["", beside.get("prompt", "")])))
    out = with_changes("x", file, {}, [new])
    assert sorted(texts(out)) == sorted([*texts(text), "Brand new."])
    (added,) = [p.fields for p in read(out).places if p.fields["text"] == "Brand new."]
    assert {k: added.get(k, "") for k in ("group", "prompt")} == {"group": new.group, "prompt": new.prompt}
    left = iter(re.split(r"[\r\n]+", out))
    assert all(any(line == other for other in left) for line in re.split(r"[\r\n]+", text) if line.strip())


def read_lines(text):
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)


def test_few_edits_are_refused():
    """The property above passes over what can't be written; in sensible Markdown that is nothing."""
    text = "# A\n\nNever:\n\n- a b\n- c d\n  - e\n\nA paragraph\nof two lines.\n\n> Quoted.\n\n1. x\n2. y\n"
    file = read(text)
    for n in range(len(file.places)):
        for new in (None, Written("Now this."), Written("- odd"), Written("x " * 200)):
            with_changes("x", file, {n: new})
