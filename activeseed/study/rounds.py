"""Rounds of a study: where it stands after a round's answers, and whether to stop.

What is decided, a closed round, is journalled under a key of its own, so that a process that died between deciding and
acting decides nothing twice.
"""

from __future__ import annotations

from typing import Any

from activeseed.asking.choosing import open_items
from activeseed.geometries import decisions_of
from activeseed.looking import verdict as deciding
from activeseed.looking.assessment import Assessment
from activeseed.looking.calibration import calibrated, probes_vouch, refuted_rates
from activeseed.looking.checks import gold_left, unvouched
from activeseed.looking.flips import limits
from activeseed.looking.moved import realised
from activeseed.looking.quality import judged_right, quality
from activeseed.looking.response import deployed_outcomes
from activeseed.looking.verdict import number
from activeseed.outcome import Outcomes, plain
from activeseed.protocols import Event
from activeseed.resolution import Resolution, Trust, vouch
from activeseed.seed import Seed, digest_of
from activeseed.stopping import Progress, Verdict
from activeseed.study.checks import Checks
from activeseed.study.cost import round_parts
from activeseed.study.looks import Looks
from activeseed.study.workshop import Workshop


class Rounds:
    """One study's rounds.

    Attributes:
        work: what the study works with.
        looks: what was seen of it.
    """

    def __init__(self, work: Workshop) -> None:
        self.work = work
        self.looks = Looks(work)

    # --- where it stands ----------------------------------------------------------------------------------------

    def settle(self) -> Resolution:
        """What the answers that count say about the newest seed."""
        return self.work.resolution

    @property
    def given(self) -> str:
        """Names the answers that count."""
        return self.looks.given

    def assessment(self) -> Assessment:
        """The newest version, assessed; computed once a version and set of answers."""
        return self.looks.assessment()

    def trust(self) -> Trust:
        """Whether the answers so far can be believed."""
        return Checks(self.work).trust()

    def has_settled(self, record: dict[str, Any]) -> bool:
        """Whether a closed round's limits are below what the user set."""
        return deciding.has_settled(record, self.work.settings.stopping)

    def conditions(self, record: dict[str, Any]) -> list[str]:
        """What a settled study still hangs on: sentences, none where it is stable."""
        return deciding.conditions(record, self.work.settings.ask)

    # --- closing a round ----------------------------------------------------------------------------------------

    def close(self) -> dict[str, Any]:
        """Record where the study stands after a round's answers were taken in, and whether it should stop."""
        with self.looks.expecting("A round of questions", round_parts):
            return self._close()

    def _close(self) -> dict[str, Any]:
        work, state = self.work, self.work.state
        rules = work.settings.stopping.model_dump(mode="json")
        asked = len(state.asked_rounds)
        now = digest_of([asked, state.current.number, state.current.id, self.given, rules]).hex()
        if state.rounds and state.rounds[-1]["of"] == now:
            return state.rounds[-1]
        found = self.assessment()
        body = {"of": now, "round": asked, **self._facts(found, asked)}
        body |= limits(found, work.settings, work.trainer, state.current.number, answered=bool(state.live_answers))
        verdict = self._verdict(body, found)
        body["stop"] = verdict.stop
        body["stop_reasons"] = list(verdict.reasons)
        work.store.append([Event("round_closed", plain(body), key=f"round:{now}")])
        work.refresh()
        return state.rounds[-1]

    def _facts(self, found: Assessment, asked: int) -> dict[str, Any]:
        """What a round is closed with, but for what stopping now would mean."""
        work, state = self.work, self.work.state
        summary, resolution = found.ranking.summary, found.resolution
        trusted = self.trust()
        right = judged_right(found.mean_outcome, found.problem.places, decisions_of(found.problem.geometry))
        before = state.rounds[0].get("right") if state.rounds else None
        voucher = vouch(trusted, probes=probes_vouch(before, right))
        left = gold_left(work.gold, state.questions.values())
        return {
            "version": state.current.number,
            "seed_version": found.seed.version,
            "answers": len(state.counted_answers),
            "given": self.given,
            "trainings": work.trainer.trainings,
            **{k: summary.get(k) for k in ("spread", "belief_spread", "risk", "noise_floor", "additive_share")},
            "ensemble_risk": summary.get("belief_spread"),
            **calibrated(state.asked_rounds[:asked], resolution.standing),
            **self._moved(found, asked),
            "forecast": self._forecast(asked),
            "quality": quality(found.mean_outcome, found.problem.places),
            "agreement": resolution.agreement.alpha,
            "agreement_by_confidence": resolution.agreement.interval,
            "reliability": {name: plain(_fields(r)) for name, r in resolution.reliability.items()},
            "distrusted": list(trusted.reasons) if trusted.distrusted else [],
            "hopeless": voucher.hopeless,
            "undecided": list(trusted.undecided),
            "vouched": dict(voucher.by),
            "divided": {item: plain(_fields(d)) for item, d in resolution.divided.items()},
            "discord": None if resolution.discord is None else plain(_fields(resolution.discord)),
            "unvouched": [] if work.settings.ask.error_is_stated else unvouched(voucher, left),
            "right": right,
            "refuted": [_fields(r) for r in refuted_rates(found, state.questions.values())],
            "evidence": None if found.evidence is None else found.evidence.tolist(),
            "credibility": found.belief.credibility.tolist(),
            "belief_used": found.belief.used,
        }

    def _verdict(self, body: dict[str, Any], found: Assessment) -> Verdict:
        """Whether to stop, and why."""
        work, state, ask = self.work, self.work.state, self.work.settings.ask
        # an author's belief that nobody has put to the test is no ground for calling a study stable
        unanswered = () if state.live_answers else ("nobody has answered anything yet",)
        standing = Progress(
            risk=number(body.get("risk")),
            risk_upper=number(body.get("risk_limit")),
            flips=number(body.get("flips")),
            answers=len(state.live_answers),
            minutes=state.minutes,
            trainings=work.trainer.trainings,
            seconds=work.trainer.seconds,
            open_questions=len(open_items(found.seed, found.belief, found.resolution, ask.readings)),
            distrusted=(*body["distrusted"], *unanswered),
            unvouched=tuple(body["unvouched"]),
            # further items that several people answer tell whether they agree
            can_vouch=bool(gold_left(work.gold, state.questions.values()))
            or (ask.annotators > 1 and deciding.is_anything_unasked(found)),
            hopeless=bool(body["hopeless"]),
            divided=tuple(body["divided"]) or (("some of them",) if body["discord"] else ()),
        )
        return deciding.verdict(work.settings.stopping, standing, body["round"])

    def _forecast(self, asked: int) -> float | None:
        """The risk that the last batch was expected to leave, to be held against what it left."""
        rounds = self.work.state.asked_rounds
        return rounds[asked - 1].get("risk_after") if 0 < asked <= len(rounds) else None

    def _moved(self, found: Assessment, asked: int) -> dict[str, Any]:
        """Predicted against realised movement of the deployed outcome since the round before."""
        state = self.work.state
        if state.rounds and state.rounds[-1]["round"] == asked:  # the same round, closed again under other rules
            return {k: state.rounds[-1].get(k) for k in ("predicted_movement", "realised_movement", "realised_se")}
        if not state.rounds or asked == 0:
            return {"predicted_movement": None, "realised_movement": None, "realised_se": None}
        before = state.version(state.rounds[-1]["seed_version"])
        predicted = state.asked_rounds[asked - 1]["predicted_movement"]
        if [i.id for i in before.seed.items] != [i.id for i in found.seed.items]:
            return {"predicted_movement": predicted, "realised_movement": None, "realised_se": None}
        value, se = realised(self._outcomes_of(before.seed, found), found.deployed, found.problem.geometry)
        return {"predicted_movement": predicted, "realised_movement": value, "realised_se": se}

    def _outcomes_of(self, seed: Seed, found: Assessment) -> Outcomes:
        """Outcomes of a seed over the same items under the same keys (cached rows, as a rule)."""
        return deployed_outcomes(seed, self.work.trainer, len(found.deployed), "the seed as it stood")


def _fields(record: Any) -> dict[str, Any]:
    """Fields of a dataclass as a dictionary."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
