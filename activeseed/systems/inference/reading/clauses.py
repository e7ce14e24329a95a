"""Clauses of a sentence: where they begin, what opens them, and who is spoken of in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from activeseed.systems.inference.reading.subjects import Subject, subject_of

#: openers of clauses that assert nothing: a condition, a question within a sentence
NOT_ASSERTED = frozenset(
    [
        "if",
        "when",
        "whenever",
        "whether",
        "how",
        "what",
        "why",
        "where",
        "until",
        "before",
        "after",
        "unless",
        "once",
        "whichever",
        "whatever",
        "insofar",
    ]
)
#: openers of clauses that say more about a noun, or what somebody thinks
RELATIVE = frozenset(["that", "which", "who", "whose"])
_BREAK = re.compile(
    r"[;:]\s+|\s—\s|(?:,\s*|\s)(?:(?:and|but|or|so|even|only|just|especially|particularly|except)\s+)?"
    r"(?P<word>but|because|since|although|though|whereas|while|unless|if|when|whenever|whether|where|how|why|what|"
    r"which|whichever|"
    r"whatever|whose|who|that|until|once|before|after|insofar)(?=\s)\s*|"
    r"\s(?P<verb>and|or)\s(?=(?:\w+ly\s)?(?:must|should|shall|may|can|cannot|never|will|ought)\b)|"
    r",\s*(?:(?P<joined>and|or|so|yet|nor|then|instead)\s)?"
)
#: how many clauses back a subject is looked for, where a clause has none of its own
_BACK = 4


_VERB = re.compile(
    r"\b(?:is|are|was|were|should|must|shall|may|can|cannot|could|will|would|has|have|had|might|does|do|needs?|"
    r"tries|aims|wants?|"
    r"ought|never|always|avoids?|believes?|thinks?|hopes?)\b"
)


def before_verb(clause: str) -> str:
    """What stands before the first verb that can be told; nothing where there is none."""
    found = _VERB.search(clause[:400])
    return clause[: found.start()] if found else ""


@dataclass(frozen=True)
class Clause:
    """A stretch of a sentence.

    Attributes:
        starts: where it begins, after the word that opens it.
        breaks: where the break before it begins.
        opener: the word that opens it, ``,`` or ``;`` and the like; empty at the beginning of the sentence.
    """

    starts: int
    breaks: int = 0
    opener: str = ""


class Clauses:
    """The clauses of one sentence, in small letters and masked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = [Clause(0)]
        for m in _BREAK.finditer(text):
            opener = m["word"] or m["verb"] or m["joined"] or m[0].strip()[:1]
            self.all.append(Clause(m.end(), m.start(), opener))
        self._starts = [c.starts for c in self.all]

    def number(self, at: int) -> int:
        """The clause in which a position lies."""
        return bisect_right(self._starts, at) - 1

    def around(self, at: int) -> Clause:
        return self.all[self.number(at)]

    def asserted(self, at: int) -> bool:
        """Whether what stands there is said, and is no condition and no question within the sentence."""
        return self.around(at).opener not in NOT_ASSERTED

    def subject(self, at: int) -> tuple[Subject, int]:
        """Who is spoken of before this position, and where the words that say so begin.

        A clause without a subject of its own takes that of a clause before it, which a comma or an *and* joins to it.
        """
        number = self.number(at)
        end = at
        for clause in reversed(self.all[max(0, number - _BACK) : number + 1]):
            own = self.text[max(clause.starts, end - 1_000) : end]
            if clause is not self.all[number]:
                if clause.opener in NOT_ASSERTED or clause.opener in RELATIVE:
                    end = clause.breaks
                    continue
                own = before_verb(own)
            found = subject_of(own)
            if found.who != "nobody":
                return found, clause.starts
            end = clause.breaks
            if clause.opener in NOT_ASSERTED and clause is self.all[number]:
                break
        return Subject("nobody"), self.all[number].starts
