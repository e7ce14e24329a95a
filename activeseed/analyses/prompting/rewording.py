"""The same probe put otherwise: by rule, after another prompt, or as somebody wrote it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from activeseed.errors import PlanError, nearest
from activeseed.perturbations import Framing, Paraphrase
from activeseed.seed import Entry, Pair, Payload, Probe, Text

Rule = Literal["paraphrase", "framing"]
#: a kind of rewording: a rule, a ``prefix``, or ``written`` by somebody
Kind = Literal["paraphrase", "framing", "prefix", "written"]


@dataclass(frozen=True)
class Start:
    """One way in which a probe is put.

    Attributes:
        probe: number of the study's probe.
        kind: how it came about; empty for the probe itself.
        payload: what the trained system is asked.
    """

    probe: int
    kind: str
    payload: Payload


def starts_of(
    probes: Sequence[Probe], rules: Sequence[Rule], most: int, prefixes: Sequence[str], written: Sequence[Probe]
) -> list[Start]:
    """All starts of the probes that can be put otherwise, each probe's own first.

    Args:
        written: probes whose ``metadata["rewords"]`` (or else ``group``) names the probe that they put otherwise.

    Raises:
        PlanError: one of those names no probe, or is of another kind than the probe.
    """
    known = {p.id: n for n, p in enumerate(probes)}
    by_people: dict[int, list[Payload]] = {}
    for probe in written:
        name = str(probe.metadata.get("rewords") or probe.group)
        if name not in known:
            raise PlanError(
                f"{probe.id!r} is to put {name!r} otherwise, and there is no such probe.{nearest(name, known)} Name it "
                "in a column 'rewords'."
            )
        if probe.payload.kind != probes[known[name]].payload.kind:
            raise PlanError(f"{probe.id!r} is a {probe.payload.kind}, and the probe that it puts otherwise is none.")
        by_people.setdefault(known[name], []).append(probe.payload)
    out = []
    for n, probe in enumerate(probes):
        mine = [Start(n, rule, p) for rule in dict.fromkeys(rules) for p in _ruled(probe.payload, rule, most)]
        mine += [Start(n, "prefix", p) for text in prefixes if (p := _behind(text, probe.payload)) is not None]
        mine += [Start(n, "written", p) for p in by_people.get(n, ())]
        different: dict[bytes, Start] = {probe.payload.digest: Start(n, "", probe.payload)}
        for start in mine:
            different.setdefault(start.payload.digest, start)
        if len(different) > 1:
            out += list(different.values())
    return out


def _ruled(payload: Payload, rule: Rule, most: int) -> list[Payload]:
    """A payload reworded by a rule, up to ``most`` times."""
    say: Callable[[str], list[str]]
    say = Paraphrase(most=min(most, 20)).paraphrases if rule == "paraphrase" else Framing().framed
    if isinstance(payload, Text | Entry):
        return [_with(payload, {"text": said}) for said in say(payload.text)[:most]]
    if not isinstance(payload, Pair):
        return []
    found: list[Payload] = []
    for prompt, chosen, rejected in zip_longest(*(say(t) for t in (payload.prompt, payload.chosen, payload.rejected))):
        said = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        found.append(_with(payload, {name: text for name, text in said.items() if text is not None}))
    return found[:most]


def _with(payload: Text | Entry | Pair, texts: Mapping[str, str]) -> Payload:
    """The payload with other texts: made anew, since a copy would keep the old one's digest."""
    return type(payload)(**{**payload.model_dump(), **texts})


def _behind(prefix: str, payload: Payload) -> Payload | None:
    """What is asked after another prompt; None for what is no text."""
    if isinstance(payload, Text | Entry):
        return _with(payload, {"text": f"{prefix} {payload.text}".strip()})
    if isinstance(payload, Pair):
        return _with(payload, {"prompt": f"{prefix} {payload.prompt}".strip()})
    return None
