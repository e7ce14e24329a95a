"""Versions of the seed: what changed between two of them, pins, going back, and the author's own later edits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.entries import differing
from activeseed.errors import SeedError, TrustError
from activeseed.members import ThirdParty
from activeseed.protocols import Event, SupportsEntries
from activeseed.seed import AS_WRITTEN, Entry, Item, Seed, spread_anew, with_flips
from activeseed.study.answers import asked_no_more, take_in
from activeseed.study.state import SeedVersion, State, seed_change
from activeseed.study.workshop import Workshop

if TYPE_CHECKING:
    from activeseed.files import SyncResult

#: endings of files that an author's own words are written back into
MARKDOWN = (".md", ".markdown")


def diff(state: State, before: str, after: str) -> list[dict[str, Any]]:
    """What differs between two versions, one entry an item, with who changed it, when, and on which answer.

    Args:
        before, after: names of versions: ``v3``, a pin, the start of a hash, ``latest``.
    """
    a, b = state.version(before), state.version(after)
    history: dict[str, dict[str, Any]] = {}
    for version in state.versions[min(a.number, b.number) + 1 : max(a.number, b.number) + 1]:
        for change in version.changes:
            history[change["item"]] = {
                "why": version.why, "by": change.get("annotator") or version.by,
                "at": change.get("at") or version.at, "answer": change.get("answer", ""),
            }  # fmt: skip
    old, new = {i.id: i for i in a.seed.items}, {i.id: i for i in b.seed.items}
    out = []
    for name in dict.fromkeys([*old, *new]):
        was, now = _stands(a.seed, old.get(name)), _stands(b.seed, new.get(name))
        if was != now:
            shown = _said(a.seed, old.get(name), b.seed, new.get(name)) or (was[1], now[1])
            out.append(
                {
                    "item": name, "from": was[0], "to": now[0], "before_text": shown[0], "after_text": shown[1],
                    **{"why": "", "by": b.by, "at": b.at, "answer": ""}, **history.get(name, {}),
                }
            )  # fmt: skip
    return out


def _said(a: Seed, old: Item | None, b: Seed, new: Item | None) -> tuple[str, str] | None:
    """What each of two versions says of an entry that the other doesn't; None where it is no entry in both."""
    if old is None or new is None:
        return None
    was, now = (i.variants[i.index_of(s.standing.get(i.id, AS_WRITTEN))].payload for s, i in ((a, old), (b, new)))
    if isinstance(was, Entry) and isinstance(now, Entry) and was != now:
        return differing(now, was), differing(was, now)
    return None


def _stands(seed: Seed, item: Item | None) -> tuple[str, str]:
    if item is None:
        return "(no such item)", ""
    variant = item.variants[item.index_of(seed.standing.get(item.id, AS_WRITTEN))]
    return variant.id, "" if variant.payload is None else variant.payload.display


def pin(work: Workshop, name: str, version: str) -> SeedVersion:
    """Give a version a name that can be used wherever a version is asked for."""
    work.refresh()
    if not name or name == "latest" or name.removeprefix("v").isdigit():
        raise SeedError(f"{name!r} can't be the name of a pin. Choose a word, such as 'before-review'.")
    chosen = work.state.version(version)
    work.store.append([Event("pinned", {"name": name, "version": chosen.number})])
    work.refresh()
    return chosen


def revert(work: Workshop, version: str, why: str = "", by: str = "author") -> SeedVersion:
    """A new version equal to an older one. Answers given since are taken back; all of them stay in the journal."""
    work.refresh()
    to = work.state.version(version)
    if to.number == work.state.current.number:
        return to
    later = work.state.versions[to.number + 1].at
    reason = why or f"reverted to v{to.number}"
    since = [a.id for a in work.state.live_answers if work.state.arrived[a.id] > work.state.version_sequence[to.number]]
    back = [Event("answer_withdrawn", {"answer": name, "why": reason}, key=f"back:{name}") for name in since]
    back += asked_no_more(work, since)
    body = seed_change(work.seed, to.seed, reason, by, _changes(work.seed, to.seed, by, later))
    changed = Event("seed_changed", body, key=f"seed:{work.state.current.number + 1}")
    work.store.append([*back, changed], expect=work.state.sequence)  # what came since would be taken back unseen
    work.refresh()
    return work.state.current


