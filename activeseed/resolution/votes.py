"""What answers say about items: every verdict read as a vote for a variant, an edit, a new item or a merge.

A question's form says what an answer settles (see ``activeseed.questions``). Here it becomes votes, in the order in
which answers arrived, and the items, variants and merges that they add up to. A merge says nothing about whether the
items are right, so it is no vote; a preference is about outcomes, and the belief reads it.

An answer that the team has marked as the right one (``final``) is the only vote on its items.

A later answer of one annotator to the same question replaces the earlier one, also when it is *skip*; an answer that
was given in sight of others' replaces all that this annotator said about the item before (as evidence about the
annotator, what was replaced in this way still counts: see ``Ballot.readings``).
"Later" is the order of the list, which is the order of arrival: clocks of annotators' machines are not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from activeseed.comparing import same_text
from activeseed.entries import entries_of, names_of, written
from activeseed.errors import AnswerError, SeedError, nearest
from activeseed.protocols import Form
from activeseed.question import SETTLES_NOTHING, Answer, Question, Reply, Says
from activeseed.questions import displayed, edited_as, form_of, is_list, reply_of, verdicts_of
from activeseed.questions.replies import FLIP
from activeseed.seed import FLIPPED, Entry, Item, Origin, Pair, Payload, Seed, Text, Variant, made_id


@dataclass(frozen=True)
class Vote:
    """One annotator's word on one item.

    ``weight`` in [0.5, 1] is how much of its likelihood counts; ``listed``: it was given to a line of a list; ``of``:
    the variant of which it says more (see ``question.Says``).
    """

    item: str
    variant: str
    annotator: str
    answer: str
    question: str
    purpose: str
    at: str
    weight: float
    order: int
    listed: bool = False
    of: str = ""


@dataclass(frozen=True)
class Merge:
    """Items that say the same: ``kept`` stays with the joint ``multiplicity``, ``dropped`` go."""

    kept: str
    dropped: tuple[str, ...]
    multiplicity: int
    answer: str
    annotator: str
    at: str


@dataclass(frozen=True)
class Ballot:
    """All effective answers, read.

    Attributes:
        seed: the seed with the variants that edits and flips added, and the new items appended; same standing.
        votes: effective votes on items of the seed, in order of arrival.
        readings: all votes on items of the seed that were given without a look at earlier answers, those included
            that a *resolve* answer replaced: what annotators are measured by.
        gold: effective votes on gold questions, which measure annotators and settle nothing.
        edits: item id -> the payload of its latest edit.
        new_items: items that *write more* added and the seed did not have.
        merges: effective merges.
        unused: ids of answers whose item the seed no longer has.
    """

    seed: Seed
    votes: tuple[Vote, ...]
    readings: tuple[Vote, ...] = ()
    gold: tuple[Vote, ...] = ()
    edits: Mapping[str, Payload] = field(default_factory=dict)
    new_items: tuple[Item, ...] = ()
    merges: tuple[Merge, ...] = ()
    unused: tuple[str, ...] = ()


def shown(question: Question, item: Item | None = None) -> str:
    """Id of the variant whose text the question displays; *as written* where nothing says otherwise."""
    if is_list(question):
        question = question.model_copy(update={"options": {}})
    return displayed(question, item)


def same_payload(a: Payload, b: Payload) -> bool:
    """Whether two payloads say the same, but for white space and how accents are written."""
    if isinstance(a, Pair) and isinstance(b, Pair):
        names = ("prompt", "chosen", "rejected")
        return all(same_text(getattr(a, n)) == same_text(getattr(b, n)) for n in names)
    if isinstance(a, Text) and isinstance(b, Text):
        return same_text(a.text) == same_text(b.text) and a.authority == b.authority
    if isinstance(a, Entry) and isinstance(b, Entry):
        return same_text(a.text) == same_text(b.text) and a.fields == b.fields
    return a == b


def confidence_weight(confidence: float | None) -> float:
    """How much of an answer's log-likelihood counts: all when nothing was said, half at confidence 0."""
    return 1.0 if confidence is None else 0.5 + 0.5 * confidence


