"""Where things stand on the server, in words."""

from __future__ import annotations

from collections.abc import Callable

from activeseed.annotators.label_studio.projects import Projects, keeps_order


def check(projects: Projects, link: Callable[[int], str]) -> list[str]:
    """Sentences about server, user, projects, and templates of the user's own.

    Raises:
        AnnotatorError, ConfigError: no way to work like this.
    """
    connection, assignment = projects.connection, projects.assignment
    version = connection.version
    me = connection.sdk_read(lambda ls: ls.users.whoami())
    said = [f"Label Studio {version} at {connection.url}, signed in as {me.email or me.username}."]
    seen = projects.seen()
    for kind, project in seen.items():
        made, due = projects.ledger.shelves[kind].made, projects.forms[kind].people(assignment.annotators)
        said.append(
            f"{kind}: project {project['id']} {project['title']!r}, {project['task_number'] or 0} tasks, "
            f"{project['total_annotations_number'] or 0} annotations, {link(project['id'])}"
        )
        wrong = projects.wrong(kind, project)
        if wrong:
            said.append(wrong)
        other = keeps_order(project)
        if other and not (made and not project["task_number"]):
            said.append(f"Project {project['id']} does not serve tasks by their value: {other}.")
        if project["maximum_annotations"] < due:
            how = "; it is set at the next look." if made else ": set it in the project's settings."
            said.append(
                f"Project {project['id']} asks for {project['maximum_annotations']} annotation(s) a task, the study "
                f"for {due}{how}"
            )
    for kind, path in projects.record.templates.items():
        projects.own_template(kind)
        said.append(f"{kind}: your template {path} has all it needs.")
    if not seen:
        said.append("No project yet: one for each kind of question is made when it is first asked.")
    return said
