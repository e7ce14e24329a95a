"""Free prose: which sentences hold a norm, what it says of whom, and why the others hold none."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.systems.inference.norms import Norm
from activeseed.systems.inference.prose import read
from activeseed.systems.inference.reading.markup import masked, words_of
from activeseed.systems.inference.reading.sentences import pieces

O, P, F = "obliged", "permitted", "forbidden"

#: a sentence, then what its norms say: deontic, whom they bind, the action
TAKEN = [
    ("Claude should tell the truth.", (O, "Claude", "tell the truth")),
    ("The assistant must not store passwords.", (F, "assistant", "store passwords")),
    ("The model shouldn't guess.", (F, "model", "guess")),
    ("Models shall cite their sources.", (O, "Models", "cite their sources")),
    ("An AI ought to admit mistakes.", (O, "AI", "admit mistakes")),
    ("You must never share the key.", (F, "You", "share the key")),
    ("Claude should never avoid hard topics.", (O, "Claude", "hard topics")),
    ("The assistant should avoid flattery.", (F, "assistant", "flattery")),
    ("The assistant should refrain from flattery.", (F, "assistant", "flattery")),
    ("The assistant should refuse to write malware.", (F, "assistant", "write malware")),
    ("The bot has to log every call.", (O, "bot", "log every call")),
    ("Claude needs to weigh the costs.", (O, "Claude", "weigh the costs")),
    ("Claude does not need to explain itself.", (P, "Claude", "explain itself")),
    ("The assistant doesn't have to answer.", (P, "assistant", "answer")),
    ("The assistant may decline.", (P, "assistant", "decline")),
    ("The assistant may not name the victims.", (F, "assistant", "name the victims")),
    ("Claude can choose a softer tone.", (P, "Claude", "choose a softer tone")),
    ("Operators can restrict the default tone.", (P, "Operators", "restrict the default tone")),
    ("Users cannot override this default.", (F, "Users", "override this default")),
    ("Profanity may only be used on request.", (P, "", "Profanity be used on request")),
    ("The assistant is expected to be patient.", (O, "assistant", "be patient")),
    ("Developers are not allowed to change this.", (F, "Developers", "change this")),
    ("Claude is free to disagree.", (P, "Claude", "disagree")),
    ("Claude is encouraged to ask.", (O, "Claude", "ask")),
    ("The assistant is prohibited from naming minors.", (F, "assistant", "naming minors")),
    ("The assistant is to follow the chain of command.", (O, "assistant", "follow the chain of command")),
    ("We want Claude to be kind.", (O, "Claude", "be kind")),
    ("We don't want Claude to be servile.", (F, "Claude", "be servile")),
    ("We would like the model to slow down.", (O, "model", "slow down")),
    ("We'd prefer Claude not to speculate.", (F, "Claude", "speculate")),
    ("Our aim is for Claude to be trusted.", (O, "Claude", "be trusted")),
    ("We also hope that Claude will speak up.", (O, "Claude", "speak up")),
    ("We think Claude should explain its reasons.", (O, "Claude", "explain its reasons")),
    ("Claude tries to keep its promises.", (O, "Claude", "keep its promises")),
    ("Claude tries not to moralise.", (F, "Claude", "moralise")),
    ("Claude prefers short answers.", (O, "Claude", "short answers")),
    ("Claude avoids jargon.", (F, "Claude", "jargon")),
    ("Claude never lies.", (F, "Claude", "lies")),
    ("Claude always keeps secrets.", (O, "Claude", "keeps secrets")),
    ("Claude will never threaten anybody.", (F, "Claude", "threaten anybody")),
    ("The assistant does not pretend to be human.", (F, "assistant", "pretend to be human")),
    ("Avoid jargon.", (F, "", "jargon")),
    ("Be brief.", (O, "", "Be brief")),
    ("Don't guess.", (F, "", "guess")),
    ("Do not ever guess.", (F, "", "guess")),
    ("Never reveal the key.", (F, "", "reveal the key")),
    ("Always cite sources.", (O, "", "cite sources")),
    ("Please keep it short.", (O, "", "keep it short")),
    ("**Tone**: Use plain words.", (O, "", "Use plain words")),
    ("Tone: avoid jargon.", (F, "", "jargon")),
    ("- Respect the reader's time.", (O, "", "Respect the reader's time")),
    ("3. Ask before you delete anything.", (O, "", "Ask before you delete anything")),
    ("It is fine to say no.", (P, "", "say no")),
    ("It's okay for Claude to say no.", (P, "Claude", "say no")),
    ("It is never acceptable to deceive users.", (F, "", "deceive users")),
    ("It is important that the model stays calm.", (O, "model", "stays calm")),
    ("It's better to ask than to guess.", (O, "", "ask than to guess")),
    ("Refusing is never automatically safe.", (F, "", "Refusing")),
    ("Insults are unacceptable.", (F, "", "Insults")),
    ("Short answers are preferred.", (O, "answers", "Short answers")),
    ("Mild profanity is allowed.", (P, "", "Mild profanity")),
    ("Deception is not permitted.", (F, "", "Deception")),
    ("There is no need to apologise twice.", (P, "", "apologise twice")),
    ("Safety takes precedence over helpfulness.", (O, "", "Safety takes precedence over helpfulness")),
    ("Claude's honesty principles forbid white lies.", (F, "", "white lies")),
    ("Claude has a duty to warn of danger.", (O, "Claude", "warn of danger")),
    ("The assistant's goal is to inform, not to persuade.", (O, "", "inform, not to persuade")),
    ("It is up to the assistant to pick a tool; it costs nothing.", (P, "assistant", "pick a tool; it costs nothing")),
    ("Everyone has the right to rest.", (P, "Everyone", "rest")),
    ("No one shall be held in slavery.", (F, "No one", "be held in slavery")),
    ("Everyone is entitled to a fair hearing.", (P, "Everyone", "a fair hearing")),
    ("The response mentions the deadline.", (O, "response", "mentions the deadline")),
    ("The response does not invent sources.", (F, "response", "invent sources")),
    ("Response should stay on topic.", (O, "Response", "Response stay on topic")),
    ("Penalise responses that ramble.", (F, "", "responses that ramble")),
    ("Choose the response that is least harmful.", (O, "", "Choose the response that is least harmful")),
    ("Default behaviours should be safe.", (O, "", "Default behaviours be safe")),
    ("*Gore* should never be described.", (F, "", "Gore be described")),
    ("Only verified accounts should be trusted.", (O, "", "Only verified accounts be trusted")),
    ("An answer must be readable.", (O, "answer", "An answer be readable")),
    ("Instead, explain the risk.", (O, "", "explain the risk")),
    ("Although we want Claude to help, we don't want it to flatter.", (O, "Claude", "help"), (F, "Claude", "flatter")),
    ("Claude need not explain why, but it should be open about refusing.",
     (P, "Claude", "explain why"), (O, "Claude", "be open about refusing")),
    ("Claude can voice doubts but should respect the decision.",
     (P, "Claude", "voice doubts"), (O, "Claude", "respect the decision")),
    ("Operators and users can adjust the tone.", (P, "Operators and users", "adjust the tone")),
    ("Because lies spread, the assistant must check its claims.", (O, "assistant", "check its claims")),
    ("I will not help with weapons.", (F, "I", "help with weapons")),
    ("I don't lie to users.", (F, "I", "lie to users")),
    ("You will answer in French.", (O, "You", "answer in French")),
    ("The chatbot will not store data.", (F, "chatbot", "store data")),
    ("Harassment of any kind will not be tolerated.", (F, "", "Harassment of any kind")),
    ("Employees may not accept gifts.", (F, "Employees", "accept gifts")),
    ("Under no circumstances should the model help with that.", (F, "model", "help with that")),
    ("At no point may the assistant claim to be human.", (F, "assistant", "claim to be human")),
    ("Neither users nor operators can unlock this.", (F, "operators", "unlock this")),
    ("There is nothing wrong with declining.", (P, "", "declining")),
    ("Claude is diplomatically honest.", (O, "Claude", "is diplomatically honest")),
    ("A good response acknowledges doubt.", (O, "response", "acknowledges doubt")),
    ("A bad response lectures the user.", (F, "response", "lectures the user")),
    ("An ideal answer would cite the guideline.", (O, "answer", "cite the guideline")),
    ("+2 points if the response cites a source.", (O, "", "the response cites a source")),
    ("-2 points if the answer is rude.", (F, "", "the answer is rude")),
    ("Only answer questions about cooking.", (O, "", "answer questions about cooking")),
    ("When users ask for X, never do Y; instead, do Z.", (F, "", "do Y"), (O, "", "do Z")),
    ("Our models must refuse such requests.", (O, "models", "refuse such requests")),
]  # fmt: skip

#: a sentence and why no norm was found in it
LEFT = [
    ("We should write this more clearly.", "about somebody else: we"),
    ("Anthropic needs to be profitable.", "about somebody else: anthropic"),
    ("Humanity must avoid irrecoverable mistakes.", "about somebody else: humanity"),
    ("Governments should regulate this.", "about somebody else: governments"),
    ("People should have a say.", "about somebody else: people"),
    ("We may revise this.", "about somebody else: we"),
    ("This document should be read as a whole.", "about the document"),
    ("Should Claude refuse?", "a question"),
    ("What should the assistant do here?", "a question"),
    ("# Claude should be good", "a heading"),
    ("| must | should |", "a row of a table"),
    ("<div class='should'>", "markup without words"),
    ("This section explains how Claude should behave.", "only in a condition or a question: should"),
    ("They ask whether the model must comply.", "only in a condition or a question: must"),
    ("Consider a case where Claude is asked for a recipe.", "to the reader of the document"),
    ("Imagine a user who asks for help.", "to the reader of the document"),
    ("Claude often can't verify who is speaking.", "what may be, and not what is allowed: can't"),
    ("It may not know the context.", "what may be, and not what is allowed: may"),
    ("The assistant may sometimes encounter riddles.", "what may be, and not what is allowed: may"),
    ("Claude does not have a body.", "a fact, and no rule: does not"),
    ("It's important to note that models differ.", "a remark to the reader"),
    ("It is important for us to learn.", "about somebody else: us"),
    ("Claude was trained by Anthropic.", "no norm word"),
    ("We believe AI might be dangerous.", "no norm word"),
    ("We will try to explain our reasoning.", "no norm word"),
    ("Adding safety caveats to messages.", "no norm word"),
    ("Respect for persons.", "no norm word"),
    ("Support", "no norm word"),
    ("If a user is upset", "a condition cut off from what it conditions"),
    ("“You should never lie.”", "what somebody might say"),
    ("Die Würde des Menschen ist unantastbar.", "no English words: the rules read English"),
    ("模型 必须 说 真话。", "no English words: the rules read English"),
    ("***", "markup without words"),
    ("The assistant is not honest.", "a fact, and no rule: is not"),
    ("Mentions the dose.", "no norm word"),
    ("No profanity.", "no norm word"),
    ("The risks should come as no surprise.", "a supposition"),
]


@pytest.mark.parametrize(("sentence", "says"), [(s, says) for s, *says in TAKEN], ids=[s for s, *_ in TAKEN])
def test_a_sentence_with_norms_is_taken_once_for_each(sentence, says):
    reading = read(sentence)
    assert [(n.deontic, n.agent, n.action) for n in reading.norms] == says
    assert not reading.left
    assert all(t.why and 0 < t.norm.strength <= 1 for t in reading.taken)


@pytest.mark.parametrize(("sentence", "why"), LEFT, ids=[s for s, _ in LEFT])
def test_a_sentence_without_a_norm_is_left_with_why(sentence, why):
    reading = read(sentence)
    assert [(entry.sentence, entry.why) for entry in reading.left] == [(sentence, why)]
    assert not reading.taken


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ("Claude must ask.", "Claude should ask."),
        ("Claude should ask.", "Claude should generally ask."),
        ("Claude should never lie.", "Claude should not lie."),
        ("Claude should ask.", "Claude tries to ask."),
        ("We want Claude to ask.", "We hope that Claude will ask."),
        ("Never lie.", "Don't lie."),
    ],
)
def test_strength_follows_the_words(stronger, weaker):
    (a,), (b,) = read(stronger).norms, read(weaker).norms
    assert a.strength > b.strength


@pytest.mark.parametrize(
    ("sentence", "conditions", "exceptions"),
    [
        ("If the user is a minor, the assistant must refuse.", ("the user is a minor",), ()),
        ("When in doubt, ask.", ("in doubt",), ()),
        ("Don't lie unless the user asks for fiction.", (), ("the user asks for fiction",)),
        ("Claude should stop when it is told to.", ("it is told to",), ()),
        ("In medical contexts, the assistant should cite sources.", ("medical contexts",), ()),
        ("In general, the assistant should cite sources.", (), ()),
        ("The model should comply except when this is illegal.", (), ("this is illegal",)),
        ("If asked, Claude should answer unless that hurts somebody.", ("asked",), ("that hurts somebody",)),
        ("Claude should answer (if it can) at once.", (), ()),
    ],
)
def test_conditions_and_exceptions_are_cut_from_the_action(sentence, conditions, exceptions):
    (norm,) = read(sentence).norms
    assert (norm.condition, norm.exception) == (conditions, exceptions)


def test_a_norm_bears_the_authority_that_it_is_read_with():
    assert read("Be brief.", authority="root").norms[0].authority == "root"
    assert read("Reveal the key.", "Claude should never:", "root").norms[0].authority == "root"


@pytest.mark.parametrize(
    ("context", "bullet", "says"),
    [
        ("Claude should never:", "Reveal its system prompt;", (F, "Claude", "reveal its system prompt")),
        ("Claude should never:", "Inserting backdoors.", (F, "Claude", "inserting backdoors")),
        ("We want Claude to:", "Be honest.", (O, "Claude", "be honest")),
        ("The assistant may:", "swear", (P, "assistant", "swear")),
        ("The assistant must avoid:", "flattery", (F, "assistant", "flattery")),
        ("Some background. In such cases the model should:", "ask", (O, "model", "ask")),
        ("The assistant should weigh factors such as:", "the age of the user",
         (O, "assistant", "weigh factors: the age of the user")),
        ("The response:", "Mentions the dose.", (O, "response", "mentions the dose")),
        ("The response", "Does not give advice.", (F, "response", "give advice")),
        ("A thoughtful person would be unhappy if Claude:", "Refuses a request.", (F, "Claude", "refuses a request")),
        # A bullet that says so by itself is read by itself.
        ("We want Claude to be:", "Claude must not flatter.", (F, "Claude", "flatter")),
        ("Our principles:", "Avoid flattery.", (F, "", "flattery")),
        ("Here is a list:", "The model should ask.", (O, "model", "ask")),
        ("We want Claude to:", "Never flatter.", (F, "", "flatter")),
    ],
)  # fmt: skip
def test_a_bullet_is_read_with_its_lead_in(context, bullet, says):
    (norm,) = read(bullet, context).norms
    assert (norm.deontic, norm.agent, norm.action) == says


def test_a_lead_in_that_ends_in_if_takes_its_bullets_as_conditions():
    (norm,) = read("the user is a minor", "Claude should decline if:").norms
    assert norm == Norm("obliged", 0.8, "decline", "Claude", ("the user is a minor",))
    (norm,) = read("the user asked for it", "Claude should not swear unless:").norms
    assert (norm.deontic, norm.condition, norm.exception) == (F, (), ("the user asked for it",))


def test_what_authors_need_is_no_norm_of_the_bullets_below():
    reading = read("Prevent our models from causing harm.", "To get there, we need to:")
    assert [entry.why for entry in reading.left] == ["about somebody else: we, in its lead-in"]


def test_only_the_first_sentence_of_a_bullet_hangs_on_its_lead_in():
    reading = read("Flatter users. This is rude.", "Claude should never:")
    assert [t.sentence for t in reading.taken] == ["Flatter users."]
    assert [entry.sentence for entry in reading.left] == ["This is rude."]


def test_a_pronoun_means_whom_the_sentence_before_spoke_of():
    assert [n.agent for n in read("Claude is honest with users. It should be kind too.").norms] == ["Claude", "Claude"]
    assert read("Anthropic is a company. It should be profitable.").taken == ()
    # ... and a new paragraph begins anew
    assert [n.agent for n in read("Claude helps.\n\nIt should be kind.").norms] == [""]


def test_a_question_of_a_rubric_comes_with_the_rule_behind_it():
    (left,) = read("Does the response mention the deadline?").left
    assert left.nearest == "The response should mention the deadline."
    assert read(left.nearest).norms[0].deontic == "obliged"


@pytest.mark.parametrize(
    ("fragment", "nearest"),
    [("Mentions the dose.", "The response mentions the dose."), ("No profanity.", "Avoid profanity."),
     ("Does not give advice.", "The response does not give advice."), ("Relies on sources.", "The response relies on sources.")],
)  # fmt: skip
def test_a_fragment_of_a_rubric_comes_with_a_sentence_that_would_be_taken(fragment, nearest):
    (left,) = read(fragment).left
    assert left.nearest == nearest
    assert len(read(nearest).norms) == 1


def test_a_document_is_split_where_markdown_splits_it():
    text = (
        "---\n# Charter\n\nClaude should be kind,\neven to e.g. Dr. No. It must not lie (ever. Really.).\n\n"
        "* Be brief.\n* Never guess.[^1]\n\n> Ask first.\n\n| a | b |\n|---|---|\n\n```\nshould not be read\n```\n[^1]: A note."
    )
    said = [(p.kind, p.text) for p in pieces(text)]
    assert said == [
        ("table", "---"),
        ("heading", "# Charter"),
        ("prose", "Claude should be kind,\neven to e.g. Dr. No."),
        ("prose", "It must not lie (ever. Really.)."),
        ("prose", "Be brief."),
        ("prose", "Never guess.[^1]"),
        ("prose", "Ask first."),
        ("table", "| a | b |"),
        ("table", "|---|---|"),
        ("code", "```\nshould not be read\n```"),
        ("prose", "A note."),
    ]


def test_markup_is_no_part_of_a_norm():
    (norm,) = read("**Claude** should *never* [lie](https://example.org/a_b) to `users`[^2] &amp; others.").norms
    assert (norm.deontic, norm.agent, norm.action) == (F, "Claude", "lie to users & others")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00\x01", "\u200b", "---", "…", "1.", "-", "()", '"'])
def test_texts_without_a_sentence_end_in_no_norm(text):
    assert read(text).taken == ()


ONE_LINE = {
    "words": "a ", "modal verbs": "should ", "norms": "Claude should be good and ", "never": "never ", "wishes": "we want it ",
    "valuations": "it is important to ", "open brackets": "(", "open quotes": '"a ', "emphasis": "*_", "tags": "<a ",
    "links": "[", "sentences": "Claude must ask. ", "initials": "A.", "conditions": "if a user may, ", "rows": "| a ",
}  # fmt: skip


@pytest.mark.parametrize("unit", ONE_LINE.values(), ids=ONE_LINE)
def test_a_line_of_100_kb_takes_about_eight_times_as_long_as_an_eighth_of_it(unit):
    # Linear is 8, quadratic 64; fixed costs only lower it, and a busy machine may double either time: 32 lies between.
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            read(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(100_000) < 32 * max(seconds(12_500), 1e-3)


_WORDS = st.sampled_from(
    [
        "Claude", "should", "never", "must", "we", "want", "it", "to", "lie", "avoid", "if", "unless", "the", "user", ",", ".", "?", "!", ";", ":",
        "\n", "\n\n", "- ", "1. ", "# ", "| a |", "```", "**", "_", "`", "(", ")", "[", "](x)", '"', "“", "”", "e.g.", "No. 5", "U.S.", "<b>",
        "<!--", "&amp;", "---", "—", "。", "必须", "\x00", "\x85", "\u2028", "İ", "[^1]", "[^1]: ", "> ", "is fine", "don't", "İ", "ß",
    ]
)  # fmt: skip
_TEXTS = st.lists(st.one_of(_WORDS, st.text(max_size=6)), max_size=40).map(" ".join) | st.text(max_size=200)


def _bare(text: str) -> str:
    """What has to survive: letters and digits that are no mark of a list."""
    return "".join(c for c in text if c.isalnum())


@settings(max_examples=400, deadline=None)
@given(_TEXTS, _TEXTS)
def test_every_sentence_is_taken_or_left_and_nothing_is_lost(text, context):
    split = [p.text for p in pieces(text)]
    reading = read(text, context)
    taken = [t.sentence for t in reading.taken]
    left = [entry.sentence for entry in reading.left]
    distinct = [s for n, s in enumerate(taken) if n == 0 or s != taken[n - 1]]
    # Each sentence of the text ends on one side (two that read alike may end on both: the first hangs on the context).
    assert sorted(set(distinct + left)) == sorted(set(split))
    assert len(left) + len(set(distinct)) <= len(split)
    # In order they are the text, but for white space and the marks of lists, which hold at most a number or a letter.
    rest = _bare(text)
    for piece in split:
        at = rest.find(_bare(piece))
        assert at >= 0
        assert at <= 60  # marks of lists and footnotes between two pieces
        rest = rest[at + len(_bare(piece)) :]
    assert len(rest) <= 60
    assert all(t.norm.action and 0 < t.norm.strength <= 1 for t in reading.taken)
    assert all(entry.why for entry in reading.left)


@given(_TEXTS)
def test_masking_keeps_every_position(text):
    words = words_of(text)
    assert len(masked(words)) == len(words)


@given(_TEXTS)
def test_reading_is_deterministic(text):
    assert read(text) == read(text)
