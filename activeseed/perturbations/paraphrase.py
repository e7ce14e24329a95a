"""Other wordings that rules find: the same said otherwise, offline and in no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.perturbations.adding import each_text
from activeseed.perturbations.clauses import reordered
from activeseed.perturbations.meaning import changed
from activeseed.perturbations.reading import Edit, Means, Span, edited, is_english, sentences
from activeseed.perturbations.swapping import swapped
from activeseed.perturbations.templates import templated
from activeseed.seed import Seed

Source = Literal["clauses", "templates", "swaps"]
_SOURCES: dict[Source, Callable[[str, Span], Iterator[Edit]]] = {
    "clauses": reordered, "templates": templated, "swaps": swapped,
}  # fmt: skip


class Paraphrase(SettingsRecord):
    """Rewordings by rule, for English texts: where their outcomes differ, an item is brittle to its wording.

    Three sources: closed templates (contractions, *should* and *ought to*, fixed turns of phrase), the order of a
    clause and its condition, and swaps of words that are each other's first sense in WordNet 3.0, from a table read by
    hand. Every candidate is held against its sentence (``meaning.changed``): one that moves a negation, a modal verb, a
    quantity or a conjunction, or puts an opposite in a word's place, is thrown away. Code, quotations, links and
    names stay as they are. A paraphrase is a variant that nobody believes in and no human wrote: it says so
    (``Variant.comes_from``), and stands only once somebody has chosen it. The same text has the same paraphrases
    everywhere; a text of which the rules can make nothing has none, and so has one in another language.

    Attributes:
        most: paraphrases an item gets at most; the places that can be changed are dealt out among them.
        at_once: sentences that one paraphrase changes at most, in one place each.
        sources: which rules are used.
    """

    kind: Literal["paraphrase"] = "paraphrase"
    most: int = Field(default=2, ge=1, le=20)
    at_once: int = Field(default=3, ge=1, le=100)
    sources: tuple[Source, ...] = Field(default=("clauses", "templates", "swaps"), min_length=1)

    def variants(self, seed: Seed) -> Seed:
        return each_text(seed, "paraphrase", "paraphrase", self.paraphrases)

    def paraphrases(self, text: str) -> list[str]:
        """Up to ``most`` rewordings of a text, none of which is the text or another of them."""
        drafts: list[list[Edit]] = [[] for _ in range(self.most)]
        for edits in _edits(text, self.sources):
            # Drafts with the fewest changes come first, so that a text with one place to change in each of two
            # sentences has two paraphrases and not one.
            open_ = sorted((d for d in drafts if len(d) < self.at_once), key=len)
            if not open_:
                break
            for draft, edit in zip(open_, _most_apart(edits), strict=False):
                draft.append(edit)
        out: list[str] = []
        for draft in drafts:
            if draft and (said := edited(text, draft)) != text and said not in out:
                out.append(said)
        return out


def _edits(text: str, sources: tuple[Source, ...]) -> Iterator[list[Edit]]:
    """Sentence by sentence, the changes that keep its meaning."""
    means = Means(text)
    for sentence in sentences(text):
        said = text[slice(*sentence)]
        if not is_english(said):
            continue
        found: dict[Edit, None] = {}
        for source in dict.fromkeys(sources):
            for edit in _SOURCES[source](text, sentence):
                moved = Edit(edit.start - sentence.start, edit.end - sentence.start, edit.new)
                if not means.touches(edit.start, edit.end) and not changed(said, edited(said, [moved])):
                    found[edit] = None
        if found:
            yield list(found)


def _most_apart(edits: list[Edit]) -> list[Edit]:
    """The changes of one sentence, those first that are not in the place of an earlier one."""
    first: list[Edit] = []
    again: list[Edit] = []
    at: set[tuple[int, int]] = set()
    for edit in edits:
        place = (edit.start, edit.end)
        (again if place in at else first).append(edit)
        at.add(place)
    return first + again
