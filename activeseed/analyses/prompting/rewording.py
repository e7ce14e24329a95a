"""The same probe put otherwise: by rule, after another prompt, or as somebody wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from activeseed.errors import PlanError, nearest
from activeseed.protocols import Perturbation
from activeseed.seed import Entry, Item, Pair, Payload, Probe, Seed, Text


@dataclass(frozen=True)
class Start:
    """One way in which a probe is put.

    Attributes:
        probe: number of the study's probe.
        kind: how it came about: a rule's kind, ``prefix``, or ``written`` by somebody; empty for the probe itself.
        payload: what the trained system is asked.
    """

    probe: int
    kind: str
    payload: Payload


def starts_of(
    probes: Sequence[Probe], rules: Sequence[Perturbation], prefixes: Sequence[str], written: Sequence[Probe]
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
    texts = list(dict.fromkeys(t for p in probes for t in _texts(p.payload).values()))
    made = [(kind_of(rule), dict(zip(texts, _said(rule, texts), strict=True))) for rule in rules]
    out = []
    for n, probe in enumerate(probes):
        mine = [Start(n, kind, p) for kind, said in made for p in _ruled(probe.payload, said)]
        mine += [Start(n, "prefix", p) for text in prefixes if (p := _behind(text, probe.payload)) is not None]
        mine += [Start(n, "written", p) for p in by_people.get(n, ())]
        different: dict[bytes, Start] = {probe.payload.digest: Start(n, "", probe.payload)}
        for start in mine:
            different.setdefault(start.payload.digest, start)
        if len(different) > 1:
            out += list(different.values())
    return out


def kind_of(rule: Any) -> str:
    """What a rule's rewordings are called."""
    return str(getattr(rule, "kind", type(rule).__name__))


def _said(rule: Perturbation, texts: Sequence[str]) -> list[list[str]]:
    """What a rule makes of each text."""
    payloads = [Text(text=t) for t in (*texts, "", " ")]  # a seed holds two items or more
    seed = Seed(items=tuple(Item(id=str(k), payload=p) for k, p in enumerate(payloads)))
    return [
        [v.payload.text for v in item.variants[1:] if isinstance(v.payload, Text)]
        for item in rule.variants(seed).items[: len(texts)]
    ]


def _texts(payload: Payload) -> dict[str, str]:
    """What can be put otherwise, by the name of its part."""
    if isinstance(payload, Text | Entry):
        return {"text": payload.text}
    if isinstance(payload, Pair):
        return {"prompt": payload.prompt, "chosen": payload.chosen, "rejected": payload.rejected}
    return {}


def _ruled(payload: Payload, said: Mapping[str, Sequence[str]]) -> list[Payload]:
    """A payload reworded, all its parts at once; a part of which a rule makes fewer stays as it is."""
    parts = _texts(payload)
    if not parts or not isinstance(payload, Text | Entry | Pair):
        return []
    turns = zip_longest(*(said[text] for text in parts.values()))
    return [_with(payload, {name: t for name, t in zip(parts, turn, strict=True) if t is not None}) for turn in turns]


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
