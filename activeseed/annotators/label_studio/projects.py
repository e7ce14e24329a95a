"""The project of each kind of question: found, adopted, made, and kept as the study wants it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from activeseed.annotators.label_studio.connection import ONCE, Connection, RefusedError, UnclearError
from activeseed.annotators.label_studio.ledger import Ledger, Shelf
from activeseed.annotators.label_studio.listing import COUNTS, counted
from activeseed.annotators.templates import check_template, template
from activeseed.errors import AnnotatorError, ConfigError
from activeseed.protocols import Form
from activeseed.questions import FORMS

if TYPE_CHECKING:
    from activeseed.annotators.label_studio.settings import ServerSettings
    from activeseed.protocols import Assignment

#: how tasks are served by their value
SAMPLING = "Uncertainty sampling"
#: begins the names of our orders among the versions of a model
ORDER = "activeseed-"
_FIELDS = (
    "id,title,description,label_config,model_version,sampling,maximum_annotations,expert_instruction,"
    "task_number,total_annotations_number"
)
_LONGEST_TITLE = 50
#: in the description of a project that we made: the study, the kind of question
_MARK = re.compile(r"\[activeseed:([^/\]]+)/(\w+)\]")


@dataclass
class Projects:
    """The projects of one study.

    Attributes:
        just_made: kind -> tasks in its project when that was made here: by a process that makes one at the same time.
        said: sentences about what somebody had changed in a project and that was set back, until they are told.
    """

    connection: Connection
    record: ServerSettings
    assignment: Assignment
    ledger: Ledger
    just_made: dict[str, int] = field(default_factory=dict, init=False)
    said: list[str] = field(default_factory=list, init=False)
    _marks: dict[str, dict[int, int]] | None = None

    @property
    def forms(self) -> Mapping[str, Form]:
        """Kind -> form of every question that may be asked."""
        return self.assignment.forms or FORMS

    # --- looking ------------------------------------------------------------------------------------------------

    def seen(self) -> dict[str, Mapping[str, Any]]:
        """Kind -> what the server says of its project; kinds without one are left out.

        Raises:
            AnnotatorError: a project that was there, or that is to be adopted, is gone.
        """
        self._find()
        return self._fetch()

    def missing(self) -> list[str]:
        """Kinds whose project was there and is gone."""
        there = self._there()
        ids = {kind: self.ledger.shelves[kind].id for kind in self._kinds()}
        return [k for k, number in ids.items() if number not in there or self._is_of_another(k, there[number])]

    def _is_of_another(self, kind: str, project: Mapping[str, Any]) -> bool:
        """Whether a project that we made bears another mark: a server that was set up anew counts from 1 again."""
        mark = _MARK.search(project.get("description") or "")
        made = self.ledger.shelves[kind].made
        return made and mark is not None and mark.groups() != (self.assignment.study, kind)

    def _fetch(self) -> dict[str, Mapping[str, Any]]:
        there = self._there()
        for kind in self._kinds():
            shelf = self.ledger.shelves[kind]
            if shelf.id not in there or self._is_of_another(kind, there[shelf.id]):
                raise AnnotatorError(self.gone(kind, shelf))
        return {kind: there[self.ledger.shelves[kind].id] for kind in self._kinds()}

    def forget(self, kind: str) -> None:
        """Have another project made for a kind."""
        self.ledger.shelves.pop(kind, None)
        self._marks = None

    def _there(self) -> dict[int, Mapping[str, Any]]:
        ids = [shelf.id for shelf in self.ledger.shelves.values()]
        if not ids:
            return {}
        params = {"ids": ",".join(map(str, ids)), "include": _FIELDS, "page_size": len(ids)}
        found = self.connection.read("api/projects/", params)["results"]
        return {p["id"]: p for p in found if p["id"] in ids}

    def _kinds(self) -> list[str]:
        return [kind for kind in self.forms if kind in self.ledger.shelves]

    def gone(self, kind: str, shelf: Shelf) -> str:
        """What to say of a project that is no more."""
        if kind in self.record.projects:
            return (
                f"{self.connection.url} has no project {shelf.id} that this user may see, which [annotator.projects] "
                f"names for {kind} questions. Write the id of one that is there, or leave it out to have one made."
            )
        return (
            f"Project {shelf.id} at {self.connection.url}, which held the {kind} questions of this study, was deleted "
            "(or is hidden from this user). The answers that were collected are safe in the journal. Restore the "
            "project from a backup of the server, or have a new one made for what is still pending:  "
            "activeseed label-studio renew"
        )

    def _find(self) -> None:
        """Fill the shelves of adopted projects, and of projects that an earlier process made."""
        for kind, adopted in self.record.projects.items():
            shelf = self.ledger.shelves.get(kind)
            if shelf is None or shelf.id != adopted:
                self.ledger.shelves[kind] = Shelf(adopted, made=False)
        if self._marks is None and any(kind not in self.ledger.shelves for kind in self.forms):
            self._marks = self._marked()
        for kind, ids in (self._marks or {}).items():
            if kind not in self.ledger.shelves:
                self.ledger.shelves[kind] = Shelf(min(ids))

    def _marked(self) -> dict[str, dict[int, int]]:
        """Projects that are marked as this study's, by kind, and how many tasks each holds."""
        found: dict[str, dict[int, int]] = {}
        page = 1
        while True:
            params = {"include": f"{COUNTS},description", "page": page, "page_size": 500}
            told = self.connection.read("api/projects/", params)
            for project in told["results"]:
                mark = _MARK.search(project.get("description") or "")
                for kind in self.forms:
                    if mark is not None and mark.groups() == (self.assignment.study, kind):
                        found.setdefault(kind, {})[project["id"]] = counted(project)[0]
            if not told.get("next"):
                return found
            page += 1

    # --- making -------------------------------------------------------------------------------------------------

    def ready(self, kind: str, seen: Mapping[str, Mapping[str, Any]]) -> Shelf:
        """The shelf of a project that can take questions of a kind, made where there is none.

        Raises:
            ConfigError: a template of the user's own that can't carry these questions.
            AnnotatorError: the project's labelling configuration can't (somebody changed it).
        """
        if kind not in seen:
            return self._make(kind)
        shelf, project = self.ledger.shelves[kind], seen[kind]
        wrong = self.wrong(kind, project)
        if wrong:
            raise AnnotatorError(f"{wrong} No question was sent there.")
        if shelf.made:
            changes: dict[str, Any] = {}
            digest, instructions = self._instructions()
            if shelf.instructions != digest:
                changes |= {"expert_instruction": instructions, "show_instruction": bool(instructions)}
            self.keep(kind, project)
            if changes:
                self.connection.sdk(lambda ls: ls.projects.update(shelf.id, **changes, request_options=ONCE))
                shelf.instructions = digest
                self.ledger.save()
        return shelf

    def keep(self, kind: str, project: Mapping[str, Any], ours: bool = False) -> None:
        """Have a project of ours as the study needs it, and note in ``said`` what somebody had changed.

        So many people are asked as the study wants, also about questions that wait already; tasks are served by their
        value; and the mark is there by which the project is found again. Its name is its owner's.

        Args:
            ours: whether tasks of ours were seen in it: a project without a mark may be anybody's.
        """
        shelf, due = self.ledger.shelves[kind], self.forms[kind].people(self.assignment.annotators)
        description = str(project.get("description") or "")
        marked = _MARK.search(description) is not None
        if not shelf.made or not (marked or ours):
            return
        changes: dict[str, Any] = {}
        where = f"Project {shelf.id} at {self.connection.url}"
        if project["maximum_annotations"] != due:
            changes["maximum_annotations"] = due
        if project["sampling"] != SAMPLING:
            changes["sampling"] = SAMPLING
            self.said.append(
                f"{where} served its tasks by {str(project['sampling'] or 'no sampling').lower()!r} and not by their "
                "value: that is set back. If you want another order, name the project under [annotator.projects]."
            )
        if not marked:
            changes["description"] = f"{description} {self._mark(kind)}".strip()
            self.said.append(
                f"{where} had lost the line in its description by which it is found again: it was added. Keep it there."
            )
        if changes:
            self.connection.sdk(lambda ls: ls.projects.update(shelf.id, **changes, request_options=ONCE))

    def _mark(self, kind: str) -> str:
        return f"[activeseed:{self.assignment.study}/{kind}]"

    def wrong(self, kind: str, project: Mapping[str, Any]) -> str:
        """What is wrong with the labelling configuration that a project has now; nothing if all is well."""
        try:
            check_template(project.get("label_config") or "", self.forms[kind])
        except ConfigError as error:
            return (
                f"The labelling configuration of project {project['id']} ({project['title']!r}) at "
                f"{self.connection.url} can't carry {kind} questions. {error}"
            )
        return ""

    def _make(self, kind: str) -> Shelf:
        xml, source = self.own_template(kind)
        digest, instructions = self._instructions()
        wanted = {
            "title": self._title(kind),
            "description": (
                f"Made by activeseed, which reads the answers. Keep this line: it finds the project again by it. "
                f"{self._mark(kind)}"
            ),
            "label_config": xml,
            "expert_instruction": instructions,
            "show_instruction": bool(instructions),
            "sampling": SAMPLING,
            "maximum_annotations": self.forms[kind].people(self.assignment.annotators),
            "show_collab_predictions": False,
        }
        try:
            made = int(self.connection.sdk(lambda ls: ls.projects.create(**wanted, request_options=ONCE)).id)
        except RefusedError as error:
            raise ConfigError(f"Label Studio refuses {source} for {kind} questions: {error.said}. Mend it.") from None
        except UnclearError:
            # it may have been made: the next search finds it by its mark
            self._marks = None
            raise
        same = {made: 0} | self._marked().get(kind, {})
        if min(same) != made and same[made] == 0:
            # another process made one at the same time; the first of them stays
            self.connection.send("DELETE", f"api/projects/{made}/")
            made = min(same)
        self.ledger.shelves[kind] = Shelf(made, instructions=digest)
        self.ledger.save()
        self.just_made[kind] = same[made]
        return self.ledger.shelves[kind]

    def view(self, shelf: Shelf, new: bool) -> None:
        """A tab of the Data Manager in which tasks stand in the order in which they are served; a new one has none."""
        data = {"title": "By value", "type": "list", "target": "tasks", "ordering": ["tasks:predictions_score"]}
        if new or not self.connection.read("api/dm/views/", {"project": shelf.id}):
            self.connection.send("POST", "api/dm/views/", {"project": shelf.id, "data": data})

    def own_template(self, kind: str) -> tuple[str, str]:
        """The labelling configuration for a kind, and what to call it in a message."""
        own = self.record.templates.get(kind)
        if own is None:
            return template(self.forms[kind]), f"the template {kind}.xml"
        path = self.assignment.folder / own
        try:
            xml = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or "it is no UTF-8"
            raise ConfigError(f"The template {path} for {kind} questions can't be read: {said}.") from None
        try:
            check_template(xml, self.forms[kind])
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        return xml, f"the template {path}"

    def _title(self, kind: str) -> str:
        name = " ".join((self.record.title or self.assignment.title or "activeseed").split())
        words = f": {self.forms[kind].titled}"
        room = _LONGEST_TITLE - len(words)
        return (name if len(name) <= room else name[: room - 1].rstrip() + "…") + words

    def _instructions(self) -> tuple[str, str]:
        html = instructions(self.assignment.guidelines)
        return sha256(html.encode()).hexdigest()[:16], html


def instructions(guidelines: str) -> str:
    """Markdown as the HTML that Label Studio shows; HTML in it is shown as text."""
    if not guidelines.strip():
        return ""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(guidelines))


def keeps_order(project: Mapping[str, Any]) -> str:
    """Why a project does not serve tasks in our order; nothing if it does."""
    version = project.get("model_version") or ""
    if version and not version.startswith(ORDER):
        return f"it follows the predictions of {version!r}"
    if project.get("sampling") != SAMPLING:
        said = str(project.get("sampling") or "").lower() or "no sampling"
        return f"its task sampling is {said!r}; set it to 'Uncertainty sampling' through the API to follow the order"
    return ""


__all__ = ["ORDER", "Projects", "instructions", "keeps_order"]
