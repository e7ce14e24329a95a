"""Questions of a study: chosen elsewhere (`activeseed.asking`), written down here before anybody sees them.

A batch is journalled under the number of its round, so that two processes that ask at once, or one that died in
between, ask one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.analyses.dreams import Dreams
from activeseed.asking import batches, special
from activeseed.asking.batches import Batch
from activeseed.asking.so_far import SoFar
from activeseed.belief.copies import closest
from activeseed.entries import besides
from activeseed.errors import PlanError, nearest
from activeseed.looking.assessment import expected_error
from activeseed.outcome import plain
from activeseed.plan import stream_key
from activeseed.protocols import Alike, Dispute, Event, Occasion, Parted, SupportsDrawing
from activeseed.question import Question
from activeseed.questions import DISPUTED
from activeseed.seed import Probe
from activeseed.study.cost import batch_parts
from activeseed.study.hanging import Hanging
from activeseed.study.ranking import analyse
from activeseed.study.rounds import Rounds

#: what a batch is called where a kind of question is named
ITEMS = "items"
#: pairs that look alike that are looked for, beside those that were asked about
LOOK_ALIKES = 50


class Batches:
    """The questions of one study."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._looks = rounds.looks
        self._work = rounds.work

    def ask(self, n: int, items: Sequence[str] | None = None) -> list[Question]:
        """Choose, journal and return the next batch, or questions about these items."""
        with self._looks.expecting("A batch of questions", batch_parts, n, items):
            found, settings = self._looks.assessment(), self._work.settings
            so_far, hangs = self._so_far(), Hanging(self._work, found)
            if items is not None:
                return self._journal(batches.named_batch(found, so_far, settings, hangs, items))
            return self._journal(batches.best_batch(found, so_far, settings, hangs, n))

    def ask_kind(self, kind: str, n: int, items: Sequence[str] = (), group: str = "") -> list[Question]:
        """Questions of a kind that somebody asked for, drawn up by its form."""
        work, number = self._work, self._number
        form: object = work.forms.get(kind)
        if not isinstance(form, SupportsDrawing):
            known = [ITEMS, *(k for k, f in work.forms.items() if isinstance(f, SupportsDrawing))]
            raise PlanError(f"There are no questions of the kind {kind!r}.{nearest(kind, known)}")
        table = work.settings.ask
        occasion = Occasion(
            work.seed, table, n, tuple(items), group, number, tuple(work.state.questions.values()),
            table.show_belief, self._disputes, self._look_alikes, self._parted,
        )  # fmt: skip
        questions = [
            q.model_copy(update={"id": occasion.id(k), "kind": kind, "round": number})
            for k, q in enumerate(form.draw(occasion), 1)
        ]
        if work.forms[kind].about == "item" and "consequences" in work.forms[kind].fields:
            weighed = self._weighed([q.items[0] for q in questions])
            questions = [q.model_copy(update=weighed[q.items[0]]) for q in questions]
        return self._journal(Batch(questions, {"predicted_gain": float(sum(q.value for q in questions))}))

    def ask_conflicts(self, conflicts: Sequence[tuple[str, str]]) -> list[Question]:
        """Items on which the author's edits and the annotators' answers disagree are put before a human: one round."""
        number, seed = self._number, self._work.seed
        busy = {i for q in self._work.state.pending for i in q.items}
        todo = [(item, said) for item, said in conflicts if item not in busy]
        return self._journal(
            Batch(
                [
                    DISPUTED.over(seed, item, [("the author", "edit", said)], f"r{number:03d}-{n:02d}", number)
                    for n, (item, said) in enumerate(todo, start=1)
                ]
            )
        )

    def idle(self) -> list[str]:
        """Pending questions that no longer matter."""
        pending = self._work.state.pending
        if not any(batches.may_be_idle(q) for q in pending):
            return []
        return batches.idle(self._looks.assessment(), pending)

    @property
    def _number(self) -> int:
        return len(self._work.state.asked_rounds) + 1

    def _so_far(self) -> SoFar:
        work, state = self._work, self._work.state
        return SoFar(
            number=self._number,
            version=state.current.number,
            questions=state.questions,
            answers=state.counted_answers,
            pending=state.pending,
            short=tuple(state.short),
            gold=work.gold,
            trust=self._rounds.trust(),
            closed=state.rounds[-1] if state.rounds else {},
            group_spread=next((r["group_spread"] for r in reversed(state.rankings) if r.get("group_spread")), {}),
        )

    def _weighed(self, items: Sequence[str]) -> dict[str, dict[str, Any]]:
        with self._looks.expecting("Questions about items", batch_parts, None, items):
            found = self._looks.assessment()
            return batches.weighed(found, Hanging(self._work, found), items)

    def _disputes(self) -> list[Dispute]:
        """Places that plausible seeds judge differently, most valuable first."""
        settings, found = self._work.settings, self._looks.assessment()
        error = expected_error(settings.ask, found.resolution)
        return special.disputes(found, stream_key(settings.key, "outcomes", self._number), error)

    def _parted(self) -> list[Parted]:
        """Texts on which readings of the seed part, as the newest dreams of it say; it is dreamt where nobody has."""
        work = self._work
        made = work.state.analyses.get(Dreams.model_fields["kind"].default)
        if made is None or not made.get("result") or made["seed_version"] != work.state.current.id:
            analyse(self._looks, Dreams())
            made = work.state.analyses[Dreams.model_fields["kind"].default]
        result = made["result"]
        probes = {p.id for p in work.system.places(work.materials)}
        return [
            Parted(
                Probe.model_validate({"id": s["id"], "payload": s["payload"]}), s["value"], (s["first"], s["second"]),
                result["by"] if s["source"] == "rewritten" else "",
            )
            for s in result["asked"]
            if s["id"] not in probes
        ]  # fmt: skip

    def _look_alikes(self) -> list[Alike]:
        """Pairs of items that stand and whose embeddings are most alike: more than were asked about so far."""
        work, seed = self._work, self._work.seed
        standing = seed.standing_payloads()
        try:
            features = work.materials.features([payload for _, payload in standing])
        except PlanError:
            return []
        most = LOOK_ALIKES + len(work.state.questions)
        pairs = closest(np.asarray(features, np.float64), most, work.settings.belief.near)
        said = [besides(payload) for _, payload in standing]
        return [
            Alike((standing[a][0], standing[b][0]), alike, near and said[a] == said[b]) for a, b, alike, near in pairs
        ]

    def _with_conditions(self, questions: Sequence[Question]) -> list[Question]:
        """The questions, those about an item with what people said before that it depends on."""
        said = self._work.state.conditions
        return [
            q.model_copy(update={"conditions": tuple(said[q.items[0]])})
            if said and len(q.items) == 1 and q.items[0] in said and self._work.forms[q.kind].about == "item"
            else q
            for q in questions
        ]

    def _journal(self, batch: Batch) -> list[Question]:
        """Write the batch down; what comes back is what stands in the journal, whoever wrote it first."""
        work, number, questions = self._work, self._number, self._with_conditions(batch.questions)
        if not questions:
            return []
        body = {
            "round": number,
            "seed_version": work.state.current.id,
            "questions": [q.model_dump(mode="json") for q in questions],
            **{"predicted_gain": 0.0, "predicted_movement": 0.0, "credibility": {}, "why": {}},
            "order": [q.id for q in (*questions, *work.state.in_order)],
            **batch.facts,
        }
        work.store.append([Event("asked", plain(body), key=f"asked:{number}")])
        work.refresh()
        return [q for q in work.state.questions.values() if q.round == number]
