"""Trainers of the user's own: what a function or an estimator is given, and what becomes of what it returns."""

import array
import functools
import io
import os
import signal
import sys
import textwrap
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from activeseed.errors import ConfigError, PlanError, TrainingError
from activeseed.geometries import Hellinger, Identity
from activeseed.plan import Materials, Rows, stream_key
from activeseed.protocols import SupportsReading, System
from activeseed.seed import FLIPPED, Item, Pair, Probe, Seed, Text, Variant, Vector, with_flips
from activeseed.systems.own import FromEstimator, FromFunction
from activeseed.systems.own.fingerprint import fingerprint
from activeseed.systems.own.labels import Labels
from activeseed.systems.own.returned import as_outcome
from activeseed.systems.own.target import load, name_of


def vector_materials():
    """Two clouds around (−1, 0) and (1, 0), labelled; probes on a line between them."""
    rng = np.random.default_rng(3)
    items = []
    for n in range(10):
        side = n % 2
        at = rng.normal(size=2) * 0.3 + [2 * side - 1, 0]
        items.append(Item(id=f"v{n}", payload=Vector(values=tuple(at)), group="ab"[side],
                          metadata={"label": ["no", "yes"][side], "score": float(at[0])}))  # fmt: skip
    probes = tuple(Probe(id=f"p{x}", payload=Vector(values=(x, 0.0))) for x in (-1.0, 0.0, 1.0))
    return Materials(Seed(items=tuple(items)), probes, root=11)


def text_materials(probes=3):
    wording = Variant(id="shorter", payload=Text(text="be kind"))
    items = (
        Item(id="kind", payload=Text(text="please be kind"), alternatives=(wording,), group="tone"),
        Item(id="true", payload=Text(text="say what is true"), metadata={"source": "charter"}),
        Item(id="brief", payload=Text(text="be brief")),
    )
    return Materials(
        Seed(items=items), tuple(Probe(id=str(n), payload=Text(text=f"probe {n}")) for n in range(probes)), root=5
    )


def one(materials, variants=None, key=0, multiplicity=None):
    n = len(materials.seed)
    v = np.zeros((1, n), np.int16) if variants is None else np.array([variants], np.int16)
    m = None if multiplicity is None else np.array([multiplicity], np.float32)
    return Rows(v, np.array([key]), m)


def noting(seen, returned):
    """A trainer that notes what it was called with."""

    def train(items, key):
        seen.append((items, key))
        return returned

    return train


# --- functions: what they are given -----------------------------------------------------------------------------------


def test_a_function_is_a_system():
    system = FromFunction(lambda items, key: [0.0], outcomes=1)
    assert isinstance(system, System)
    assert isinstance(system, SupportsReading)
    assert system.traits.streams == ("train",)
    assert FromFunction(lambda items, key: [0.0], deterministic=True).traits.streams == ()


def test_items_come_as_they_stand_in_the_row():
    seen: list = []
    materials = text_materials()
    system = FromFunction(noting(seen, np.zeros(3)))
    system.train(one(materials, [2, 1, 0]), materials)
    kind, brief = seen[0][0]
    assert (kind.id, kind.variant, kind.text, kind.group, kind.weight) == ("kind", "shorter", "be kind", "tone", 1.0)
    assert kind.payload == Text(text="be kind")
    assert (brief.id, brief.variant) == ("brief", "as_written")
    system.train(one(materials), materials)
    assert [i.metadata.get("source") for i in seen[1][0]] == [None, "charter", None]
    with pytest.raises(AttributeError):
        kind.weight = 2.0


def test_pairs_arrive_flipped_where_the_row_flips_them():
    pair = Pair(prompt="?", chosen="good", rejected="bad")
    seed = with_flips(Seed(items=(Item(id="a", payload=pair), Item(id="b", payload=pair))))
    materials = Materials(seed, ())
    seen: list = []
    system = FromFunction(noting(seen, [1.0]), outcomes=1)
    system.train(one(materials, [0, seed["b"].index_of(FLIPPED)]), materials)
    assert [i.payload.chosen for i in seen[0][0]] == ["good", "bad"]


