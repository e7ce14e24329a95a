"""Answering in a terminal, one line after the other."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from activeseed.annotators.terminal import Session, Terminal, annotate
from activeseed.question import Answer, Consequence, Question
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Seed, Text, Variant, with_flips

SEED = Seed(
    items=tuple(
        Item(id=f"i{k}", payload=Text(text=f"text {k}"), alternatives=(Variant(id="v1", payload=Text(text="other")),))
        for k in range(6)
    )
)
REVIEW = Question(
    id="q1",
    kind="review",
    items=("i0",),
    text="text 0",
    options={AS_WRITTEN: "text 0", "v1": "other"},
    reason="The outcome may hang on this.",
    consequences=(
        Consequence(
            probe="p",
            text="A probe [red]text[/]",
            outcomes={AS_WRITTEN: 0.91, ABSENT: 0.12},
            stands=AS_WRITTEN,
            margins={ABSENT: 0.11},
            flips={ABSENT: 7},
            trainings=8,
        ),
        Consequence(
            probe="r",
            text="Another",
            outcomes={AS_WRITTEN: 0.31, "v1": 0.345},
            stands=AS_WRITTEN,
            margins={"v1": 0.009},
            trainings=8,
        ),
    ),
    trainings=8,
)
LIST = Question(
    id="q2",
    kind="confirm_list",
    items=("i1", "i2", "i3"),
    text="i1: text 1\ni2: text 2\nover two lines\ni3: text 3",
    options={"i1": ABSENT, "i2": ABSENT, "i3": "v1"},
)
MORE = Question(id="q3", kind="write_more", items=(), group="honesty", text="Write more")
LAST = Question(id="q4", kind="review", items=("i4",), text="text 4")


class Script:
    """Somebody who types these lines and then closes the terminal."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)


def run(
    questions: Sequence[Question], *lines: str, width: int = 80, take_back: Callable[[str], object] | None = None,
    seed: Seed = SEED, guidelines: str = "",
) -> tuple[Session, list[Answer], str]:  # fmt: skip
    saved: list[Answer] = []
    screen = io.StringIO()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ticks = iter(range(100))
    session = annotate(
        questions,
        seed,
        saved.append,
        name="one",
        take_back=take_back,
        ask=Script(*lines),
        console=Console(file=screen, width=width, force_terminal=False),
        guidelines=guidelines,
        now=lambda: start + timedelta(seconds=next(ticks)),
    )
    return session, saved, screen.getvalue()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("k", {"verdict": "keep"}),
        ("r ~70 not my tone", {"verdict": "reject", "confidence": 0.7, "comment": "not my tone"}),
        ("r~70", {"verdict": "reject", "confidence": 0.7, "comment": ""}),
        ("c 1", {"verdict": "choose", "variant": "v1"}),
        ("1 much better", {"verdict": "choose", "variant": "v1", "comment": "much better"}),
        ("d only when they asked", {"verdict": "depends", "comment": "only when they asked"}),
        ("s", {"verdict": "skip"}),
        ("keep", {"verdict": "keep"}),
    ],
)
def test_a_line_is_an_answer(line: str, expected: dict[str, object]) -> None:
    session, saved, _ = run([REVIEW], line)
    assert len(saved) == 1
    assert {k: getattr(saved[0], k) for k in expected} == expected
    assert saved[0].annotator == "one"
    assert saved[0].at == "2026-01-01T00:00:00+00:00"
    assert session.left == ()


def test_edits_lists_and_new_examples() -> None:
    _, saved, screen = run([REVIEW, LIST, MORE], "e", "a better text", "y 2", "w", "first", "second", "")
    assert saved[0].payload == Text(text="a better text")
    assert (saved[1].verdict, saved[1].unticked) == ("confirm", ("i2",))
    assert saved[2].texts == ("first", "second")
    assert "2. text 2" in screen
    assert "3. text 3  → other" in screen or "3. text 3  → v1" in screen
    assert screen.index("2. text 2") < screen.index("over two lines") < screen.index("3. text 3")


def test_an_edited_pair_keeps_what_is_left_empty() -> None:
    pairs = Seed(
        items=tuple(Item(id=f"p{k}", payload=Pair(prompt="p", chosen="a", rejected=f"b{k}")) for k in range(2))
    )
    question = Question(id="q", kind="judge_pair", items=("p0",), text=pairs["p0"].display)
    _, saved, _ = run([question], "e", "", "better", "", seed=pairs)
    assert saved[0].payload == Pair(prompt="p", chosen="better", rejected="b0")


