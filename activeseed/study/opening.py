"""A study's beginning and its return: folders, the first fact, and settings that were edited since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.config import Settings, read_settings, write_settings
from activeseed.errors import ConfigError, FolderError, nearest
from activeseed.protocols import Event
from activeseed.seed import Probe, Seed
from activeseed.store import FolderStore
from activeseed.study.progress import Progress
from activeseed.study.state import SeedVersion, State

if TYPE_CHECKING:
    from activeseed.study.study import Study

#: tables whose settings decide what trainings do: editing them mid-study makes old and new outcomes incomparable
DECIDING = ("key", "system", "embedder")


def create(
    kind: type[Study],
    folder: str | Path,
    seed: Seed,
    system: Any,
    probes: Sequence[Probe],
    pool: Sequence[Probe],
    gold: Sequence[Mapping[str, Any]],
    guidelines: str,
    settings: Settings | None,
    progress: Progress,
    intro: str,
    overrides: Mapping[str, Any],
) -> Study:
    """See ``Study.create``."""
    from activeseed.files import check_pool, write_seed
    from activeseed.perturbations import perturbed

    path = Path(folder)
    if (path / ".activeseed" / "journal.db").exists():
        raise FolderError(f"{path.resolve()} holds a study already. Open it with Study.open, or choose another folder.")
    base = settings or Settings()
    changes = dict(overrides) if system is None else {"system": system, **overrides}
    unknown = [k for k in changes if k not in Settings.model_fields]
    if unknown:
        raise ConfigError(f"Unknown setting {unknown[0]!r}.{nearest(unknown[0], Settings.model_fields)}")
    chosen = Settings(**{**{k: getattr(base, k) for k in base.model_fields_set}, **changes})
    seed = perturbed(seed, chosen.perturbations)
    check_pool(seed, pool)
    _check_gold(gold)
    inputs = {
        "probes": [p.model_dump(mode="json") for p in probes],
        "pool": [p.model_dump(mode="json") for p in pool],
        "gold": [dict(g) for g in gold],
    }
    body = {
        "settings": chosen.record(),
        "seed": seed.model_dump(mode="json"),
        "inputs": inputs,
        "by": "author",
    }
    trial = kind(path, chosen, None, progress, State(settings=body["settings"]), inputs)  # type: ignore[arg-type]
    trial.state.versions.append(SeedVersion(0, seed))
    trial.system.check(trial.materials)
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_settings(path, chosen, intro)
        write_seed(seed, path / "seed.jsonl")
        if not (path / "guidelines.md").exists():
            (path / "guidelines.md").write_text(guidelines or DEFAULT_GUIDELINES, "utf-8")
    except OSError as error:
        raise FolderError(f"{path.resolve()} can't be written: {error.strerror}. Choose another folder.") from error
    store = FolderStore(path, chosen.store or None)
    store.append([Event("created", body, key="created")])
    study = kind(path, chosen, store, progress)
    study.refresh()
    return study


def reopen(
    kind: type[Study], folder: str | Path, system: Any, settings: Settings | None, progress: Progress, accept: bool
) -> Study:
    """See ``Study.open``."""
    path = Path(folder)
    if settings is None and system is None:
        settings = read_settings(path)
    elif settings is None:
        settings = _with_system(path, system)
    if not (path / ".activeseed" / "journal.db").exists() and not settings.store:
        raise FolderError(f"{path.resolve()} holds no study yet. Start one with `activeseed init {path} --from FILE`.")
    study = kind(path, settings, FolderStore(path, settings.store or None), progress)
    study.refresh()
    _compare_settings(study, accept)
    return study


def _compare_settings(study: Study, accept: bool) -> None:
    now, then = study.settings.record(), study.state.settings
    if now == then:
        return
    moved = [name for name in DECIDING if now.get(name) != then.get(name)]
    if moved and not accept:
        name = moved[0]
        raise ConfigError(
            f"{study.folder / 'activeseed.toml'}: {_first_difference(name, then.get(name), now.get(name))} since "
            "this study began. Outcomes from before and after would not be comparable. Put it back, start a new "
            "study in another folder, or go on knowingly with `activeseed check --accept`."
        )
    study.store.append([Event("settings", {"settings": now})])
    study.refresh()


def _with_system(path: Path, system: Any) -> Settings:
    try:
        settings = read_settings(path)
    except ConfigError:
        settings = Settings()
    return Settings(**{**dict(settings), "system": system})


def _check_gold(gold: Sequence[Mapping[str, Any]]) -> None:
    for n, line in enumerate(gold, start=1):
        pair = "chosen" in line or "rejected" in line
        for name in ("id", "chosen", "rejected", "answer") if pair else ("id", "text", "answer"):
            if not line.get(name) and not (name in ("chosen", "rejected") and line.get(name) == ""):
                raise ConfigError(
                    f"Gold question {n} has no {name!r}. Give each an id, a text (or chosen and rejected replies, "
                    "with their prompt) and the known answer."
                )


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
