"""Verifiers over sentence models: what a deed is about by its embedding, and what it entails by a cross-encoder."""

import importlib.util
import itertools

import numpy as np
import pytest

from activeseed.embedders import Tfidf
from activeseed.errors import ConfigError, MissingExtraError, PlanError
from activeseed.systems.inference.norms import Norm
from activeseed.systems.inference.verifiers import entailment as entailment_module
from activeseed.systems.inference.verifiers.entailment import Entailment, label_of_entailment
from activeseed.systems.inference.verifiers.refusing import declines
from activeseed.systems.inference.verifiers.seam import Claim, Deed, Verifier
from activeseed.systems.inference.verifiers.similarity import Similarity

DEEDS = [
    Deed(f"{verb} the {thing} {where}.", f"Please {verb.lower()} the {thing}.")
    for verb, thing, where in itertools.product(
        ("Water", "Paint", "Repair"), ("garden fence", "old bicycle", "kitchen table"), ("today", "with care")
    )
]
TEXTS = [d.text for d in DEEDS] + [d.prompt for d in DEEDS]


def claim(action: str, deontic="obliged", condition=()) -> Claim:
    return Claim(Norm(deontic, 1.0, action, condition=condition), f"The assistant should {action}.")


CLAIMS = [claim("paint the garden fence"), claim("repair the old bicycle"), claim("quote Latin poets xyzzy")]


@pytest.fixture(scope="module")
def embed():
    return Tfidf().fit(TEXTS).embed


def test_a_deed_is_about_the_norm_that_it_is_nearest_to(embed):
    relevance = Similarity().relevance(CLAIMS, DEEDS, embed)
    assert relevance.shape == (3, len(DEEDS))
    about = [n for n, d in enumerate(DEEDS) if d.text.startswith("Paint the garden fence")]
    others = [n for n in range(len(DEEDS)) if n not in about]
    assert relevance[0, about].min() > relevance[0, others].max()
    assert relevance.min() >= 0
    assert relevance.max() <= 1


def test_unrelated_is_about_zero_and_below_the_threshold_exactly():
    # Random directions stand for unrelated texts: centred cosines have mean 0, and a normal has 2.3 % beyond two
    # deviations, so that the mean relevance is at most .023 (it falls off on the way to `full`).
    table = {}

    def embed(texts):
        rows = [table.setdefault(t, np.random.default_rng(len(table)).normal(size=64) + 3.0) for t in texts]
        return np.array(rows, np.float32)

    deeds = [Deed(f"deed {n}") for n in range(200)]
    claims = [claim(f"act {n}") for n in range(50)]
    spreads = Similarity(reads="text").spreads(claims, deeds, embed)
    # 10,000 cosines that share 50 claims and 200 deeds: the standard error of their mean is below .1/sqrt(50)
    assert abs(spreads.mean()) < 0.1
    assert 0.8 < spreads.std() < 1.25
    relevance = Similarity(reads="text", threshold=2).relevance(claims, deeds, embed)
    np.testing.assert_array_equal(relevance[spreads <= 2], 0)
    assert relevance.mean() < 0.023


def test_a_claim_has_the_same_number_whatever_else_is_claimed(embed):
    whole = Similarity().relevance(CLAIMS, DEEDS, embed)
    for n, one in enumerate(CLAIMS):
        np.testing.assert_array_equal(Similarity().relevance([one], DEEDS, embed)[0], whole[n])
    np.testing.assert_array_equal(Similarity().relevance(CLAIMS[::-1], DEEDS, embed), whole[::-1])


def test_the_direction_of_a_norm_and_its_agent_stay_out_of_it(embed):
    a, b = claim("paint the garden fence"), claim("paint the garden fence", "forbidden")
    np.testing.assert_array_equal(*Similarity().relevance([a, b], DEEDS, embed))


def test_a_condition_is_part_of_what_a_norm_is_about(embed):
    plain, under = Similarity().relevance(
        [claim("paint it"), claim("paint it", condition=("the bicycle",))], DEEDS, embed
    )
    bicycles = [n for n, d in enumerate(DEEDS) if "bicycle" in d.text and d.text.startswith("Paint")]
    assert under[bicycles].mean() > plain[bicycles].mean()


