"""Makes the word tables of the rule paraphrases from WordNet: run once, and again only when the kept list changes.

``python -m tests.word_tables --wordnet DIR`` reads the database files of WordNet 3.0 (Debian's ``wordnet-base`` has
them in ``/usr/share/wordnet``) and the list beside this file, and writes ``activeseed/data/words``. WordNet proposes
and a human disposes: of its 2,772 swaps among common words that are each other's first sense, about half turn
a sentence into another one, so what is kept is kept by hand; a line that WordNet does not hold to be such a pair is
refused. It needs ``wordfreq`` (how common a word is) and ``lemminflect`` (its forms), which the package does not.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from lemminflect import getInflection  # type: ignore[import-not-found]
from wordfreq import zipf_frequency  # type: ignore[import-not-found]

POS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
TAGS = {"v": ("VB", "VBZ", "VBD", "VBN", "VBG"), "n": ("NN", "NNS"), "a": ("JJ",), "r": ("RB",)}
#: words that are rarer than this, in Zipf's log10 of uses a billion words, are no words of a charter
COMMON = 2.8
#: how much rarer than the word that it takes the place of a word may be
RARER = 2.2
HERE = Path(__file__).parent
TABLES = HERE.parent / "activeseed" / "data" / "words"
#: forms that the inflector has wrong
FORMS: dict[tuple[str, str], str] = {}
#: after these a form is a participle
PARTICIPLE = "is|are|be|been|being|was|were|has|have|had"


class Synset(NamedTuple):
    """Synonyms and the opposites of each: (place here, part of speech and offset there, place there)."""

    words: tuple[str, ...]
    opposites: tuple[tuple[int, str, str, int], ...]


def read(wordnet: Path) -> tuple[dict[tuple[str, str], list[str]], dict[tuple[str, str], Synset]]:
    """(word, part of speech) -> its senses, the commonest first; (part of speech, offset) -> synonyms."""
    senses: dict[tuple[str, str], list[str]] = {}
    synsets: dict[tuple[str, str], Synset] = {}
    for pos, name in POS.items():
        for line in (wordnet / f"index.{name}").read_text("latin-1").splitlines():
            if not line.startswith(" "):
                parts = line.split()
                senses[parts[0], pos] = parts[-int(parts[2]) :]
        for line in (wordnet / f"data.{name}").read_text("latin-1").splitlines():
            if line.startswith(" "):
                continue
            parts = line.partition("|")[0].split()
            n = int(parts[3], 16)
            words = tuple(parts[4 + 2 * k].partition("(")[0].lower() for k in range(n))
            after = parts[5 + 2 * n :]
            opposites = tuple(
                (
                    int(after[k + 3][:2], 16) - 1,
                    after[k + 2].replace("s", "a"),
                    after[k + 1],
                    int(after[k + 3][2:], 16) - 1,
                )
                for k in range(0, 4 * int(parts[4 + 2 * n]), 4)
                if after[k] == "!"
            )
            synsets[pos, parts[0]] = Synset(words, opposites)
    return senses, synsets


def forms(word: str, pos: str) -> dict[str, str]:
    """Tag -> form."""
    return {t: FORMS.get((word, t)) or (getInflection(word, t) or (word,))[0] for t in TAGS[pos]} | {TAGS[pos][0]: word}


def swaps(senses: dict[tuple[str, str], list[str]]) -> list[str]:
    """Lines of the table: a form, what takes its place, and when. Raises SystemExit for what WordNet does not hold."""
    out: dict[tuple[str, str, str], None] = {}
    for n, line in enumerate((HERE / "word_tables.txt").read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        pos, one, way, other, *when = line.split()
        for a, b in [(one, other)] + [(other, one)] * (way == "="):
            if senses.get((a, pos), ["?"])[0] != senses.get((b, pos), ["!"])[0]:
                raise SystemExit(f"word_tables.txt:{n}: {a} and {b} are not each other's first sense in WordNet 3.0.")
            if zipf_frequency(b, "en") < COMMON or zipf_frequency(a, "en") - zipf_frequency(b, "en") > RARER:
                raise SystemExit(f"word_tables.txt:{n}: {b} is too rare to take the place of {a}.")
            only = next((w[5:].split("|") for w in when if w.startswith("only:")), None)
            never = next((w[4:].split("|") for w in when if w.startswith("not:")), [])
            theirs, ours = forms(b, pos), forms(a, pos)
            for tag, form in ours.items():
                rest = [w for w in when if w.startswith(("next", "prev"))]
                if "verbal" in when:
                    if tag == "VBZ":
                        continue
                    rest += ["verbal"] if tag == "VB" else []
                if tag == "NNS" and not all(_is_plural(w[tag], w["NN"]) for w in (ours, theirs)):
                    continue
                if pos == "v" and ours["VBD"] == ours["VBN"] and theirs["VBD"] != theirs["VBN"]:
                    # a past that is the participle too, in the place of one that is not: only where it is plain
                    if tag == "VBD" or (tag == "VBN" and any(w.startswith("prev:") for w in rest)):
                        continue
                    rest += [f"prev:{PARTICIPLE}"] if tag == "VBN" else []
                if form != theirs[tag] and (only is None or form in only) and form not in never:
                    out.setdefault((form, theirs[tag], " ".join(rest)))
    return ["\t".join(part for part in row if part) for row in sorted(out)]


def _is_plural(form: str, singular: str) -> bool:
    """Whether a word has a plural that people use: there are no two helps."""
    return form != singular and bool(zipf_frequency(form, "en") >= 2.5)


def opposites(synsets: dict[tuple[str, str], Synset]) -> list[str]:
    """Pairs of opposites among common words."""
    pairs = set()
    for synset in synsets.values():
        for here, pos, offset, there in synset.opposites:
            a, b = synset.words[here], synsets[pos, offset].words[there]
            if a.isalpha() and b.isalpha() and min(zipf_frequency(a, "en"), zipf_frequency(b, "en")) >= COMMON:
                pairs.add("\t".join(sorted((a, b))))
    return sorted(pairs)


def verbs(senses: dict[tuple[str, str], list[str]]) -> list[str]:
    """Common verbs and their -ing form; a word that is no verb in the first place stays out."""
    found = defaultdict(str)
    for word, pos in senses:
        if pos == "v" and word.isascii() and word.isalpha() and len(word) > 1 and zipf_frequency(word, "en") >= 3.0:
            ing = forms(word, "v")["VBG"]
            if ing.endswith("ing") and ing.isalpha() and zipf_frequency(ing, "en") >= 2.5:
                found[word] = ing
    return [f"{word}\t{ing}" for word, ing in sorted(found.items())]


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    senses, synsets = read(parser.parse_args().wordnet)
    TABLES.mkdir(exist_ok=True)
    heads = {
        "swaps": (swaps(senses), "Words, what may take their place, and when: see activeseed/perturbations/swaps.py."),
        "opposites": (opposites(synsets), "Pairs of opposites: no paraphrase may put one in the place of the other."),
        "verbs": (verbs(senses), "Verbs and their -ing forms."),
    }
    for name, (lines, says) in heads.items():
        head = f"# {says}\n# Derived from WordNet 3.0 (see LICENSE-WordNet.txt) by tests/word_tables.py.\n"
        (TABLES / f"{name}.tsv").write_text(head + "\n".join(lines) + "\n", "utf-8")
        print(f"{name}: {len(lines)} lines")


if __name__ == "__main__":
    main()
