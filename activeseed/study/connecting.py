"""A channel as a study uses it: what it is told of the study, where its paths start, what of the gold it knows."""

from __future__ import annotations

from typing import Any

from activeseed.members import whole
from activeseed.protocols import Annotator, Assignment, SupportsAssignment, SupportsLocating, SupportsTruth
from activeseed.study.workshop import Workshop


def assignment_of(work: Workshop) -> Assignment:
    """What a channel is told of a study."""
    return Assignment(
        folder=work.folder,
        study=work.id,
        title=work.folder.resolve().name,
        annotators=work.settings.ask.annotators,
        guidelines=work.guidelines,
        forms=work.forms,
    )


def connected(work: Workshop, channel: Any) -> Annotator:
    """A channel as a study uses it: relative paths start in its folder, and a simulated annotator knows the gold."""
    if channel is work.settings.annotator:
        channel = work.part("annotator")
    if isinstance(channel, SupportsAssignment):
        return channel.assigned(assignment_of(work))
    if isinstance(channel, SupportsLocating):
        channel = channel.located(work.folder)
    whole("annotator", channel)
    known = work.gold_answers
    if known and isinstance(channel, SupportsTruth):
        channel = channel.knowing(known)
    annotator: Annotator = channel
    return annotator
