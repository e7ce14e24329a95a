"""The registry: every line of it is true, and what is not in it is said with the nearest name that is."""

import subprocess
import sys

import pytest

from activeseed.config import DEFAULTS, FAMILIES, Settings, default, member, record_type
from activeseed.errors import ConfigError

MEMBERS = [(family, kind) for family, kinds in FAMILIES.items() for kind in kinds]


@pytest.mark.parametrize(("family", "kind"), MEMBERS)
def test_a_line_leads_to_the_record_of_that_kind(family, kind):
    record = record_type(family, kind)
    assert record.model_fields["kind"].default == kind
    assert record.model_config["frozen"], "records never change"
    assert record.model_config["extra"] == "forbid", "a misspelt setting is found"


@pytest.mark.parametrize("family", DEFAULTS)
def test_every_family_has_a_default_and_a_setting(family):
    assert default(family).kind == DEFAULTS[family]
    chosen = getattr(Settings(), family)
    if family in ("response", "rewriter"):
        assert chosen is None, "it follows the estimator, or is read by nothing that trains"
        return
    assert (chosen[0] if isinstance(chosen, tuple) else chosen) == default(family)


def test_no_record_is_left_out_of_the_registry():
    """Every frozen record with a kind of its own, of every module of the families, is a member."""
    code = (
        "import importlib, json, pkgutil, activeseed; from pydantic import BaseModel\n"
        "from activeseed.config import FAMILIES, record_type\n"
        "def walk(path, prefix):\n"
        "    for m in pkgutil.walk_packages(path, prefix):\n"
        "        importlib.import_module(m.name)\n"
        "for family in ('systems', 'embedders', 'estimators', 'annotators', 'executors', 'perturbations'):\n"
        "    package = importlib.import_module(f'activeseed.{family}')\n"
        "    walk(package.__path__, f'activeseed.{family}.')\n"
        "def below(cls):\n"
        "    for c in cls.__subclasses__():\n"
        "        yield c\n"
        "        yield from below(c)\n"
        "members = {record_type(f, k) for f, kinds in FAMILIES.items() for k in kinds}\n"
        "from activeseed.systems.inference.settings import VERIFIERS, InferenceSettings\n"
        "kinds = [InferenceSettings.model_validate({'verifier': {'kind': k}}).verifier for k in VERIFIERS\n"
        "         if importlib.util.find_spec(f'activeseed.systems.inference.verifiers.{k}')]\n"
        "verifiers = {type(v) for v in kinds}\n"
        "families = tuple(f'activeseed.{f}.' for f in "
        "('systems', 'embedders', 'estimators', 'annotators', 'executors', 'perturbations'))\n"
        "left = [c.__name__ for c in below(BaseModel) if c.__module__.startswith(families)\n"
        "        and 'kind' in c.model_fields and isinstance(c.model_fields['kind'].default, str)\n"
        "        and c not in members and not members & set(c.__subclasses__())\n"  # settings that a member adds to
        "        and c not in verifiers]\n"  # settings of a member, with a registry of their own
        "print(json.dumps(left))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_members_in_use_are_imported():
    code = (
        "import sys; from activeseed.config import parse; "
        "parse({'system': {'kind': 'reward_model'}, 'annotator': {'kind': 'file'}}); "
        "print([m for m in ('systems.league', 'systems.own', 'annotators.terminal', 'systems.reward_model') "
        "if f'activeseed.{m}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['systems.reward_model']"


@pytest.mark.parametrize(
    ("family", "table", "says"),
    [
        ("embedder", {"kind": "tfdif"}, "[embedder] kind = 'tfdif' is unknown. Did you mean 'tfidf'?"),
        ("executor", {}, "[executor] kind = None is unknown."),
        ("estimator", {"kind": ["auto"]}, "[estimator] kind = ['auto'] is unknown."),
    ],
)
def test_an_unknown_kind_is_said_with_the_nearest_known_one(family, table, says):
    with pytest.raises(ConfigError) as error:
        member(family, table)
    assert str(error.value).startswith(says)