def test_a_trainer_without_weights_gets_copies_and_one_with_weights_gets_weights():
    materials = text_materials()
    rows = one(materials, multiplicity=[2, 0, 1])

    def weights(items, key):
        return [len(items), sum(i.weight for i in items), max(i.weight for i in items)]

    assert FromFunction(weights).train(rows, materials).values.tolist() == [[3, 3, 1]]
    assert FromFunction(weights, weighted=True).train(rows, materials).values.tolist() == [[2, 3, 2]]
    fractional = one(materials, multiplicity=[1.01, 1, 1])
    refused = FromFunction(weights).train(fractional, materials)
    assert not refused.ok[0]
    assert "item 'kind' has weight 1.01" in refused.failures[0]
    assert FromFunction(weights, weighted=True).train(fractional, materials).ok[0]


def test_keys_are_128_bits_from_the_replicate_alone():
    keys = []
    materials = text_materials()

    def train(items, key):
        keys.append(key)
        return np.random.default_rng(key).random(3)

    system = FromFunction(train)
    both = Rows(np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]], np.int16), np.array([4, 4, 9]))
    values = system.train(both, materials).values
    assert keys == [stream_key(5, "train", 4)] * 2 + [stream_key(5, "train", 9)]
    assert max(keys) > 2**64
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])


def test_a_function_that_asks_for_probes_is_given_them():
    materials = text_materials()
    system = FromFunction(lambda items, key, probes: [len(p.payload.text) for p in probes])
    system.check(materials)
    assert system.train(one(materials), materials).values.tolist() == [[7, 7, 7]]


def test_places_are_the_probes_or_as_many_as_the_function_says():
    materials = text_materials()
    assert FromFunction(len).places(materials) == materials.probes
    places = FromFunction(len, outcomes=12).places(Materials(materials.seed, ()))
    assert [p.id for p in places][:2] == ["outcome-1", "outcome-2"]
    assert len(places) == 12
    geometry = FromFunction(len, outcomes=4, compare="hellinger").geometry(materials)
    assert isinstance(geometry, Hellinger)
    assert geometry.weights.tolist() == [0.25] * 4


def test_what_a_function_prints_stays_out_of_the_results(capsys):
    materials = text_materials()
    FromFunction(lambda items, key: (print("epoch 1"), [0, 0, 0])[1]).train(one(materials), materials)
    assert capsys.readouterr() == ("", "epoch 1\n")


# --- functions: what they return --------------------------------------------------------------------------------------


DUE = "an array of 3 outcomes, one a probe, is due"
MASKED = "a masked array (fill it: .filled(...))"


def no(what):
    return f"the trainer returned {what}, no array of numbers; {DUE}"