def test_prompts_tell_what_a_short_reply_is_about(embed):
    deeds = [*DEEDS, Deed("Sure.", "Please paint the garden fence."), Deed("Sure.", "Please repair the old bicycle.")]
    relevance = Similarity(threshold=0).relevance(CLAIMS[:2], deeds, embed)
    assert relevance[0, -2] > relevance[0, -1]
    assert relevance[1, -1] > relevance[1, -2]
    np.testing.assert_array_equal(*Similarity(reads="text", threshold=0).relevance(CLAIMS[:2], deeds, embed)[:, -2:].T)


def test_a_reply_that_declines_leaves_undone_what_it_speaks_of(embed):
    done = Deed("Paint the garden fence today.", "Please paint the garden fence.")
    declined = Deed("I'm sorry, but I can't paint the garden fence today.", done.prompt)
    relevance = Similarity().relevance(CLAIMS[:1], [*DEEDS, done, declined], embed)[0]
    assert relevance[-2] > 0 > relevance[-1]
    assert Similarity(refusals=False).relevance(CLAIMS[:1], [*DEEDS, declined], embed)[0, -1] > 0
    omitted = Deed(done.text, done.prompt, omitted=True)
    assert Similarity(refusals=False).relevance(CLAIMS[:1], [*DEEDS, omitted], embed)[0, -1] < 0


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("I'm sorry, but I can't help with that.", True), ("I can’t create that.", True),
        ("Sorry, I cannot do this.", True),
        ("No, I won't.", True), ("Unfortunately, I'm unable to share it.", True),
        ("I understand, but I'm not able to.", True),
        ("I have to decline.", True), ("I must decline this one.", True), ("I can help.", False),
        ("Sure, here it is.", False),
        ("We can't know whether this is true.", False), ("I can't stress this enough: drink water.", False),
        ("", False),
        ("He said that he can't come.", False), ("Here is how. I can't be blamed.", False),
    ],
)  # fmt: skip
def test_refusals_are_told_by_how_they_begin(text, does):
    assert declines(text) is does


def test_one_deed_and_no_claims_are_fine(embed):
    assert Similarity().relevance([], DEEDS, embed).shape == (0, len(DEEDS))
    assert Similarity().relevance(CLAIMS, [], embed).shape == (3, 0)
    alone = Similarity().relevance(CLAIMS, [Deed("Paint the garden fence today.")], embed)
    assert alone[0, 0] > alone[2, 0]
    empty = Similarity().relevance([claim("")], [Deed("")], embed)
    assert np.isfinite(empty).all()


def test_settings_of_similarity_are_checked():
    with pytest.raises(ConfigError, match=r"full = 1 has to be above threshold = 2"):
        Similarity(threshold=2, full=1)
    assert isinstance(Similarity(), Verifier)
    assert isinstance(Entailment(), Verifier)


# --- entailment -----------------------------------------------------------------------------------------------------


