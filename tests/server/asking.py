"""Questions put on a server through the adapter, without a study: forms, texts and speed are tested with them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from activeseed.annotators.label_studio import LabelStudio
from activeseed.protocols import Assignment
from activeseed.question import Consequence, Question
from activeseed.questions.items import MACHINE
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Entry, Item, Pair, Seed, Text, Variant, with_flips
from tests.label_studio import ADMIN, Person

TOKEN_FILE = ".activeseed/label_studio/token"


def token_in(folder: Path, token: str) -> Path:
    """The token where a study looks for it, readable by nobody else."""
    path = folder / TOKEN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(token + "\n", "utf-8")
    return path


def channel_to(
    url: str,
    folder: Path,
    title: str,
    *,
    who: Person = ADMIN,
    study: str = "",
    annotators: int = 1,
    guidelines: str = "",
    **record: Any,
) -> Any:
    """The channel of a study that lies in ``folder``; ``record`` are further fields of [annotator]."""
    token_in(folder, who.token)
    assignment = Assignment(folder, study or uuid.uuid4().hex[:16], title, annotators, guidelines)
    return LabelStudio(url=url, title=title, **record).assigned(assignment)


# --- one question of each kind --------------------------------------------------------------------------------------

TEXTS = Seed(
    items=(
        Item(
            id="a",
            payload=Text(text="I'm an AI."),
            alternatives=(
                Variant(id="w1", payload=Text(text="A program.")),
                Variant(id="w2", payload=Text(text="For 5 $ I tell you.")),
            ),
        ),
        Item(id="b", payload=Text(text="Trust me.\nReally.")),
    )
)
#: a candidate, as people are shown one
ADA = Entry(text="Ada, who makes for the workshop by the shortest way.", fields={"program": "user", "mass": 2})
HALF = Entry(text=ADA.text, fields={"program": "user", "mass": 1})
CANDIDATES = Seed(
    items=(
        Item(
            id="ada",
            payload=ADA,
            alternatives=(Variant(id="half", payload=HALF, comes_from="drift"),),
        ),
        Item(id="tom", payload=Entry(text="Tom, a cat.", fields={"program": "cat"})),
    )
)  # fmt: skip
PAIRS = with_flips(
    Seed(
        items=(
            Item(id="p", payload=Pair(prompt="May I stop?", chosen="Ask first.", rejected="Yes.")),
            Item(id="q", payload=Pair(chosen="x", rejected="y")),
        )
    )
)
_WORDINGS = {AS_WRITTEN: "I'm an AI.", "w1": "A program.", "w2": "For 5 $ I tell you."}
_DECIDES = (Consequence(probe="c", text="a joke", outcomes={AS_WRITTEN: 0.91, ABSENT: 0.12, "w1": 0.6}),)
QUESTIONS: dict[str, Question] = {
    "review": Question(
        id="q-review", kind="review", items=("a",), text="I'm an AI.", options=_WORDINGS, consequences=_DECIDES,
        reason="Believed to stay with probability 70%.",
    ),
    "weigh_objective": Question(
        id="q-weigh", kind="weigh_objective", items=("a",), text="I'm an AI.", options=_WORDINGS, consequences=_DECIDES
    ),
    "judge_candidate": Question(
        id="q-candidate", kind="judge_candidate", items=("ada",), text=ADA.display,
        options={AS_WRITTEN: ADA.display, "half": "mass: 1"}, marks={"half": MACHINE["drift"]},
        consequences=(
            Consequence(
                probe="policy", text="The AI at c0: right", outcomes={AS_WRITTEN: 1.0, ABSENT: 0.0}, stands=AS_WRITTEN,
                margins={ABSENT: 0.0}, trainings=1,
            ),
            Consequence(
                probe="user", text="The user is ada", outcomes={AS_WRITTEN: 0.68, ABSENT: 0.0, "half": 0.52},
                stands=AS_WRITTEN, margins={ABSENT: 0.0, "half": 0.0}, trainings=1,
            ),
        ),
    ),
    "judge_pair": Question(
        id="q-pair", kind="judge_pair", items=("p",), text=PAIRS["p"].display,
        options={v.id: v.display for v in PAIRS["p"].variants if v.id in (AS_WRITTEN, FLIPPED)},
        consequences=(Consequence(probe="c", text="a joke", outcomes={AS_WRITTEN: 0.9, FLIPPED: 0.2}),),
    ),
    "choose_wording": Question(
        id="q-wording", kind="choose_wording", items=("a",), text="I'm an AI.", options=_WORDINGS, consequences=_DECIDES
    ),
    "assign_concept": Question(
        id="q-concept", kind="assign_concept", items=("a",), text="I'm an AI.", options=_WORDINGS, consequences=_DECIDES
    ),
    "confirm_list": Question(
        id="q-list", kind="confirm_list", items=("a", "b"), text="a: I'm an AI.\nb: Trust me.\nReally.",
        options={"a": "w1"},
    ),
    "write_more": Question(id="q-more", kind="write_more", items=(), group="g", text="More like these: I'm an AI."),
    "mark_authority": Question(
        id="q-rank", kind="mark_authority", items=("a",), text="I'm an AI.",
        options={AS_WRITTEN: "no rank", "as_written:root": "root", "as_written:user": "user"},
    ),
    "merge": Question(id="q-merge", kind="merge", items=("a", "b"), options={"a": "I'm an AI.", "b": "Trust me."}),
    "prefer_outcome": Question(
        id="q-outcome", kind="prefer_outcome", items=(), text="a joke", options={"approve": "yes", "reject": "no"}
    ),
    "judge_dream": Question(
        id="q-dream", kind="judge_dream", items=(), group="dream-1",
        text="Nobody needs to know about the second signature, so I have left it out of the minutes.",
        options={"approve": "this should be approved", "reject": "this should not be approved"},
        reason="Two plausible readings of the seed agree on much: one would let this pass, the other would not.",
        place=Text(text="Nobody needs to know about the second signature, so I have left it out of the minutes."),
    ),
    "resolve": Question(
        id="q-resolve", kind="resolve", items=("a",), text="I'm an AI.", options=_WORDINGS, consequences=_DECIDES,
        answers=(("Annotator 1", "keep", ""), ("Annotator 2", "reject", "too blunt")),
    ),
}  # fmt: skip


def seed_of(question: Question) -> Seed:
    """The seed that a question of ``QUESTIONS`` is about."""
    return {"p": PAIRS, "ada": CANDIDATES}.get(next(iter(question.items), ""), TEXTS)


def hostile(kind: str, text: str) -> Question:
    """A question of this kind in which every text that comes from somebody's data is this one."""
    question = QUESTIONS[kind]
    changed: Mapping[str, Any] = {
        "text": "\n".join(f"{i}: {text}" for i in question.items) if kind == "confirm_list" else text,
        "options": dict.fromkeys(question.options, text) if kind != "confirm_list" else dict(question.options),
        "reason": text,
        "consequences": (Consequence(probe="c", text=text, outcomes={AS_WRITTEN: 0.9, ABSENT: 0.1, text: 0.5}),),
        "answers": ((text, "keep", text),) if kind == "resolve" else (),
        "group": text if kind == "write_more" else "",
    }
    if kind == "judge_pair":
        pair = Pair(prompt=text, chosen=f"A {text}", rejected=f"B {text}")
        changed = {**changed, "text": pair.display, "options": {FLIPPED: pair.flipped().display}}
    if kind in ("review", "choose_wording", "assign_concept", "judge_candidate", "resolve"):
        changed = {**changed, "options": {AS_WRITTEN: text, "w1": f"B {text}", "w2": f"C {text}"}}
    return question.model_copy(update=dict(changed))
