"""What `check` and `status` say, as lines of a name and a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activeseed.cli.numbers import counted, duration, number
from activeseed.cli.tables import quality_words
from activeseed.cli.watching import NAMED, waiting_words
from activeseed.looking.words import (
    DIVIDED,
    belief_words,
    discord_words,
    divided_words,
    division_words,
    if_stopped_now,
    no_better_than_chance,
    refuted_words,
    unmeasured_gold_words,
)


def check_lines(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was found in order, and what a ranking costs."""
    groups = found.get("groups") or ()
    lines = [("seed", f"{found['items']} items" + (f" in {len(groups)} groups" if len(groups) > 1 else ""))]
    if found.get("pool"):
        lines.append(("pool", f"{found['pool']} candidate outputs"))
    labelled = found.get("labelled_probes")
    lines.append(("probes", f"{found['probes']}" + (f", {labelled} with a label" if labelled else "")))
    if found.get("gold"):
        lines.append(("gold", f"{found['gold']} questions with known answers"))
    lines += [(name, str(found[key])) for name, key in _KINDS if found.get(key)]
    return lines + cost_lines(found["cost"])


_KINDS = (("trainer²", "system"), ("embedder", "embedder"), ("executor", "executor"), ("annotator", "annotator"))


def cost_lines(cost: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a ranking and each round of questions cost at most: trainings by purpose, time, money.

    What was spent so far comes last.
    """
    how = "many at once" if cost.get("batched") else "one at a time"
    lines = [("a ranking", f"{_trainings(cost)}, {how}")]
    if cost.get("multiply_adds"):
        lines.append(("arithmetic", f"{number(cost['multiply_adds'])} multiply-adds"))
    lines.append(("time", _time(cost.get("seconds"))))
    if cost.get("price"):
        lines.append(("price", f"up to {money(cost)}"))
    each = cost["round"]
    known = f", {_time(each['seconds'])}" if each.get("seconds") is not None else ""
    price = f", up to {money({**each, 'currency': cost.get('currency', '')})}" if each.get("price") else ""
    lines.append(("each round", f"{_trainings(each)}{known}{price}; as much before the first question"))
    if analyses := cost.get("analyses"):
        said = ", ".join(f"{name} {n:,}" for name, n in analyses.items())
        more = cost.get("look")
        look = f"; those that draw plausible seeds up to {more:,} more, for a look at the seed" if more else ""
        lines.append(("an analysis", f"up to so many trainings: {said}{look}"))
    spent = cost.get("spent") or {}
    if spent.get("trainings"):
        paid = f", {money({'price': spent['money'], 'currency': cost.get('currency', '')})}" if spent["money"] else ""
        lines.append(("so far", f"{counted(spent['trainings'], 'training')} in {duration(spent['seconds'])}{paid}"))
    return lines


def _trainings(cost: Mapping[str, Any]) -> str:
    detail = ", ".join(f"{n:,} for {purpose}" for purpose, n in cost["by"].items())
    return f"up to {cost['trainings']:,} trainings" + (f" ({detail})" if detail else "")


def _time(seconds: float | None) -> str:
    return "not known: activeseed check --time" if seconds is None else f"about {duration(seconds)}"


def money(cost: Mapping[str, Any]) -> str:
    """The price with its currency."""
    return f"{cost['price']:,.2f} {cost.get('currency', '')}".strip()


def status_lines(standing: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where a study stands; what is not known yet is left out."""
    get = standing.get
    changed = get("standing_otherwise")
    lines = [
        ("seed", f"{get('seed_version')} ({get('seed_hash')}), {get('items')} items"
         + (f", {changed} of them not as written" if changed else "")),
        ("round", str(get("round", 0))),
        ("questions", _questions(standing)),
    ]  # fmt: skip
    waiting = get("waiting_for") or ()
    lines += [("  waiting" if not n else "", waiting_words(q)) for n, q in enumerate(waiting[:NAMED])]
    if len(waiting) > NAMED:
        lines.append(("", f"and {len(waiting) - NAMED} more"))
    for person in get("annotators") or ():
        lines.append((f"  {person['name']}", _person(person)))
    if get("minutes"):
        lines.append(("minutes", f"{number(get('minutes'))} of people's time, as timed or else as planned"))
    if get("agreement") is not None:
        lines.append(("agreement", f"{get('agreement'):.2f} (Krippendorff's alpha: 1 is perfect, 0 is chance)"))
    if get("agreement_by_confidence") is not None:
        said = f"{get('agreement_by_confidence'):.2f} with how sure they said to be (interval alpha)"
        lines.append(("", said))
    if belief := belief_words(get("belief_used"), get("answers", 0)):
        lines.append(("belief", f"{belief} (of items not asked about)"))
    if get("brier") is not None:
        author = f"; the author's own beliefs {get('brier_author'):.2f}" if get("brier_author") is not None else ""
        lines.append(("calibration", f"Brier score {get('brier'):.2f}{author} (0 is perfect, 0.25 knows nothing)"))
    if get("risk") is not None:
        limit = f", at most {number(get('risk_limit'))}" if get("risk_limit") is not None else ""
        if get("risk_after") is not None:
            limit += f", about {number(get('risk_after'))} once the pending questions are answered"
        lines.append(("risk", f"{number(get('risk'))}{limit} (of what is deployed: distance from what humans mean)"))
    if get("ensemble_risk") is not None:
        lines.append(("ensemble's risk", f"{number(get('ensemble_risk'))} (of the mean over what is believed)"))
    if now := if_stopped_now(standing):
        lines.append(("decisions", now))
    if quality := quality_words(get("quality")):
        lines.append(("quality", f"{quality} on labelled probes"))
    if chance := no_better_than_chance(get("quality")):
        lines.append(("", chance))
    if get("predicted_gain") is not None:
        lines.append(("pending batch", f"expected to lower the risk by {number(get('predicted_gain'))}"))
    failed = f", {get('failed'):,} failed" if get("failed") else ""
    time = f" in {duration(get('seconds'))}" if get("seconds") else ""
    paid = f" for {money({'price': get('money'), 'currency': get('currency', '')})}" if get("money") else ""
    lines.append(("trainings", f"{get('trainings', 0):,}{time}{paid}{failed}"))
    if said := below_words(get("below")):
        lines.append(("", said))
    lines += [("refuted", sentence) for sentence in refuted_words(standing)]
    if gold := unmeasured_gold_words(get("unmeasured_gold", 0)):
        lines.append(("gold", gold))
    lines += [("doubt", str(reason)) for reason in (*(get("distrusted") or ()), *(get("unvouched") or ()))]
    if divided := divided_words(get("divided")):
        lines.append(("divided", divided.removeprefix(DIVIDED)))
        lines += [(f"  {name}", division_words(found)) for name, found in list(get("divided", {}).items())[:NAMED]]
    elif discord := discord_words(get("discord")):
        lines.append(("divided", discord.removeprefix(DIVIDED)))
    for name, said in list((get("conditions") or {}).items())[:NAMED]:
        lines.append((f"  {name}", f"needs a condition: {'; '.join(said)}"))
    stopped = get("stopped")
    if stopped:
        what = "stable" if stopped.get("stable") else "settled" if stopped.get("settled") else "stopped"
        lines.append((what, "; ".join(str(r) for r in stopped.get("reasons", ())) or "yes"))
    return lines


def below_words(below: Mapping[str, Any] | None) -> str:
    """What whole studies below this one took of its trainings, and of simulated people; empty where there are none.

    >>> below_words({"studies": 36, "trainings": 41_200, "answers": 864})
    '41,200 of them in 36 whole studies, which 864 answers of simulated people went into'
    """
    if not below:
        return ""
    people = counted(below["answers"], "answer")
    studies = f"{below['studies']:,} whole {'study' if below['studies'] == 1 else 'studies'}"
    return f"{below['trainings']:,} of them in {studies}, which {people} of simulated people went into"


def _questions(standing: Mapping[str, Any]) -> str:
    parts = [f"{_count(standing.get('answered'))} answered", f"{_count(standing.get('pending'))} pending"]
    if standing.get("stale"):
        parts.append(f"{standing['stale']} answers to items that have changed since")
    if standing.get("taken_back"):
        parts.append(f"{standing['taken_back']} taken back")
    return ", ".join(parts)


def _count(value: Any) -> int:
    return value if isinstance(value, int) else len(value or ())


def _person(person: Mapping[str, Any]) -> str:
    text = counted(_count(person.get("answers")), "answer")
    if person.get("minutes"):
        text += f" in {duration(60 * person['minutes'])}"
    if person.get("reliability") is not None:
        text += f", right {100 * person['reliability']:.0f} %"
        if person.get("low") is not None:
            text += f" of the time (95 %: {100 * person['low']:.0f} to {100 * person['high']:.0f} %)"
    return text