def test_only_what_a_key_chooses_has_a_number() -> None:
    payload = Pair(prompt="p", chosen="the careful one", rejected="the loud one")
    flipped = Pair(prompt="p", chosen="the loud one", rejected="the careful one")
    options = {AS_WRITTEN: payload.display, ABSENT: "", FLIPPED: flipped.display}
    pairs = with_flips(Seed(items=tuple(Item(id=f"p{k}", payload=payload, copies=k + 1) for k in range(2))))
    judged = Question(id="q", kind="judge_pair", items=("p0",), text=payload.display, options=options)
    _, saved, screen = run([judged], "1", "c 1", "f", seed=pairs)
    assert "1)" not in screen
    assert screen.count("the loud one") == 1
    assert [a.verdict for a in saved] == ["flip"], "and what was typed instead is no answer"
    disputed = judged.model_copy(update={"kind": "resolve"})
    _, saved, screen = run([disputed], "f", seed=pairs)
    assert "1)" not in screen
    _, saved, screen = run([REVIEW.model_copy(update={"kind": "resolve"})], "c 1")
    assert "1) other" in screen
    assert saved[0].variant == "v1"


def test_what_is_no_answer_is_asked_again_and_nothing_is_saved() -> None:
    _, saved, screen = run([REVIEW], "x", "c", "c 7", "f", "", "k")
    assert [a.verdict for a in saved] == ["keep"]
    assert "? lists the keys" in screen
    assert "a number from 1 to 1" in screen
    _, saved, screen = run([LAST], "c 2", "k")
    assert [a.verdict for a in saved] == ["keep"]
    assert "nothing else to choose from" in screen
    _, saved, screen = run([LIST], "y 9", "y")
    assert saved[0].unticked == ()
    assert "No line '9'" in screen


def test_leaving_keeps_what_was_answered() -> None:
    for end in (["q"], []):
        session, saved, _ = run([REVIEW, LAST, LIST], "k", *end)
        assert [a.question for a in saved] == ["q1"]
        assert session.left == ("q4", "q2")


def test_ctrl_c_keeps_what_was_answered() -> None:
    saved: list[Answer] = []

    def ask(prompt: str) -> str:
        if saved:
            raise KeyboardInterrupt
        return "k"

    session = annotate([REVIEW, LAST], SEED, saved.append, name="one", ask=ask, console=Console(file=io.StringIO()))
    assert len(saved) == 1
    assert session.left == ("q4",)


def test_undo_takes_the_last_answer_back_and_asks_again() -> None:
    gone: list[str] = []
    session, saved, _ = run([REVIEW, LAST], "k", "r", take_back=gone.append)
    assert session.left == ()
    session, saved, _ = run([REVIEW, LAST, LIST], "k", "r", "u", "u", "r", "k", take_back=gone.append)
    assert gone == [saved[1].id, saved[0].id]
    assert [(a.question, a.verdict) for a in session.answers] == [("q1", "reject"), ("q4", "keep")]
    assert session.left == ("q2",)
    assert len({a.id for a in saved}) == 4
    _, _, screen = run([REVIEW], "u", "k")
    assert "Nothing to take back" in screen


@pytest.mark.parametrize("width", [30, 80, 140])
def test_the_question_shows_what_hangs_on_it_at_every_width(width: int) -> None:
    _, _, screen = run([REVIEW], "k", width=width)
    assert max(len(line) for line in screen.splitlines()) <= width
    flat = " ".join(screen.replace("│", " ").split()).replace("± 0", "±0")
    for part in ("text 0", "0.91", "0.12", "kept", "dropped", "[red]", "-0.79", "±0.11", "7 of 8", "+0.035"):
        assert part in flat
    # where there is no room for a column an answer, the answers of a probe stand below each other
    assert ("≈" if width > 30 else "no difference that can be told from noise") in flat
    assert "The outcome may hang on this." in flat
    beside = any("text 0" in line and "kept" in line for line in screen.splitlines())
    assert beside == (width == 140)


def test_help_shows_the_keys_of_this_question_and_the_guidelines() -> None:
    _, _, screen = run([LIST], "?", "y", guidelines="# Be strict\n\nHonesty first.")
    assert "y 2 5" in screen
    assert "flip" not in screen
    assert "Honesty first" in screen


def test_escape_sequences_of_a_seed_never_reach_the_terminal() -> None:
    nasty = Question(id="q", kind="review", items=("i0",), text="ring \x1b[2J\x07 [bold]loud[/bold]", reason="\x1b[31m")
    _, _, screen = run([nasty], "k")
    assert "\x1b" not in screen
    assert "\x07" not in screen
    assert "[bold]loud[/bold]" in screen


def test_the_channel_itself_waits_for_nobody() -> None:
    channel = Terminal(name="one")
    channel.submit([REVIEW], SEED)
    assert channel.poll([REVIEW]) == []
    assert channel.withdraw([REVIEW]) == ["q1"]
    assert channel.annotator == "one"
    assert Terminal().annotator
