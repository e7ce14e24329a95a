"""The inference engine on free prose: headings are the ontology, and deeds are held against norms by similarity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from activeseed.embedders import Tfidf
from activeseed.plan import Materials, Rows
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.systems.contract import check_system
from activeseed.systems.inference import InferenceEngine
from tests.precision import ROUNDED

pytest.importorskip("activeseed.systems.inference.prose")

DICTA = {
    "Honesty": [
        "We want the assistant to tell the truth about its sources.",
        "The assistant should never invent a quotation, even when a user presses it to.",
        "Never deceive users about the risks of a medicine.",
    ],
    "Care": [
        "The assistant should help people in distress and name a doctor they can call.",
        "If somebody speaks of harming themselves, the assistant must stay with them and offer a hotline.",
    ],
    "About this text": ["This text was written in spring."],
}
PROBES = [
    "The quotation that you ask for does not exist, so I can't tell the truth and quote it.",
    "Here is an invented quotation from a famous doctor.",
    "Please call a doctor or this hotline; I will stay with you.",
    "The medicine has no risks at all.",
    "The weather is fine.",
]


def materials(extra: str = "") -> Materials:
    lines = [(g, t) for g, of in DICTA.items() for t in of] + ([("Honesty", extra)] if extra else [])
    items = tuple(Item(id=f"d{n}", payload=Text(text=t), group=g) for n, (g, t) in enumerate(lines))
    probes = tuple(Probe(id=f"p{n}", payload=Text(text=t)) for n, t in enumerate(PROBES))
    embed = Tfidf().fit([t for _, t in lines] + PROBES).embed
    return Materials(Seed(items=items), probes, embed=embed, embedder="tfidf")


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("settings", [{}, {"pooling": "sum", "induction": 0.0}])
def test_it_keeps_the_promises_of_a_system(settings) -> None:
    # the root draws the weights of the check: with this one some lie well below one, where outcomes move
    of = replace(materials(), root=2)
    check_system(InferenceEngine(**settings), of, tolerance=ROUNDED)


def test_prose_is_said_to_be_prose_and_what_holds_no_norm_is_named() -> None:
    said = InferenceEngine().remarks(materials())
    assert said[0].startswith("Read as prose: took ")
    assert any("1 item holds no norm: 'd5'" in s for s in said)


def test_a_copy_moves_nothing_not_even_what_is_induced() -> None:
    of = materials(DICTA["Honesty"][1])
    n = len(of.seed)
    variants = np.zeros((4, n), np.int16)
    variants[1, n - 1] = variants[2, 1] = 1
    variants[3, [1, n - 1]] = 1
    out = InferenceEngine(threshold=0.3).train(Rows(variants, np.zeros(4, np.int64)), of).values
    np.testing.assert_array_equal(out[1], out[0])
    np.testing.assert_array_equal(out[2], out[0])
    assert not np.array_equal(out[3], out[0])


def test_explanations_replay() -> None:
    of = materials()
    engine, n = InferenceEngine(), len(of.seed)
    why = engine.explain(Rows(np.zeros((1, n), np.int16), np.zeros(1, np.int64)), of, range(len(PROBES)))[0]
    told = 0
    for p, found in enumerate(why):
        alone = np.ones((1, n), np.int16)
        alone[0, [int(i[1:]) for i in found.items]] = 0
        again = engine.train(Rows(alone, np.zeros(1, np.int64)), of).values[0, p]
        assert np.sign(again - 0.5) == np.sign(np.float32(found.value) - 0.5)
        told += bool(found.steps)
    assert told >= 2