def check_answer(question: Question, answer: Answer, seed: Seed) -> None:
    """Raise AnswerError, saying what and where, when an answer does not fit its question or the items asked about.

    Items that the seed no longer has are not an error: such an answer is stale, kept, and settles nothing.
    """
    items = {i.id: i for i in seed.items}
    reply = _check(question, answer, form_of(question), items, seed.items[0].payload.kind)
    _check_typed(question, answer, reply, items)
    item = items.get(question.items[0]) if question.items else None
    if reply.pairs and item is not None and not isinstance(item.payload, Pair):
        raise AnswerError(
            f"Answer {answer.id!r} to question {question.id!r}: item {item.id!r} is no pair, so {answer.verdict!r} "
            "says nothing about it. Use 'keep' or 'reject'."
        )


def _check(question: Question, answer: Answer, form: Form, items: Mapping[str, Item], kind: str) -> Reply:
    """The reply that an answer gives. Raises AnswerError where it is none, or lacks what it needs."""
    where = f"Answer {answer.id!r} to question {question.id!r}"
    if answer.question != question.id:
        raise AnswerError(f"{where} names question {answer.question!r}. Give it to the question it belongs to.")
    reply = reply_of(form, answer.verdict)
    if reply is None:
        raise AnswerError(
            f"{where}: a {question.kind} question takes no verdict {answer.verdict[:80]!r}. "
            f"Use: {', '.join(verdicts_of(form))}."
        )
    item = items.get(question.items[0]) if question.items else None
    if reply.needs == "variant":
        known = set(question.options) | ({v.id for v in item.variants} if item is not None else set())
        if not answer.variant or (known and answer.variant not in known):
            raise AnswerError(f"{where}: no variant {answer.variant!r} to choose.{nearest(answer.variant, known)}")
    if reply.needs == "option" and question.options and answer.variant not in question.options:
        known = {*question.options, *question.options.values()}
        raise AnswerError(f"{where}: no option {answer.variant[:80]!r} to choose.{nearest(answer.variant, known)}")
    if reply.needs in ("item", "pair"):
        if answer.payload is None:
            raise AnswerError(f"{where}: an edit needs the edited item in 'payload'.")
        left = answer.payload.model_dump(include={"text", "chosen", "rejected"})
        fields = isinstance(answer.payload, Entry) and answer.payload.fields
        if left and not fields and not any(text.strip() for text in left.values()):
            raise AnswerError(f"{where}: the edit leaves nothing. Use 'reject' if the item should go.")
        # what somebody typed of an entry is kept as it was typed, and read beside the entry
        typed = item is not None and isinstance(item.payload, Entry) and isinstance(answer.payload, Text)
        if item is not None and not typed and answer.payload.kind != item.payload.kind:
            raise AnswerError(
                f"{where}: item {item.id!r} is a {item.payload.kind}, the edit is a {answer.payload.kind}. "
                f"Give a {item.payload.kind}."
            )
    if answer.verdict == FLIP.verdict and item is not None and not isinstance(item.payload, Pair):
        raise AnswerError(f"{where}: item {item.id!r} is no pair and can't be flipped. Use 'keep' or 'reject'.")
    if reply.needs == "texts" and not any(t.strip() for t in answer.texts):
        raise AnswerError(
            f"{where}: {answer.verdict!r} needs at least one new example in 'texts'. Use 'skip' to add none."
        )
    if reply.needs == "texts" and kind not in ("text", "entry"):
        raise AnswerError(f"{where}: new examples are texts, but this seed holds {kind}s. Add them to the seed's file.")
    for line in answer.unticked:
        if line not in question.items:
            raise AnswerError(f"{where}: no line {line!r} to untick.{nearest(line, question.items)}")
    return reply


def _check_typed(question: Question, answer: Answer, reply: Reply, items: Mapping[str, Item]) -> None:
    """Raise AnswerError where what was typed of an entry makes none. What was taken once is read again whatever it is.

    Only whoever gives the answer can mend it: a field may be called later what a line of a text begins with.
    """
    where = f"Answer {answer.id!r} to question {question.id!r}"
    if reply.needs in ("item", "pair") and isinstance(answer.payload, Text):
        _refused(where, partial(edited_as, question, answer.payload, items, strict=True))
    kin = _kin(items.values(), question.group)
    if reply.needs == "texts" and kin:
        for text in filter(str.strip, answer.texts):
            _refused(where, partial(written, text, kin, names_of(items.values())))


def _refused(where: str, read: Callable[[], object]) -> None:
    """Raise AnswerError, with the answer that it is of, where what was typed can't be read."""
    try:
        read()
    except AnswerError as error:
        raise AnswerError(f"{where}: {error}") from error


