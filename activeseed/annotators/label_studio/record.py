"""What ``[annotator] kind = "label_studio"`` may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from activeseed.protocols import Annotator, Assignment
from activeseed.question import QuestionKind


class LabelStudio(BaseModel):
    """A Label Studio server whose annotators answer the questions.

    Attributes:
        url: address of the server.
        token_file: file that holds the access token, read from the project folder; nobody else may read it. The
            environment (``ACTIVESEED_LABEL_STUDIO_TOKEN``, ``LABEL_STUDIO_API_KEY``) goes first.
        title: begins the titles of the projects; by default the name of the project folder.
        projects: kind of question -> id of an existing project to use for it; others are made when they are needed.
        templates: kind of question -> file with a labelling configuration of one's own, read from the project folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["label_studio"] = "label_studio"
    url: str = "http://127.0.0.1:8080"
    token_file: str = ".activeseed/label_studio/token"
    title: str = ""
    projects: Mapping[QuestionKind, int] = Field(default_factory=dict)
    templates: Mapping[QuestionKind, str] = Field(default_factory=dict)

    def assigned(self, assignment: Assignment) -> Annotator:
        """The channel of one study. Connects when it is first used."""
        from activeseed.annotators.label_studio.channel import Channel

        return Channel(self, assignment)
