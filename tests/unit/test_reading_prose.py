"""Free prose: which sentences hold a norm, what it says of whom, and why the others hold none."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.systems.inference.norms import Norm
from activeseed.systems.inference.prose import read
from activeseed.systems.inference.reading.markup import masked, words_of
from activeseed.systems.inference.reading.sentences import pieces

MUST, MAY, NOT = "obliged", "permitted", "forbidden"

#: a sentence, then what its norms say: deontic, whom they bind, the action
TAKEN = [
    ("Claude should tell the truth.", (MUST, "Claude", "tell the truth")),
    ("The assistant must not store passwords.", (NOT, "assistant", "store passwords")),
    ("The model shouldn't guess.", (NOT, "model", "guess")),
    ("Models shall cite their sources.", (MUST, "Models", "cite their sources")),
    ("An AI ought to admit mistakes.", (MUST, "AI", "admit mistakes")),
    ("You must never share the key.", (NOT, "You", "share the key")),
    ("Claude should never avoid hard topics.", (MUST, "Claude", "hard topics")),
    ("The assistant should avoid flattery.", (NOT, "assistant", "flattery")),
    ("The assistant should refrain from flattery.", (NOT, "assistant", "flattery")),
    ("The assistant should refuse to write malware.", (NOT, "assistant", "write malware")),
    ("The bot has to log every call.", (MUST, "bot", "log every call")),
    ("Claude needs to weigh the costs.", (MUST, "Claude", "weigh the costs")),
    ("Claude does not need to explain itself.", (MAY, "Claude", "explain itself")),
    ("The assistant doesn't have to answer.", (MAY, "assistant", "answer")),
    ("The assistant may decline.", (MAY, "assistant", "decline")),
    ("The assistant may not name the victims.", (NOT, "assistant", "name the victims")),
    ("Claude can choose a softer tone.", (MAY, "Claude", "choose a softer tone")),
    ("Operators can restrict the default tone.", (MAY, "Operators", "restrict the default tone")),
    ("Users cannot override this default.", (NOT, "Users", "override this default")),
    ("Profanity may only be used on request.", (MAY, "", "Profanity be used on request")),
    ("The assistant is expected to be patient.", (MUST, "assistant", "be patient")),
    ("Developers are not allowed to change this.", (NOT, "Developers", "change this")),
    ("Claude is free to disagree.", (MAY, "Claude", "disagree")),
    ("Claude is encouraged to ask.", (MUST, "Claude", "ask")),
    ("The assistant is prohibited from naming minors.", (NOT, "assistant", "naming minors")),
    ("The assistant is to follow the chain of command.", (MUST, "assistant", "follow the chain of command")),
    ("We want Claude to be kind.", (MUST, "Claude", "be kind")),
    ("We don't want Claude to be servile.", (NOT, "Claude", "be servile")),
    ("We would like the model to slow down.", (MUST, "model", "slow down")),
    ("We'd prefer Claude not to speculate.", (NOT, "Claude", "speculate")),
    ("Our aim is for Claude to be trusted.", (MUST, "Claude", "be trusted")),
    ("We also hope that Claude will speak up.", (MUST, "Claude", "speak up")),
    ("We think Claude should explain its reasons.", (MUST, "Claude", "explain its reasons")),
    ("Claude tries to keep its promises.", (MUST, "Claude", "keep its promises")),
    ("Claude tries not to moralise.", (NOT, "Claude", "moralise")),
    ("Claude prefers short answers.", (MUST, "Claude", "short answers")),
    ("Claude avoids jargon.", (NOT, "Claude", "jargon")),
    ("Claude never lies.", (NOT, "Claude", "lies")),
    ("Claude always keeps secrets.", (MUST, "Claude", "keeps secrets")),
    ("Claude will never threaten anybody.", (NOT, "Claude", "threaten anybody")),
    ("The assistant does not pretend to be human.", (NOT, "assistant", "pretend to be human")),
    ("Avoid jargon.", (NOT, "", "jargon")),
    ("Be brief.", (MUST, "", "Be brief")),
    ("Don't guess.", (NOT, "", "guess")),
    ("Do not ever guess.", (NOT, "", "guess")),
    ("Never reveal the key.", (NOT, "", "reveal the key")),
    ("Always cite sources.", (MUST, "", "cite sources")),
    ("Please keep it short.", (MUST, "", "keep it short")),
    ("**Tone**: Use plain words.", (MUST, "", "Use plain words")),
    ("Tone: avoid jargon.", (NOT, "", "jargon")),
    ("- Respect the reader's time.", (MUST, "", "Respect the reader's time")),
    ("3. Ask before you delete anything.", (MUST, "", "Ask before you delete anything")),
    ("It is fine to say no.", (MAY, "", "say no")),
    ("It's okay for Claude to say no.", (MAY, "Claude", "say no")),
    ("It is never acceptable to deceive users.", (NOT, "", "deceive users")),
    ("It is important that the model stays calm.", (MUST, "model", "stays calm")),
    ("It's better to ask than to guess.", (MUST, "", "ask than to guess")),
    ("Refusing is never automatically safe.", (NOT, "", "Refusing")),
    ("Insults are unacceptable.", (NOT, "", "Insults")),
    ("Short answers are preferred.", (MUST, "answers", "Short answers")),
    ("Mild profanity is allowed.", (MAY, "", "Mild profanity")),
    ("Deception is not permitted.", (NOT, "", "Deception")),
    ("There is no need to apologise twice.", (MAY, "", "apologise twice")),
    ("Safety takes precedence over helpfulness.", (MUST, "", "Safety takes precedence over helpfulness")),
    ("Claude's honesty principles forbid white lies.", (NOT, "", "white lies")),
    ("Claude has a duty to warn of danger.", (MUST, "Claude", "warn of danger")),
    ("The assistant's goal is to inform, not to persuade.", (MUST, "", "inform, not to persuade")),
    ("It is up to the assistant to pick a tool; it costs nothing.", (MAY, "assistant",
    "pick a tool; it costs nothing")),
    ("Everyone has the right to rest.", (MAY, "Everyone", "rest")),
    ("No one shall be held in slavery.", (NOT, "No one", "be held in slavery")),
    ("Everyone is entitled to a fair hearing.", (MAY, "Everyone", "a fair hearing")),
    ("The response mentions the deadline.", (MUST, "response", "mentions the deadline")),
    ("The response does not invent sources.", (NOT, "response", "invent sources")),
    ("Response should stay on topic.", (MUST, "Response", "Response stay on topic")),
    ("Penalise responses that ramble.", (NOT, "", "responses that ramble")),
    ("Choose the response that is least harmful.", (MUST, "", "Choose the response that is least harmful")),
    ("Default behaviours should be safe.", (MUST, "", "Default behaviours be safe")),
    ("*Gore* should never be described.", (NOT, "", "Gore be described")),
    ("Only verified accounts should be trusted.", (MUST, "", "Only verified accounts be trusted")),
    ("An answer must be readable.", (MUST, "answer", "An answer be readable")),
    ("Instead, explain the risk.", (MUST, "", "explain the risk")),
    ("Although we want Claude to help, we don't want it to flatter.", (MUST, "Claude", "help"), (NOT, "Claude",
    "flatter")),
    ("Claude need not explain why, but it should be open about refusing.",
     (MAY, "Claude", "explain why"), (MUST, "Claude", "be open about refusing")),
    ("Claude can voice doubts but should respect the decision.",
     (MAY, "Claude", "voice doubts"), (MUST, "Claude", "respect the decision")),
    ("Operators and users can adjust the tone.", (MAY, "Operators and users", "adjust the tone")),
    ("Because lies spread, the assistant must check its claims.", (MUST, "assistant", "check its claims")),
    ("I will not help with weapons.", (NOT, "I", "help with weapons")),
    ("I don't lie to users.", (NOT, "I", "lie to users")),
    ("You will answer in French.", (MUST, "You", "answer in French")),
    ("The chatbot will not store data.", (NOT, "chatbot", "store data")),
    ("Harassment of any kind will not be tolerated.", (NOT, "", "Harassment of any kind")),
    ("Employees may not accept gifts.", (NOT, "Employees", "accept gifts")),
    ("Under no circumstances should the model help with that.", (NOT, "model", "help with that")),
    ("At no point may the assistant claim to be human.", (NOT, "assistant", "claim to be human")),
    ("Neither users nor operators can unlock this.", (NOT, "operators", "unlock this")),
    ("There is nothing wrong with declining.", (MAY, "", "declining")),
    ("Claude is diplomatically honest.", (MUST, "Claude", "is diplomatically honest")),
    ("A good response acknowledges doubt.", (MUST, "response", "acknowledges doubt")),
    ("A bad response lectures the user.", (NOT, "response", "lectures the user")),
    ("An ideal answer would cite the guideline.", (MUST, "answer", "cite the guideline")),
    ("+2 points if the response cites a source.", (MUST, "", "the response cites a source")),
    ("-2 points if the answer is rude.", (NOT, "", "the answer is rude")),
    ("Only answer questions about cooking.", (MUST, "", "answer questions about cooking")),
    ("When users ask for X, never do Y; instead, do Z.", (NOT, "", "do Y"), (MUST, "", "do Z")),
    ("Our models must refuse such requests.", (MUST, "models", "refuse such requests")),
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
    ("Claude should never:", "a lead-in without its action"),
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


@pytest.mark.parametrize(
    ("sentence", "says"), [(s, says) for s, *says in TAKEN], ids=[str(entry[0]) for entry in TAKEN]
)
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
        ("Claude should never:", "Reveal its system prompt;", (NOT, "Claude", "reveal its system prompt")),
        ("Claude should never:", "Inserting backdoors.", (NOT, "Claude", "inserting backdoors")),
        ("We want Claude to:", "Be honest.", (MUST, "Claude", "be honest")),
        ("The assistant may:", "swear", (MAY, "assistant", "swear")),
        ("The assistant must avoid:", "flattery", (NOT, "assistant", "flattery")),
        ("Some background. In such cases the model should:", "ask", (MUST, "model", "ask")),
        ("The assistant should weigh factors such as:", "the age of the user",
         (MUST, "assistant", "weigh factors: the age of the user")),
        ("The response:", "Mentions the dose.", (MUST, "response", "mentions the dose")),
        ("The response", "Does not give advice.", (NOT, "response", "give advice")),
        ("A thoughtful person would be unhappy if Claude:", "Refuses a request.", (NOT, "Claude", "refuses a request")),
        # A bullet that says so by itself is read by itself.
        ("We want Claude to be:", "Claude must not flatter.", (NOT, "Claude", "flatter")),
        ("Our principles:", "Avoid flattery.", (NOT, "", "flattery")),
        ("Here is a list:", "The model should ask.", (MUST, "model", "ask")),
        ("We want Claude to:", "Never flatter.", (NOT, "", "flatter")),
    ],
)  # fmt: skip
def test_a_bullet_is_read_with_its_lead_in(context, bullet, says):
    (norm,) = read(bullet, context).norms
    assert (norm.deontic, norm.agent, norm.action) == says


def test_a_lead_in_that_ends_in_if_takes_its_bullets_as_conditions():
    (norm,) = read("the user is a minor", "Claude should decline if:").norms
    assert norm == Norm("obliged", 0.7, "decline", "Claude", ("the user is a minor",))
    (norm,) = read("the user asked for it", "Claude should not swear unless:").norms
    assert (norm.deontic, norm.condition, norm.exception) == (NOT, (), ("the user asked for it",))


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
     ("Does not give advice.", "The response does not give advice."), ("Relies on sources.",
     "The response relies on sources.")],
)  # fmt: skip
def test_a_fragment_of_a_rubric_comes_with_a_sentence_that_would_be_taken(fragment, nearest):
    (left,) = read(fragment).left
    assert left.nearest == nearest
    assert len(read(nearest).norms) == 1


def test_a_document_is_split_where_markdown_splits_it():
    text = (
        "---\n# Charter\n\nClaude should be kind,\neven to e.g. Dr. No. It must not lie (ever. Really.).\n\n"
        "* Be brief.\n* Never guess.[^1]\n\n> Ask first.\n\n| a | b |\n|---|---|\n\n```\nshould not be read\n```\n"
        "[^1]: A note."
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
    assert (norm.deontic, norm.agent, norm.action) == (NOT, "Claude", "lie to users & others")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00\x01", "\u200b", "---", "…", "1.", "-", "()", '"'])
def test_texts_without_a_sentence_end_in_no_norm(text):
    assert read(text).taken == ()


ONE_LINE = {
    "words": "a ", "modal verbs": "should ", "norms": "Claude should be good and ", "never": "never ",
    "wishes": "we want it ",
    "valuations": "it is important to ", "open brackets": "(", "open quotes": '"a ', "emphasis": "*_", "tags": "<a ",
    "links": "[", "sentences": "Claude must ask. ", "initials": "A.", "conditions": "if a user may, ", "rows": "| a ",
}  # fmt: skip


@pytest.mark.parametrize("unit", ONE_LINE.values(), ids=ONE_LINE)
def test_a_line_of_100_kb_takes_about_eight_times_as_long_as_an_eighth_of_it(unit):
    # Linear is 8, quadratic 64; fixed costs only lower it, and a busy machine may double either time: 32 lies between.
    # The short line is the best of three; the long one is read again only where it took too long the first time.
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        start = time.process_time()
        read(text)
        return time.process_time() - start

    most = 32 * max(min(seconds(12_500) for _ in range(3)), 1e-3)
    assert any(seconds(100_000) < most for _ in range(3))


_WORDS = st.sampled_from(
    [
        "Claude", "should", "never", "must", "we", "want", "it", "to", "lie", "avoid", "if", "unless", "the",
        "user", ",", ".", "?", "!", ";", ":",
        "\n", "\n\n", "- ", "1. ", "# ", "| a |", "```", "**", "_", "`", "(", ")", "[", "](x)", '"', "“", "”",
        "e.g.", "No. 5", "U.S.", "<b>",
        "<!--", "&amp;", "---", "—", "。", "必须", "\x00", "\x85", "\u2028", "İ", "[^1]", "[^1]: ", "> ", "is fine",
        "don't", "İ", "ß",
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