def _kin(items: Iterable[Item], group: str) -> list[Entry]:
    """The entries that a new one of a group is like; all where the group has none."""
    here = list(items)
    return entries_of(i.payload for i in here if i.group == group) or entries_of(i.payload for i in here)


def read_answers(
    seed: Seed,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    copies: Mapping[str, int] | None = None,
) -> Ballot:
    """Read answers (in order of arrival, withdrawn ones removed) as votes. Raises AnswerError for one that can't be.

    Pure and repeatable: on the seed that it returned it reads the same answers the same way and adds nothing twice.

    Args:
        copies: item id -> what the item weighed before anything was merged into it, so that a merge can be taken back.
            Where it isn't said, merged items count one each, and the others keep what they weigh.
    """
    own = copies or {}
    items = {i.id: i for i in seed.items}
    reader = _Reader(dict(items), own)
    kind = seed.items[0].payload.kind
    for answer, question, form, replaced in _effective(questions, answers):
        _check(question, answer, form, items, kind)
        reader.read(question, answer, form, replaced)
    final = {a.id for a in answers if a.final}
    settled = {v.item for v in reader.votes if v.answer in final}
    merged = {m.kept: m.multiplicity for m in reader.merges}
    old = [_copied(reader.items[i.id], merged.get(i.id, own.get(i.id, i.copies))) for i in seed.items]
    return Ballot(
        seed=seed.revise(items=[*old, *reader.new_items]),
        votes=tuple(v for v in _said_more(reader.votes) if v.item not in settled or v.answer in final),
        readings=tuple(_said_more(reader.readings)),
        gold=tuple(reader.gold),
        edits=reader.edits,
        new_items=tuple(reader.new_items),
        merges=reader.merges,
        unused=tuple(reader.unused),
    )


def _said_more(votes: Sequence[Vote]) -> list[Vote]:
    """The votes, those for a variant of which others said more counted for what most of these said of it.

    Whoever kept a line before its rank was asked for has not said that it has none.
    """
    more: dict[tuple[str, str], Counter[str]] = {}
    for vote in votes:
        if vote.of:
            more.setdefault((vote.item, vote.of), Counter())[vote.variant] += 1
    if not more:
        return list(votes)
    became = {place: said.most_common(1)[0][0] for place, said in more.items()}
    return [
        replace(v, variant=became[v.item, v.variant]) if not v.of and (v.item, v.variant) in became else v
        for v in votes
    ]


def _copied(item: Item, copies: int) -> Item:
    """The item with the weight of all merged into it; set anew each time, so that a merge can be taken back."""
    return item if item.copies == copies else Item.model_validate({**item.model_dump(), "copies": copies})


def _effective(
    questions: Mapping[str, Question], answers: Sequence[Answer]
) -> list[tuple[Answer, Question, Form, bool]]:
    """Answers in order of arrival, less those answered anew; and whether one given in sight replaced them."""
    latest: dict[tuple[str, str], tuple[int, Answer, Question, Form]] = {}
    resolved: dict[tuple[str, str], int] = {}  # (annotator, item) -> place of the last one given in sight
    seen: set[str] = set()
    for place, answer in enumerate(answers):
        if answer.id in seen:
            continue
        seen.add(answer.id)
        question = questions.get(answer.question)
        if question is None:
            raise AnswerError(
                f"Answer {answer.id!r} is for question {answer.question!r}, which this study never asked."
                f"{nearest(answer.question, questions)}"
            )
        form = form_of(question)
        latest[answer.annotator, _subject(question, form)] = (place, answer, question, form)
        if form.sighted and answer.verdict not in SETTLES_NOTHING:
            resolved[answer.annotator, question.items[0]] = place
    out = []
    for place, answer, question, form in sorted(latest.values(), key=lambda entry: entry[0]):
        item = question.items[0] if form.about == "item" else ""
        out.append((answer, question, form, place < resolved.get((answer.annotator, item), -1)))
    return out


def _subject(question: Question, form: Form) -> str:
    """What a later answer replaces: the question itself; of items taken together any question about the same ones."""
    return f"{question.kind} {sorted(question.items)}" if form.about == "together" else question.id


