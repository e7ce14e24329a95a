"""The channel of one study: questions out as tasks, annotations back as answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from activeseed.annotators.label_studio.record import LabelStudio
    from activeseed.protocols import Assignment


@dataclass
class Channel:
    """Being written."""

    record: LabelStudio
    assignment: Assignment
