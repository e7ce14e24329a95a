"""What ``[annotator] kind = "label_studio"`` may say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from activeseed.agreeing import leads_out, said
from activeseed.annotators.label_studio.addresses import is_loopback, server_address
from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError
from activeseed.seed import Json


class ServerSettings(SettingsRecord):
    """Where a server is, how it is entered, and which of its projects are used.

    Attributes:
        url: address of the server.
        token_file: file that holds the access token, read from the project folder; nobody else may read it. The
            environment (``ACTIVESEED_LABEL_STUDIO_TOKEN``, ``LABEL_STUDIO_API_KEY``) goes first.
        title: begins the titles of the projects; by default the name of the project folder.
        projects: kind of question -> id of an existing project to use for it; others are made when they are needed.
        templates: kind of question -> file with a labelling configuration of one's own, read from the project folder.
    """

    kind: Literal["label_studio"] = "label_studio"
    url: str = "http://127.0.0.1:8080"
    token_file: str = ".activeseed/label_studio/token"
    title: str = ""
    projects: Mapping[str, int] = Field(default_factory=dict)
    templates: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("projects")
    @classmethod
    def _one_kind_each(cls, projects: Mapping[str, int]) -> Mapping[str, int]:
        # a project has one labelling configuration, and a kind of question needs its own
        twice = [p for p, n in Counter(projects.values()).items() if n > 1]
        if twice:
            raise ValueError(f"project {twice[0]} is named for several kinds of question; each needs one of its own")
        return projects

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        # before it is written down anywhere: a password in it would stay in the journal
        try:
            return server_address(url)
        except ConfigError as error:
            raise ConfigError(f"[annotator] url: {error}") from None

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        here = is_loopback(urlsplit(self.url).hostname or "")
        others: list[Json] = [f for f in (self.token_file, *self.templates.values()) if leads_out(folder, f)]
        if here and not others:
            return None
        read = f" (read from {said(str(others[0]))})" if others else ""
        return f"send questions and an access token{read} to {said(self.url)}", [self.url, others]