class _Reader:
    """Collects what answers say, one after the other."""

    def __init__(self, items: dict[str, Item], own: Mapping[str, int]) -> None:
        self.items = items
        self.own = own
        self.votes: list[Vote] = []
        self.readings: list[Vote] = []
        self.gold: list[Vote] = []
        self.edits: dict[str, Payload] = {}
        self.new_items: list[Item] = []
        self.merged: dict[str, list[Merge]] = {}
        self.apart: dict[str, int] = {}
        self.unused: list[str] = []

    def read(self, question: Question, answer: Answer, form: Form, replaced: bool) -> None:
        settled = form.settles(question, answer, self.items)
        for line, text in enumerate(t.strip() for t in settled.adds):
            self._append(question, answer, line, text)
        if settled.same is not None:
            self._merge(question, answer, _subject(question, form), settled.same)
        for word in settled.says:
            self._vote(question, answer, form, word.item, self._variant(question, word), replaced, word.of)

    def _variant(self, question: Question, word: Says) -> str:
        """The variant that an answer names, added to the item where it is new."""
        item = self.items.get(word.item)
        if item is None or word.payload is None:
            return word.variant
        if not word.edited:
            return self._add(item, word.payload, word.variant, "flipped" if word.variant == FLIPPED else word.origin)
        if question.purpose != "gold":
            self.edits[item.id] = word.payload
        taken = {v.id for v in item.variants}
        n = 1
        while f"{word.variant}-{n}" in taken:
            n += 1
        return self._add(item, word.payload, f"{word.variant}-{n}", "edit")

    def _add(self, item: Item, payload: Payload, name: str, origin: Origin) -> str:
        for variant in item.variants:
            if variant.payload is not None and same_payload(variant.payload, payload):
                return variant.id
        added = Variant(id=name, payload=payload, comes_from=origin)
        self.items[item.id] = Item.model_validate(
            {**item.model_dump(), "alternatives": [*(v.model_dump() for v in item.alternatives), added.model_dump()]}
        )
        return name

    def _vote(
        self, question: Question, answer: Answer, form: Form, item: str, variant: str, replaced: bool, of: str
    ) -> None:
        listed = form.about == "lines"
        vote = Vote(
            item, variant, answer.annotator, answer.id, question.id, question.purpose, answer.at,
            confidence_weight(answer.confidence), len(self.readings) + len(self.votes) + len(self.gold),
            listed, of,
        )  # fmt: skip
        if question.purpose == "gold":
            self.gold.append(vote)
        elif item in self.items:
            try:
                self.items[item].index_of(variant)
            except SeedError:
                self.unused.append(answer.id)  # a variant that the seed no longer has
                return
            if not replaced:
                self.votes.append(vote)
            if not form.sighted and not listed:
                self.readings.append(vote)
        elif answer.id not in self.unused:
            self.unused.append(answer.id)

    def _append(self, question: Question, answer: Answer, line: int, text: str) -> None:
        """A new text becomes an item that knows its answer; the same text is never added twice."""
        known = [*self.items.values(), *self.new_items]
        if any((i.metadata.get("answer"), i.metadata.get("line")) == (answer.id, line) for i in self.items.values()):
            return  # what its kin say may have changed since, and with it what a new entry would take from them
        kin = _kin(self.items.values(), question.group)
        names = names_of(self.items.values())
        payload = written(text, kin, names, strict=False) if text and kin else Text(text=text)
        if text and not any(same_payload(i.payload, payload) for i in known):
            name = made_id(payload, {i.id for i in known})
            origin = {"answer": answer.id, "annotator": answer.annotator, "line": line}
            self.new_items.append(Item(id=name, payload=payload, group=question.group, metadata=origin))

    def _merge(self, question: Question, answer: Answer, subject: str, same: bool) -> None:
        present = [i for i in question.items if i in self.items]
        if not same:
            self.apart[subject] = self.apart.get(subject, 0) + 1
        elif len(present) > 1:
            weight = sum(self.own.get(i, 1) for i in present)
            merge = Merge(present[0], tuple(present[1:]), weight, answer.id, answer.annotator, answer.at)
            self.merged.setdefault(subject, []).append(merge)

    @property
    def merges(self) -> tuple[Merge, ...]:
        """What a majority merges; a tie keeps the items apart."""
        return tuple(m[-1] for subject, m in self.merged.items() if len(m) > self.apart.get(subject, 0))