class Tensor:
    """Behaves like a tensor on an accelerator that tracks gradients: no conversion but the right one works."""

    def __init__(self, on_cpu=False, tracked=True):
        self.on_cpu, self.tracked = on_cpu, tracked

    def detach(self):
        return Tensor(self.on_cpu, tracked=False)

    def cpu(self):
        return Tensor(True, self.tracked)

    def numpy(self):
        assert self.on_cpu
        assert not self.tracked
        return np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "returned",
    [[1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3], np.int8), Tensor()],
    ids=["list", "tuple", "int8", "tensor"],
)
def test_anything_that_is_p_numbers_is_an_outcome(returned):
    materials = text_materials()
    outcomes = FromFunction(lambda items, key: returned).train(one(materials), materials)
    assert outcomes.values.dtype == np.float32
    assert outcomes.values.tolist() == [[1.0, 2.0, 3.0]]
    assert outcomes.ok.all()


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (None, "the trainer returned None; " + DUE),
        ([1, 2], "the trainer returned an array of shape (2,); " + DUE),
        (np.zeros((1, 3)), "the trainer returned an array of shape (1, 3); " + DUE),
        (0.5, "the trainer returned an array of shape (); " + DUE),
        ("high", no("str")),
        ({"a": 1}, no("dict")),
        ([1, np.nan, 2], "outcome 2 of 3 is nan; it must be finite"),
        ([1, 2, -np.inf], "outcome 3 of 3 is -inf; it must be finite"),
        ([1, 2, 1e200], "outcome 3 of 3 is 1e+200; it must be finite"),
        ([1, 2, 10**400], no("a number too large for any float")),
        (np.array([1j, 1, 1]), no("complex numbers")),
        (["0.1", "0.2", "0.3"], no("a list with str as entry 1")),
        (np.array(["1", "2", "3"]), no("texts")),
        (b"123", no("bytes")),
        (bytearray(b"123"), no("bytearray")),
        (np.array([b"1", b"2", b"3"]), no("bytes")),
        ([True, False, True], no("truth values")),
        (np.array([True, False, True]), no("truth values")),
        (pd.Series([True, False, None], dtype="boolean"), no("truth values")),
        ([0.1, np.True_, 0.2], no("truth values")),
        (np.ma.array([1.0, 2, 3], mask=[0, 1, 0]), no(MASKED)),
        ([0.1, np.ma.masked, 0.2], no(MASKED)),
        ([0.1, None, 0.2], no("a list with None as entry 2")),
        (np.array([0.1, None, 1], object), no("a list with None as entry 2")),
        (pd.Series([1, None, 2], dtype="Int64"), "outcome 2 of 3 is nan; it must be finite"),
        (pd.DataFrame({"p": [1, 2, 3]}), "the trainer returned an array of shape (3, 1); " + DUE),
        ((x for x in (1, 2, 3)), no("generator")),
        (np.array([1, 2, 3], "m8[s]"), no("spans of time")),
        ([[1, 2], 3], no("list")),
    ],
)  # fmt: skip
def test_anything_else_is_a_failure_with_its_reason(returned, reason):
    materials = text_materials()
    outcomes = FromFunction(lambda items, key: returned).train(one(materials), materials)
    assert not outcomes.ok[0]
    assert np.isnan(outcomes.values).all()
    assert outcomes.failures == {0: reason}


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float64", "float8_e4m3fn", "int64"])
def test_tensors_of_every_precision_are_outcomes(name):
    tensor = torch.tensor([1.0, 2.0, 3.0]).to(getattr(torch, name))
    tracked = tensor.clone().requires_grad_() if name in ("float16", "bfloat16") else tensor
    for made in (tensor, tracked, list(tracked)):
        assert as_outcome(made, 3, "identity").tolist() == [1.0, 2.0, 3.0]
    assert as_outcome(torch.tensor([1.0, 2.0, 3.0]).to_sparse(), 3, "identity").tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("of", [torch.complex64, torch.bool])
def test_tensors_of_other_things_are_none(of):
    with pytest.raises(TrainingError, match=r"returned (complex numbers|truth values), no array of numbers"):
        as_outcome(torch.ones(3, dtype=of), 3, "identity")


def test_numbers_of_other_libraries_are_outcomes():
    numbers = [Fraction(1, 2), Decimal("0.25"), np.float16(3)]
    for returned in (numbers, np.array(numbers, object), pd.Series([0.5, 0.25, 3.0]), array.array("d", [0.5, 0.25, 3])):
        assert as_outcome(returned, 3, "identity").tolist() == [0.5, 0.25, 3.0]


def test_probabilities_must_be_probabilities():
    materials = text_materials()
    outcomes = FromFunction(lambda items, key: [0, 1, 1.5], compare="hellinger").train(one(materials), materials)
    assert outcomes.failures[0].startswith("outcome 3 of 3 is 1.5; it must be a probability")


def test_an_exception_is_a_failure_of_its_row_alone():
    materials = text_materials()

    def train(items, key):
        if len(items) < 3:
            raise TypeError("too\nfew")
        return [1, 2, 3]

    outcomes = FromFunction(train).train(Rows(np.array([[0, 0, 0], [0, 1, 0]], np.int16), np.array([0, 1])), materials)
    line = train.__code__.co_firstlineno + 2
    assert outcomes.ok.tolist() == [True, False]
    assert outcomes.failures == {1: f"TypeError: too few, at line {line} of train"}


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, BaseException], ids=lambda k: k.__name__
)
def test_whatever_a_trainer_raises_by_itself_is_a_failure_of_its_row(kind):
    materials = text_materials()

    def train(items, key):
        if len(items) < 3:
            raise kind("enough")
        return [1, 2, 3]

    outcomes = FromFunction(train).train(Rows(np.array([[0, 1, 0], [0, 0, 0]], np.int16), np.array([0, 1])), materials)
    assert outcomes.ok.tolist() == [False, True]
    assert outcomes.failures[0].startswith(f"{kind.__name__}: enough, at line ")


def test_an_error_that_cannot_say_what_it_is_is_a_failure_as_well():
    class MuteError(Exception):
        def __str__(self):
            raise ValueError

    def train(items, key):
        raise MuteError

    materials = text_materials()
    assert (
        FromFunction(train).train(one(materials), materials).failures[0].startswith("MuteError: it can't say what went")
    )