def test_the_label_of_entailment_is_read_and_never_assumed():
    assert label_of_entailment("m", {0: "contradiction", 1: "entailment", 2: "neutral"}) == 1
    assert label_of_entailment("m", {0: "Entailment", 1: "not_entailment"}) == 0
    with pytest.raises(ConfigError, match=r"none of natural-language inference.*0: LABEL_0, 1: LABEL_1"):
        label_of_entailment("m", {0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(ConfigError, match="none of natural-language inference"):
        label_of_entailment("m", {})


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None, reason="sentence-transformers is installed"
)
def test_without_its_package_the_message_names_the_command(embed):
    with pytest.raises(MissingExtraError, match=r"pip install 'activeseed\[sentence-transformers\]'"):
        Entailment(focus=None).relevance(CLAIMS, DEEDS, embed)


def test_more_pairs_than_allowed_are_refused_before_any_model_is_loaded(embed):
    with pytest.raises(PlanError, match=r"about 108 pairs of texts, and most = 10\. Raise most, raise focus"):
        Entailment(focus=None, most=10).relevance(CLAIMS, DEEDS, embed)


def test_a_model_of_another_name_needs_agreement(tmp_path):
    assert Entailment().would(tmp_path) is None
    assert Entailment(model="somebody/model").would(tmp_path) == (
        "load the model 'somebody/model'",
        ["somebody/model", ""],
    )
    assert Entailment(model="a").revision != Entailment(model="b").revision
    assert Entailment(device="cuda").revision == Entailment().revision


def _tiny(folder, labels):
    """A BERT cross-encoder of random weights, saved as models are: what is tested is the way it is loaded and asked."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    words = sorted({w for t in TEXTS for w in t.lower().replace(".", "").split()})
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        ".",
        ":",
        "the",
        "reply",
        "does",
        "not",
        "this",
        "do",
        *words,
    ]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)), encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, num_labels=len(labels), id2label=dict(enumerate(labels)),
        label2id={label: n for n, label in enumerate(labels)}, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def tiny(tmp_path):
    pytest.importorskip("sentence_transformers", reason="the entailment verifier's package is not installed")
    entailment_module._KNOWN.clear()
    return _tiny(tmp_path, ["contradiction", "entailment", "neutral"])


def test_a_model_is_loaded_by_its_folder_and_asked_once_a_pair(tiny, embed, monkeypatch):
    verifier = Entailment(model=tiny, focus=None)
    first = verifier.relevance(CLAIMS, DEEDS, embed)
    assert first.shape == (3, len(DEEDS))
    assert np.abs(first).max() <= 1
    assert np.ptp(first) > 0

    model, label = entailment_module._load(tiny, "", "cpu")
    assert label == 1
    monkeypatch.setattr(model, "predict", lambda *a, **k: pytest.fail("asked again"))
    np.testing.assert_array_equal(verifier.relevance(CLAIMS, DEEDS, embed), first)
    np.testing.assert_array_equal(verifier.relevance(CLAIMS[1:], DEEDS[::-1], embed), first[1:, ::-1])


def test_what_it_says_is_the_difference_of_two_entailments(tiny, embed):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    network = transformers.AutoModelForSequenceClassification.from_pretrained(tiny).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    premise = f"{DEEDS[0].prompt}\n{DEEDS[0].text}"
    action = CLAIMS[0].norm.action
    shares = []
    for hypothesis in (f"The reply does this: {action}.", f"The reply does not do this: {action}."):
        with torch.no_grad():
            logits = network(**tokenizer(premise, hypothesis, return_tensors="pt", truncation=True)).logits[0]
        shares.append(float(torch.softmax(logits, 0)[1]))
    yes, no = shares
    # float32 logits, batched with padding or not: a few units in the last place of shares below one
    gated = Entailment(model=tiny, focus=None).relevance(CLAIMS[:1], DEEDS, embed)[0, 0]
    assert gated == pytest.approx(yes - no, abs=1e-5)
    plain = Entailment(model=tiny, focus=None, gated=False).relevance(CLAIMS[:1], DEEDS, embed)[0, 0]
    assert plain == pytest.approx(np.tanh((np.log(yes) - np.log(no)) / 2), abs=1e-4)


def test_the_sentence_of_a_forbidding_norm_turns_the_sign(tiny, embed):
    verifier = Entailment(model=tiny, focus=None, says="sentence")
    asked = verifier.relevance([claim("paint it"), claim("paint it", "forbidden")], DEEDS, embed)
    np.testing.assert_array_equal(asked[0], -asked[1])


def test_focus_leaves_out_what_the_embedding_calls_unrelated(tiny, embed):
    verifier = Entailment(model=tiny, focus=0.5)
    near = Similarity(says="action").spreads(CLAIMS, DEEDS, embed) > 0.5
    assert 0 < near.sum() < near.size
    found = verifier.relevance(CLAIMS, DEEDS, embed)
    np.testing.assert_array_equal(found[~near], 0)
    np.testing.assert_array_equal(found[near], Entailment(model=tiny, focus=None).relevance(CLAIMS, DEEDS, embed)[near])


def test_a_model_without_labels_of_inference_is_refused(tmp_path, embed):
    pytest.importorskip("sentence_transformers", reason="the entailment verifier's package is not installed")
    folder = _tiny(tmp_path, ["good", "bad"])
    with pytest.raises(ConfigError, match="none of natural-language inference"):
        Entailment(model=folder, focus=None).relevance(CLAIMS, DEEDS, embed)
    with pytest.raises(ConfigError, match="can't be loaded"):
        Entailment(model=str(tmp_path / "nowhere"), focus=None).relevance(CLAIMS, DEEDS, embed)
