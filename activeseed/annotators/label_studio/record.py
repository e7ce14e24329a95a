"""A Label Studio server as a channel: its settings, and what becomes of them for one study."""

from __future__ import annotations

from activeseed.annotators.label_studio.settings import ServerSettings
from activeseed.errors import ConfigError, nearest
from activeseed.protocols import Annotator, Assignment
from activeseed.questions import FORMS


class LabelStudio(ServerSettings):
    """A Label Studio server whose annotators answer the questions."""

    def assigned(self, assignment: Assignment) -> Annotator:
        """The channel of one study. Connects when it is first used."""
        from activeseed.annotators.label_studio.channel import Channel

        known = assignment.forms or FORMS
        for table, kinds in (("projects", self.projects), ("templates", self.templates)):
            unknown = next((kind for kind in kinds if kind not in known), None)
            if unknown is not None:
                raise ConfigError(
                    f"[annotator.{table}]: no kind of question is called {unknown!r}.{nearest(unknown, known)}"
                )
        return Channel(self, assignment)