def take_sync(work: Workshop, path: Path, by: str = "author", columns: Mapping[str, str] | None = None) -> SyncResult:
    """Take in a file that its author went on editing: three-way, conflicts with answers listed and not applied.

    ``columns`` maps fields to the file's names where they differ; else what the settings say, as far as the file has
    those names: the author's own file is read, and so is one that was exported.
    """
    from activeseed.files import load_seed
    from activeseed.files.columns import fitting
    from activeseed.files.fields import ITEM_FIELDS
    from activeseed.files.sync import sync

    take_in(work)
    rest = work.settings.belief.rest
    if not columns and work.settings.source.columns:
        columns = fitting(path, work.settings.source.columns, ITEM_FIELDS)
    read = load_seed(path, columns=columns or None, rest=rest, entry=_columns_of(work))
    theirs = spread_anew(_perturbed(work, with_flips(read.seed)), read.stays, rest)
    base = work.state.versions[work.state.synced].seed
    result = sync(base, work.seed, theirs, answered=work.resolution.answered)
    changes = _changes(work.seed, result.seed, by, "")
    if result.seed.version != work.seed.version:
        body = seed_change(work.seed, result.seed, f"the author's edits of {path.name}", by, changes)
        body["synced"] = True
        if result.carried:  # their answers were about other words, and don't count for these
            body["start"] = {**work.state.start, **result.carried}
        changed = Event("seed_changed", body, key=f"seed:{work.state.current.number + 1}")
        work.store.append([changed], expect=work.state.sequence)
        work.refresh()
    return result


def _columns_of(work: Workshop) -> tuple[str, ...]:
    """Columns that make a line an entry, where the system reads such; a stranger's is not imported to ask it."""
    try:
        system = work.system
    except TrustError:
        return ()
    return tuple(system.entry_fields) if isinstance(system, SupportsEntries) else ()


def _perturbed(work: Workshop, seed: Seed) -> Seed:
    """A file's seed with what the settings' perturbations add to it: as when the study was made.

    So a text that its author edited gets paraphrases of what it says now, and a perturbation that was added to the
    settings since begins to count. Wordings of items that the file does not have are left out.
    """
    from activeseed.perturbations import Wordings

    known = {item.id for item in seed.items}
    for given in work.settings.perturbations:
        if isinstance(given, ThirdParty):
            work.trust.require("perturbations")
            given = given.made("perturbations")
        if isinstance(given, Wordings):
            given = Wordings(wordings={name: said for name, said in given.wordings.items() if name in known})
        seed = given.variants(seed)
    return seed


def _changes(before: Seed, after: Seed, by: str, at: str) -> list[dict[str, Any]]:
    old, new = {i.id: i for i in before.items}, {i.id: i for i in after.items}
    out = []
    for name in dict.fromkeys([*old, *new]):
        was, now = _stands(before, old.get(name)), _stands(after, new.get(name))
        if was != now:
            out.append({"item": name, "from": was[0], "to": now[0], "answer": "", "annotator": by, "at": at})
    return out


def export(
    work: Workshop, path: Path, version: str = "latest", standing_only: bool = True, fresh: bool = False
) -> tuple[int, tuple[str, ...]]:
    """Write a version to a file; how many items it holds, and what its author should look at.

    As Markdown, a seed whose ``[source]`` is Markdown is that file with only the answered lines changed.

    Args:
        standing_only: only what would be deployed (absent items left out, the standing text as the text); otherwise
            every item as written with its variants and beliefs.
        fresh: write new Markdown even so.
    """
    from activeseed.files import write_into, write_seed

    chosen = work.state.version(version)
    seed = chosen.seed
    said: tuple[str, ...] = ()
    if standing_only and not fresh and path.suffix.lower() in MARKDOWN:
        author = (work.folder / work.settings.source.seed).resolve()
        if author.suffix.lower() in MARKDOWN and author.is_file():
            said = write_into(seed, path, author, answered=work.resolution.answered)
            return len(seed.standing_payloads()), said
        if author.suffix.lower() in MARKDOWN:
            said = (f"{author}: the author's file is gone, so {path.name} is written anew.",)
    if standing_only:
        kept = []
        for item, v in zip(seed.items, seed.base, strict=True):
            payload = item.variants[v].payload
            if payload is not None:
                kept.append(
                    Item(id=item.id, payload=payload, group=item.group, copies=item.copies, metadata=item.metadata)
                )
        if len(kept) < 2:
            raise SeedError(f"Version {version!r} keeps {len(kept)} item(s). Export it with all variants instead.")
        seed = Seed(items=tuple(kept))
    write_seed(seed, path, entry=_columns_of(work))
    return len(seed), said