def swallows():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    except BaseException:
        pass


def handles_by_itself():
    """As libraries do that leave their training loop in an orderly way."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        raise RuntimeError("interrupted")
    finally:
        signal.signal(signal.SIGINT, before)


def is_stopped():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)


@pytest.mark.parametrize("interrupted", [is_stopped, swallows, handles_by_itself], ids=lambda f: f.__name__)
def test_ctrl_c_stops_whatever_the_trainer_makes_of_it(interrupted):
    materials = text_materials()
    rows = []

    def train(items, key):
        rows.append(key)
        interrupted()
        return [1, 2, 3]

    with pytest.raises(KeyboardInterrupt):
        FromFunction(train).train(Rows(np.zeros((2, 3), np.int16), np.array([0, 1])), materials)
    assert len(rows) == 1
    assert signal.set_wakeup_fd(-1) == -1


def test_a_trainer_that_changes_what_it_was_given_changes_no_other_row():
    materials = vector_materials()
    seed = materials.seed.revise(
        items=[i.model_copy(update={"metadata": {"n": 1, "deep": {"n": [1]}}}) for i in materials.seed.items]
    )
    probes = tuple(p.model_copy(update={"metadata": {"n": 1}}) for p in materials.probes)
    materials = Materials(seed, probes)

    def train(items, key, probes):
        for thing in (*items, *probes):
            thing.metadata["n"] += 1
        for item in items:
            item.metadata["deep"]["n"][0] += 1
        items.pop()
        return [
            *(p.metadata["n"] for p in probes[:1]),
            *(max(i.metadata["n"], *i.metadata["deep"]["n"]) for i in items[:2]),
        ]

    twice = [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    rows = Rows(np.zeros((3, 10), np.int16), np.arange(3), np.array([[1] * 10, twice, twice], np.float32))
    assert FromFunction(train).train(rows, materials).values.tolist() == [[2, 2, 2]] * 3
    assert materials.seed.items[0].metadata == {"n": 1, "deep": {"n": [1]}}


def test_a_payload_cannot_be_changed():
    materials = text_materials()

    def train(items, key):
        items[0].payload.text = "louder"

    assert "frozen" in FromFunction(train).train(one(materials), materials).failures[0]


# --- functions: how they are found and named --------------------------------------------------------------------------


def test_what_cannot_work_is_said_before_any_training():
    materials = text_materials()
    with pytest.raises(PlanError, match=r"can't be called as train\(items, key\)"):
        FromFunction(lambda items: [1, 2, 3]).check(materials)
    with pytest.raises(PlanError, match="no probes"):
        FromFunction(lambda items, key: [1]).check(Materials(materials.seed, ()))
    with pytest.raises(ConfigError, match="needs its function"):
        FromFunction()
    for misspelt in ({"determinstic": True}, {"tagret": "a:b"}):
        with pytest.raises(ConfigError, match=r"unknown setting.*Did you mean"):
            FromFunction(**misspelt)


def test_a_function_in_a_file_is_found_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("SIZE = 3\n")
    (tmp_path / "mytrainer.py").write_text(
        "from beside import SIZE\n\ndef train(items, key):\n    return [len(items)] * SIZE\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    materials = text_materials()
    elsewhere = FromFunction(target=f"{tmp_path.name}/mytrainer.py:train").located(tmp_path.parent)
    assert elsewhere.train(one(materials), materials).ok[0]
    system = FromFunction(target="mytrainer.py:train")
    system.check(materials)
    assert system.train(one(materials), materials).values.tolist() == [[3, 3, 3]]
    monkeypatch.syspath_prepend(tmp_path)
    by_module = FromFunction("mytrainer:train")
    assert by_module.train(one(materials), materials).values.tolist() == [[3, 3, 3]]
    assert by_module.revision == system.revision
    assert FromFunction(by_module.loaded()).target == "mytrainer:train"
    assert FromFunction.model_validate(by_module.record()) == by_module


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("mytrainer", "names no function"),
        ("no_such_module_anywhere:train", "there is no module 'no_such_module_anywhere'"),
        ("no_such_file.py:train", "no_such_file.py, where the trainer should be"),
        ("textwrap:dednt", "textwrap has no 'dednt'. Did you mean 'dedent'?"),
        ("sys:version", "is str, not a function"),
    ],
)
def test_a_wrong_target_is_explained(target, said):
    with pytest.raises(ConfigError) as caught:
        FromFunction(target=target).check(text_materials())
    assert said in str(caught.value)


def test_a_file_that_cannot_run_is_explained(tmp_path):
    file = tmp_path / "half_written.py"
    file.write_text("import json\n\nvalue = json.loads('{')\n")
    with pytest.raises(ConfigError, match=r"half_written.py can't be run: JSONDecodeError"):
        load(f"{file}:train", tmp_path)
    assert not any("half_written" in name for name in sys.modules)


def test_names_lead_back_to_their_things():
    assert name_of(LogisticRegression) == "sklearn.linear_model:LogisticRegression"
    assert load(name_of(LogisticRegression), Path()) is LogisticRegression
    assert name_of(textwrap.dedent) == "textwrap:dedent"
    assert name_of(lambda: 0) == ""
    assert name_of(functools.partial(len)) == ""


# --- fingerprints -----------------------------------------------------------------------------------------------------


def defined(source, name="train", **around):
    """A function whose source can be read, as one in a file."""
    import linecache

    file = f"<test {hash((source, str(around)))}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space = {"__name__": "trainer", "np": np, **around}
    exec(compile(source, file, "exec"), space)
    return space[name]


PLAIN = "def train(items, key):\n    return [len(items) * RATE]\n"


def test_comments_and_layout_do_not_count():
    a = defined(PLAIN, RATE=2)
    b = defined('def train(items, key):\n    """Says much."""\n    # more\n    return [ len(items)*RATE ]\n', RATE=2)
    assert fingerprint(a) == fingerprint(b)


@pytest.mark.parametrize(
    "changed",
    [
        defined("def train(items, key):\n    return [len(items) * RATE + 1]\n", RATE=2),
        defined("def train(items, key, more=1):\n    return [len(items) * RATE]\n", RATE=2),
        defined(PLAIN, RATE=3),
        defined(PLAIN, RATE=np.arange(3)),
    ],
    ids=["source", "default", "global number", "global array"],
)
def test_source_defaults_and_globals_count(changed):
    assert fingerprint(changed) != fingerprint(defined(PLAIN, RATE=2))


def test_helpers_captured_values_and_arguments_count():
    def maker(rate):
        return lambda items, key: [rate]

    assert fingerprint(maker(1)) == fingerprint(maker(1))
    assert fingerprint(maker(1)) != fingerprint(maker(2))
    assert fingerprint(maker(np.zeros(2))) != fingerprint(maker(np.zeros(3)))
    assert fingerprint(maker({"a": [1]})) != fingerprint(maker({"a": [2]}))
    assert fingerprint(maker(Ridge(alpha=1))) != fingerprint(maker(Ridge(alpha=2)))
    assert fingerprint(functools.partial(max, 1)) != fingerprint(functools.partial(max, 2))

    helped = "def help():\n    return {}\n\ndef train(items, key):\n    return help()\n"
    assert fingerprint(defined(helped.format(1))) != fingerprint(defined(helped.format(2)))
    recursive = "def train(items, key):\n    return train(items[1:], key) if items else [0]\n"
    assert fingerprint(defined(recursive)) == fingerprint(defined(recursive))


def test_a_bound_method_counts_what_its_object_holds():
    class Trainer:
        def __init__(self, rate):
            self.rate = rate

        def train(self, items, key):
            return [self.rate]

    assert fingerprint(Trainer(1).train) == fingerprint(Trainer(1).train)
    assert fingerprint(Trainer(1).train) != fingerprint(Trainer(2).train)


def test_a_stated_version_replaces_the_fingerprint():
    one_, two = (FromFunction(lambda items, key: [0.0], version=v) for v in ("a", "b"))
    assert (one_.revision, two.revision) == ("a", "b")
    assert FromFunction(lambda items, key: [0.0]).revision != FromFunction(lambda items, key: [1.0]).revision


def test_metadata_that_a_trainer_may_read_is_said():
    materials = vector_materials()
    changed = [i.model_copy(update={"metadata": {"label": "yes"}}) for i in materials.seed.items]
    other = Materials(materials.seed.revise(items=changed), materials.probes, root=11)
    assert other.digest == materials.digest
    for system in (FromFunction(len), FromEstimator(Ridge())):
        assert system.also_reads(materials) == system.also_reads(vector_materials())
        assert system.also_reads(materials) != system.also_reads(other)


# --- estimators -------------------------------------------------------------------------------------------------------


def fitted_by_hand(materials, keep, model):
    items = [i for n, i in enumerate(materials.seed.items) if n in keep]
    model.fit(np.array([i.payload.values for i in items]), [i.metadata["label"] for i in items])
    return model.predict_proba(np.array([p.payload.values for p in materials.probes]))[:, 1]


def test_an_estimator_predicts_what_it_would_by_hand():
    materials = vector_materials()
    system = FromEstimator(LogisticRegression(C=0.7))
    assert isinstance(system, System)
    system.check(materials)
    assert isinstance(system.geometry(materials), Hellinger)
    rows = Rows(np.zeros((2, 10), np.int16), np.array([0, 1]))
    rows.variants[1, [0, 3]] = 1
    values = system.train(rows, materials).values
    np.testing.assert_allclose(values[0], fitted_by_hand(materials, range(10), LogisticRegression(C=0.7)), atol=1e-6)
    kept = [1, 2, *range(4, 10)]
    np.testing.assert_allclose(values[1], fitted_by_hand(materials, kept, LogisticRegression(C=0.7)), atol=1e-6)
    assert np.abs(values[0] - values[1]).max() > 1e-3
    assert values[0, 0] < 0.5 < values[0, 2]


def test_weights_do_what_copies_do():
    materials = vector_materials()
    twice = [2, 1, 1, 0, 1, 3, 1, 1, 1, 1]
    weighted = FromEstimator(LogisticRegression(tol=1e-8))
    assert weighted.traits.weighted
    # The same loss, minimised to a gradient of 1e-8, from sums in another order.
    by_weight = weighted.train(one(materials, multiplicity=twice), materials).values[0]
    copies = [n for n, k in enumerate(twice) for _ in range(k)]
    items = [materials.seed.items[n] for n in copies]
    model = LogisticRegression(tol=1e-8).fit([i.payload.values for i in items], [i.metadata["label"] for i in items])
    by_hand = model.predict_proba([p.payload.values for p in materials.probes])[:, 1]
    np.testing.assert_allclose(by_weight, by_hand, atol=1e-5)
    # Nearest neighbours take no weights, so an item of multiplicity 3 is there three times.
    neighbours = FromEstimator(KNeighborsClassifier(3))
    assert not neighbours.traits.weighted
    three = one(materials, multiplicity=[0, 0, 0, 0, 0, 3, 1, 1, 1, 1])
    assert neighbours.train(three, materials).values[0, 2] == 1.0


def test_the_key_is_the_random_state():
    materials = vector_materials()
    forest = FromEstimator(RandomForestClassifier(5, max_features=1))
    assert forest.traits.streams == ("train",)
    rows = Rows(np.zeros((3, 10), np.int16), np.array([0, 0, 1]))
    values = forest.train(rows, materials).values
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    pipeline = FromEstimator(make_pipeline(StandardScaler(), RandomForestClassifier(5, max_features=1)))
    assert pipeline.traits.streams == ("train",)
    assert pipeline.traits.weighted
    values = pipeline.train(rows, materials).values
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    assert FromEstimator(KNeighborsClassifier()).traits.streams == ()
    assert FromEstimator(LogisticRegression(), deterministic=True).traits.streams == ()


def test_a_row_with_one_class_left_is_a_failure():
    materials = vector_materials()
    rows = Rows(np.zeros((3, 10), np.int16), np.arange(3))
    rows.variants[1, ::2] = 1
    rows.variants[2] = 1
    outcomes = FromEstimator(LogisticRegression()).train(rows, materials)
    assert outcomes.ok.tolist() == [True, False, False]
    assert outcomes.failures[1] == "only the label 'yes' is left in this row; a classifier needs at least two classes"
    assert outcomes.failures[2] == "no item is left in this row; a classifier needs at least two classes"


def test_a_class_that_left_the_row_has_no_probability():
    items = [
        Item(id=f"{c}{n}", payload=Vector(values=(float(n), float(ord(c)))), metadata={"label": c})
        for c in "abc"
        for n in range(3)
    ]
    materials = Materials(Seed(items=tuple(items)), (Probe(id="p", payload=Vector(values=(1.0, 98.0))),))
    with pytest.raises(PlanError, match=r"3 classes \(a, b, c\).*positive="):
        FromEstimator(LogisticRegression()).check(materials)
    system = FromEstimator(LogisticRegression(), positive="b")
    system.check(materials)
    rows = Rows(np.zeros((2, 9), np.int16), np.arange(2))
    rows.variants[1, 3:6] = 1
    outcomes = system.train(rows, materials)
    assert 0.3 < outcomes.values[0, 0] < 1
    assert outcomes.failures[1].startswith("no item with the label 'b' is left")


def test_a_regressor_predicts_numbers():
    materials = vector_materials()
    system = FromEstimator(Ridge(alpha=1e-3), label="score", probability=False)
    system.check(materials)
    assert isinstance(system.geometry(materials), Identity)
    values = system.train(one(materials), materials).values[0]
    # The label is the first coordinate, and ridge shrinks by α/(α + Σx²) < 1e-3/8.
    np.testing.assert_allclose(values, [-1, 0, 1], atol=5e-3)


def test_a_pipeline_may_read_the_texts_themselves():
    words = {"good": ["honest and kind", "kind and clear", "honest and clear"], "bad": ["rude", "rude lies", "lies"]}
    items = [
        Item(id=f"{c}{n}", payload=Text(text=t), metadata={"label": c})
        for c, ts in words.items()
        for n, t in enumerate(ts)
    ]
    probes = tuple(Probe(id=t, payload=Text(text=t)) for t in ("kind", "lies"))
    materials = Materials(Seed(items=tuple(items)), probes)
    system = FromEstimator(make_pipeline(TfidfVectorizer(), LogisticRegression()), features="text", positive="good")
    system.check(materials)
    kind, lies = system.train(one(materials), materials).values[0]
    assert kind > 0.5 > lies


@pytest.mark.parametrize(
    ("system", "said"),
    [
        (FromEstimator(LinearSVC()), "LinearSVC has no predict_proba. Say probability=False"),
        (FromEstimator(LogisticRegression(), label="lable"), "10 item(s) have no 'lable'"),
        (FromEstimator(LogisticRegression(), positive="maybe"), "positive = 'maybe' is the label of no item"),
        (FromEstimator(Ridge(), probability=False), "labels must be numbers"),
        (FromEstimator(LogisticRegression(), label="score"), "is no class: classes that are numbers are whole numbers"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_an_estimator_that_cannot_work_says_so_before_any_training(system, said):
    with pytest.raises(PlanError) as caught:
        system.check(vector_materials())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("column", "classes", "dtype"),
    [
        ([10, 9], (9, 10), "int64"),
        (["10", "9"], (9, 10), "int64"),
        ([-2, -10], (-10, -2), "int64"),
        (["1.0", "0.0"], (0, 1), "int64"),
        ([0.0, 1], (0, 1), "int64"),
        ([0, "1"], (0, 1), "int64"),
        ([0.5, 2], (0.5, 2), "float64"),
        (["+1", "-1"], (-1, 1), "int64"),
        ([-1, "+1"], (-1, 1), "int64"),
        (["9 ", " 10", "9"], (9, 10), "int64"),
        (["no", "yes ", "yes"], ("no", "yes"), "<U3"),
        ([True, False], (False, True), "bool"),
        (["true", "false"], ("false", "true"), "<U5"),
        (["01", "1"], ("01", "1"), "<U2"),
        (["10", "9", "maybe"], ("10", "9", "maybe"), "<U5"),
        ([str(2**70), "1"], ("1", str(2**70)), "<U22"),
        ([np.int64(10), np.int64(9)], (9, 10), "int64"),
    ],
)
def test_labels_are_what_they_are_in_the_file_and_so_ordered(column, classes, dtype):
    labels = Labels.of(column)
    assert labels.classes == classes
    assert labels.read(column).dtype == np.dtype(dtype)
    assert [labels.named(str(c)) for c in classes] == list(classes)
    assert [labels.named(c) for c in classes] == list(classes)


@pytest.mark.parametrize("estimator", [LogisticRegression, 5, object()], ids=["a class", "a number", "an object"])
def test_what_is_no_estimator_is_refused(estimator):
    with pytest.raises(ConfigError, match="FromEstimator takes an estimator"):
        FromEstimator(estimator)


@pytest.mark.parametrize("column", [[1, "yes"], [True, 1], [True, "yes"], [[1], 2], [float("inf"), 1]])
def test_labels_of_more_than_one_kind_are_refused(column):
    with pytest.raises(PlanError, match=r"more than one kind|Labels are texts, finite numbers, or true and false"):
        Labels.of(column)


def labelled(low, high):
    materials = vector_materials()
    names = {"no": low, "yes": high}
    items = [i.model_copy(update={"metadata": {"label": names[i.metadata["label"]]}}) for i in materials.seed.items]
    return Materials(materials.seed.revise(items=items), materials.probes, root=11)


@pytest.mark.parametrize(("low", "high"), [(9, 10), ("9", "10"), (-1, 1), (False, True), (0.0, 1.0), (2, 10)])
def test_the_outcome_is_of_the_later_label_whatever_the_labels_are(low, high):
    system = FromEstimator(LogisticRegression())
    plain, other = labelled(0, 1), labelled(low, high)
    system.check(other)
    expected = system.train(one(plain), plain).values
    np.testing.assert_array_equal(system.train(one(other), other).values, expected)
    first = FromEstimator(LogisticRegression(), positive=low)
    first.check(other)
    np.testing.assert_allclose(first.train(one(other), other).values, 1 - expected, atol=1e-6)


def test_an_estimator_may_name_its_classes_as_the_file_does():
    forest = FromEstimator(RandomForestClassifier(5, class_weight="balanced"))
    stated = FromEstimator(RandomForestClassifier(5, class_weight={0: 1.0, 1: 3.0}))
    for materials in (labelled(0, 1), labelled("0", "1")):
        assert forest.train(one(materials), materials).ok[0]
        assert stated.train(one(materials), materials).ok[0]


def test_rows_of_labels_that_once_were_texts_are_other_rows():
    system, texts = FromEstimator(LogisticRegression()), vector_materials()
    assert len(system.also_reads(texts)) == len(texts.seed)
    assert len(system.also_reads(labelled(9, 10))) == len(texts.seed) + 1


def test_an_estimator_that_writes_into_what_it_is_asked_about_changes_no_other_row():
    materials = vector_materials()
    rows = Rows(np.zeros((2, 10), np.int16), np.array([0, 1]))
    careless = make_pipeline(StandardScaler(copy=False), LogisticRegression())
    careful = make_pipeline(StandardScaler(), LogisticRegression())
    values = FromEstimator(careless).train(rows, materials).values
    np.testing.assert_array_equal(values, FromEstimator(careful).train(rows, materials).values)


def test_groups_can_be_labels():
    materials = vector_materials()
    system = FromEstimator(LogisticRegression(), label="group")
    system.check(materials)
    np.testing.assert_array_equal(
        system.train(one(materials), materials).values,
        FromEstimator(LogisticRegression()).train(one(materials), materials).values,
    )


def test_an_estimator_is_named_in_a_configuration():
    given = FromEstimator(LogisticRegression(C=0.7))
    read = FromEstimator.model_validate(given.record())
    assert given.record()["estimator"] == "sklearn.linear_model:LogisticRegression"
    assert given.record()["parameters"] == {"C": 0.7}
    assert read.revision == given.revision
    assert read.revision != FromEstimator(LogisticRegression(C=0.8)).revision
    nested = FromEstimator(make_pipeline(StandardScaler(), LogisticRegression(C=0.7)))
    assert nested.revision != FromEstimator(make_pipeline(StandardScaler(), LogisticRegression(C=0.8))).revision
    with pytest.raises(ConfigError, match="needs its estimator"):
        FromEstimator.model_validate(nested.record())
    with pytest.raises(ConfigError, match="can't be made with these parameters"):
        FromEstimator(estimator="sklearn.linear_model:Ridge", parameters={"aplha": 1}).check(vector_materials())


def test_printing_estimators_stay_out_of_the_results(monkeypatch):
    def fit(self, *args, **kwargs):
        print("converged")
        return LogisticRegression.fit(self, *args, **kwargs)

    chatty = type("Chatty", (LogisticRegression,), {"fit": fit})
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    materials = vector_materials()
    assert FromEstimator(chatty()).train(one(materials), materials).ok[0]
    assert out.getvalue() == ""
