"""Label Studio as a channel to humans: the only package that knows its API."""

from activeseed.annotators.label_studio.record import LabelStudio

__all__ = ["LabelStudio"]
