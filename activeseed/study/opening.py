"""A study's beginning and its return: folders, the first fact, and settings that were edited since."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from activeseed.comparing import same_name, same_text
from activeseed.config import FAMILIES, Settings, read_settings, record_type, takes_a_few_rows, write_settings
from activeseed.errors import ConfigError, FolderError, JournalMovedError, StoreError, nearest
from activeseed.masking import MASK, masked
from activeseed.members import ThirdParty, earlier_record
from activeseed.protocols import Event
from activeseed.questions.own import own_forms
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Probe, Seed, spread_anew
from activeseed.store import FolderStore
from activeseed.study.below import settle
from activeseed.study.progress import Progress
from activeseed.study.state import SeedVersion, State
from activeseed.study.trust import Trust, agree, trust_in
from activeseed.study.workshop import Workshop

#: what is right about a gold question: a verdict, or the variant that it names
GOLD_ANSWERS = ("keep", "reject", "flip", AS_WRITTEN, ABSENT, FLIPPED)
#: what making a project writes beside `.activeseed`, and the mark of one that is not made yet
WRITTEN = ("activeseed.toml", "seed.jsonl", "guidelines.md")
UNFINISHED = "unfinished"
#: tables whose settings decide what trainings do: editing them mid-study makes old and new outcomes incomparable
DECIDING = ("key", "system", "embedder")


def create(
    folder: str | Path,
    seed: Seed,
    system: Any,
    probes: Sequence[Probe],
    pool: Sequence[Probe],
    gold: Sequence[Mapping[str, Any]],
    guidelines: str,
    settings: Settings | None,
    progress: Progress,
    written: Callable[[Settings], str] | None,
    stays: Mapping[str, float],
    overrides: Mapping[str, Any],
) -> Workshop:
    """A study in a folder that holds none: see ``Study.create``."""
    from activeseed.files import check_pool, write_seed
    from activeseed.perturbations import perturbed

    path = Path(folder)
    clear_unfinished(path)
    if _holds_a_study(path):
        raise FolderError(f"{path.resolve()} holds a study already. Open it with Study.open, or choose another folder.")
    base = settings or Settings()
    changes = dict(overrides) if system is None else {"system": system, **overrides}
    unknown = [k for k in changes if k not in Settings.model_fields]
    if unknown:
        raise ConfigError(f"Unknown setting {unknown[0]!r}.{nearest(unknown[0], Settings.model_fields)}")
    chosen = Settings(**{**{k: getattr(base, k) for k in base.model_fields_set}, **changes})
    chosen = _with_an_id(_with_its_executor(chosen), path)
    seed = perturbed(seed, (p.made("perturbations") if isinstance(p, ThirdParty) else p for p in chosen.perturbations))
    seed = spread_anew(seed, stays, chosen.belief.rest)
    check_pool(seed, pool)
    gold = _checked_gold(gold)
    inputs = {
        "probes": [p.model_dump(mode="json") for p in probes],
        "pool": [p.model_dump(mode="json") for p in pool],
        "gold": [dict(g) for g in gold],
    }
    body: dict[str, Any] = {
        "settings": chosen.shown(),
        "seed": seed.model_dump(mode="json"),
        "inputs": inputs,
        "by": "author",
    }
    own_forms(f.made("questions") if isinstance(f, ThirdParty) else f for f in chosen.questions)
    with _whole(path):
        trial = Workshop(path, chosen, None, progress, State(settings=body["settings"]), inputs=inputs)  # type: ignore[arg-type]
        trial.state.versions.append(SeedVersion(0, seed))
        trial.system.check(trial.materials)
        store = _fresh_store(path, chosen)
        try:
            if written is None:
                write_settings(path, chosen)
            else:
                (path / "activeseed.toml").write_text(written(chosen), "utf-8")
            write_seed(seed, path / "seed.jsonl")
            if not (path / "guidelines.md").exists():
                (path / "guidelines.md").write_text(guidelines or DEFAULT_GUIDELINES, "utf-8")
            store.append([Event("created", body, key="created")], expect=0)  # of two who come at once, one makes it
        except OSError as error:
            raise _unwritable(path, error) from error
        except JournalMovedError:
            raise _taken(path, chosen) from None
    work = Workshop(path, chosen, store, progress)
    work.refresh()
    agree(path, chosen)
    return work


def _holds_a_study(path: Path) -> bool:
    """Whether a folder has a journal, or settings that say in which database its journal is."""
    if (path / ".activeseed" / "journal.db").exists():
        return True
    with suppress(ConfigError):
        return bool(read_settings(path).store)
    return False


def _with_an_id(settings: Settings, path: Path) -> Settings:
    """A study in a database that may hold others has an id there, which whoever shares it reads in the settings."""
    if not settings.store or settings.study:
        return settings
    called = re.sub(r"[^a-z0-9]+", "-", path.resolve().name.lower()).strip("-")[:40] or "study"
    return settings.model_copy(update={"study": f"{called}-{secrets.token_hex(4)}"})


def _fresh_store(path: Path, settings: Settings) -> FolderStore:
    """The store of a study that is being made. Raises FolderError where there is a study of that id."""
    store = FolderStore(path, settings.store or None, settings.study)
    if store.read():
        store.close()
        raise _taken(path, settings)
    return store


def _taken(path: Path, settings: Settings) -> FolderError:
    if not settings.store:
        return FolderError(f"{path.resolve()} holds a study already, made just now. Open it with Study.open.")
    return FolderError(
        f"The database of this project holds a study {settings.study!r} already. Open that one with Study.open, or "
        "leave study out of the settings: a new study is given an id of its own."
    )


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Make a project as a whole or not at all, whatever ends us: until it is made, a mark says what to take away."""
    inside = path / ".activeseed"
    made = [p for p in (path, inside) if not p.exists()]
    files = [name for name in WRITTEN if not (path / name).exists()]
    try:
        inside.mkdir(parents=True, exist_ok=True)
        (inside / UNFINISHED).write_text("\n".join(files), "utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield
    except BaseException as error:
        clear_unfinished(path)
        if inside in made and isinstance(error, Exception):  # whoever interrupts it tries again: embeddings stay
            shutil.rmtree(inside, ignore_errors=True)
        for folder in reversed(made):
            with suppress(OSError):  # whatever else lies there stays
                folder.rmdir()
        raise
    (inside / UNFINISHED).unlink(missing_ok=True)


def clear_unfinished(path: Path) -> bool:
    """Take away what an `init` left that was killed or ran out of space; whether there was something.

    Embeddings stay: they cost most, and are the same for whoever comes next.
    """
    inside = path / ".activeseed"
    mark = inside / UNFINISHED
    try:
        names = mark.read_text("utf-8").splitlines()
    except OSError:
        return False
    journal = inside / "journal.db"
    if journal.exists() and FolderStore(path).read():
        mark.unlink(missing_ok=True)  # it was killed when all was done
        return False
    with suppress(OSError):
        for name in names:
            if name in WRITTEN:
                (path / name).unlink(missing_ok=True)
        for name in WRITTEN:
            for part in path.glob(f".{name}.*"):  # a file is written beside its place, and then moved there
                part.unlink(missing_ok=True)
        for file in inside.glob("journal.db*"):
            file.unlink(missing_ok=True)
        for part in (inside / "embeddings").glob("*.part"):
            part.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
    return True


def _with_its_executor(settings: Settings) -> Settings:
    """A third party's trainer that takes one row at a time gets all cores too, unless an executor was chosen."""
    system = settings.system
    if not isinstance(system, ThirdParty) or "executor" in settings.model_fields_set:
        return settings
    if not takes_a_few_rows(system.made("system")):
        return settings
    return settings.model_copy(update={"executor": record_type("executor", "processes")()})


def _unwritable(path: Path, error: OSError) -> FolderError:
    return FolderError(f"{path.resolve()} can't be written: {error.strerror}. Choose another folder, or make room.")


def reopen(
    folder: str | Path,
    given: Mapping[str, Any],
    settings: Settings | None,
    progress: Progress,
    accept: bool,
    trust: bool,
) -> Workshop:
    """A study that was made before: see ``Study.open``.

    Args:
        given: family -> what was handed over in its place.
    """
    path = Path(folder)
    held = Trust(path)
    if settings is None:
        settings = read_settings(path, given)
        held = held if trust else trust_in(path, settings, tuple(given))
    elif given:
        settings = Settings(**{**{k: getattr(settings, k) for k in settings.model_fields_set}, **given})
    if not (path / ".activeseed" / "journal.db").exists() and not settings.store:
        raise FolderError(f"{path.resolve()} holds no study yet. Start one with `activeseed init {path} --from FILE`.")
    held.require("store")
    store = FolderStore(path, settings.store or None, settings.study)
    work = Workshop(path, settings, store, progress, trust=held)
    work.refresh()
    if settings.store and not work.state.versions:
        raise _no_such_study(path, settings, store)
    _compare_settings(work, accept)
    with suppress(StoreError):  # where nothing may be written, whoever comes next tells of it
        if settle(path, store, work.state.below):
            work.refresh()
    return work


def _no_such_study(path: Path, settings: Settings, store: FolderStore) -> StoreError:
    known = store.studies()
    store.close()
    there = f"It holds: {', '.join(known[:8])}{', …' if len(known) > 8 else ''}." if known else "It holds none."
    named = f"no study {settings.study!r}" if settings.study else "no study from before studies had ids"
    return StoreError(
        f"The database that {path / 'activeseed.toml'} names in store holds {named}. {there} Write the one that is "
        "meant as study = there, or start one with `activeseed init` in another folder."
    )


def _compare_settings(work: Workshop, accept: bool) -> None:
    then = masked(work.state.settings)  # an earlier version wrote them out
    now = _hidden_as(work.settings.shown(), then)
    for name in FAMILIES.keys() & then.keys():  # what an earlier version wrote of an object is what that object is
        handed = getattr(work.settings, name)
        if not isinstance(handed, ThirdParty | tuple) and then[name] == masked(earlier_record(handed)):
            then = {**then, name: now.get(name)}
    if now == then:
        return
    moved = [name for name in DECIDING if now.get(name) != then.get(name)]
    if moved and not accept:
        name = moved[0]
        raise ConfigError(
            f"{work.folder / 'activeseed.toml'}: {_first_difference(name, then.get(name), now.get(name))} since "
            "this study began. Outcomes from before and after would not be comparable. Put it back, start a new "
            "study in another folder, or go on knowingly with `activeseed check --accept`."
        )
    work.store.append([Event("settings", {"settings": now})])
    work.refresh()


def _hidden_as(now: Any, then: Any) -> Any:
    """Settings with what is masked in others masked as well: an earlier version masked names that are no secrets."""
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return {k: _hidden_as(v, then.get(k)) for k, v in now.items()}
    if isinstance(now, list | tuple) and isinstance(then, list | tuple) and len(now) == len(then):
        return [_hidden_as(v, w) for v, w in zip(now, then, strict=True)]
    return MASK if then == MASK else now


def _checked_gold(gold: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines with their answers in the words that verdicts have. Raises ConfigError, naming the line."""
    from activeseed.files.fields import id_of, text_of

    out: list[dict[str, Any]] = []
    if isinstance(gold, str | Mapping) or not isinstance(gold, Iterable):
        raise ConfigError(f"Gold questions come as a list of tables, not as one {type(gold).__name__}.")
    for n, line in enumerate(gold, start=1):
        if not isinstance(line, Mapping):
            raise ConfigError(f"Gold question {n} is {type(line).__name__}. Give a table with its id, text and answer.")
        pair = "chosen" in line or "rejected" in line
        for name in ("id", "chosen", "rejected", "answer") if pair else ("id", "text", "answer"):
            if not line.get(name) and not (name in ("chosen", "rejected") and line.get(name) == ""):
                raise ConfigError(
                    f"Gold question {n} has no {name!r}. Give each an id, a text (or chosen and rejected replies, "
                    "with their prompt) and the known answer."
                )
        where = f"Gold question {n}"
        id_of(where, line["id"])
        for name in ("prompt", "text", "chosen", "rejected"):
            text_of(where, name, line.get(name) or "", blank=name != "text" or pair)
        answer = same_name(str(line["answer"])).replace(" ", "_")
        known = GOLD_ANSWERS if pair else tuple(a for a in GOLD_ANSWERS if a not in ("flip", FLIPPED))
        if answer not in known:
            verdicts = ", ".join(known[: len(known) // 2])
            raise ConfigError(
                f"Gold question {n} ({str(line['id'])[:60]!r}): {str(line['answer'])[:60]!r} is no known answer."
                f"{nearest(answer, known)} Its answer is one of: {verdicts}."
            )
        if any(same_name(str(line["id"])) == same_name(str(g["id"])) for g in out):
            raise ConfigError(f"Gold question {n}: there is another with the id {str(line['id'])[:60]!r}. Rename one.")
        for other in out:
            if _gold_text(line) == _gold_text(other) and _variant(answer) != _variant(other["answer"]):
                raise ConfigError(
                    f"Gold question {n} ({str(line['id'])[:60]!r}) says {answer!r} of what "
                    f"{str(other['id'])[:60]!r} says {other['answer']!r} of. Leave one of them out."
                )
        out.append({**line, "answer": answer})
    return out


def _variant(answer: str) -> str:
    """The variant that an answer says is right; a variant's own name says itself."""
    return {"keep": AS_WRITTEN, "reject": ABSENT, "flip": FLIPPED}.get(answer, answer)


def _gold_text(line: Mapping[str, Any]) -> tuple[str, ...]:
    """What a gold question is about, as texts are compared."""
    return tuple(same_text(str(line.get(name) or "")) for name in ("prompt", "text", "chosen", "rejected"))


def _first_difference(name: str, then: Any, now: Any) -> str:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in [*then, *now]:
            if then.get(key) != now.get(key):
                return f"[{name}] {key} was changed from {then.get(key)!r} to {now.get(key)!r}"
    return f"{name} was changed from {then!r} to {now!r}"


DEFAULT_GUIDELINES = """# Guidelines for annotators

You see an item of the seed, and what would be judged differently if it stayed or went.

- **Keep** it if it says what we mean, also if you would have put it otherwise.
- **Reject** it if it should not be an example at all.
- **Edit** it if a few other words would make it right.
- **Depends** if you can't say without knowing more; tell us on what in the comment.
- **Skip** if you would rather not answer.

Judge what the item decides, not only how it is worded. Nobody sees your answers but the team.
"""
