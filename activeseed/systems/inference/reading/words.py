"""The words of norms, as plain tables: whoever misses one adds it here."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: names of models and words for one: whom the document directs
MODELS = (
    "claude", "chatgpt", "gpt", "gemini", "copilot", "llama", "grok", "the ai", "an ai", "ai", "ais", "assistant", "assistants", "model",
    "models", "agent", "agents", "subagent", "subagents", "chatbot", "chatbots", "bot", "bots", "language model", "language models", "llm", "llms",
    "ai system", "ai systems", "ai model", "ai models", "system", "systems", "machine", "machines", "robot", "robots",
    "i", "judge", "grader", "evaluator", "reviewer", "annotator", "rater",
)  # fmt: skip

#: what a model makes: a rubric speaks of it
REPLIES = (
    "response", "responses", "answer", "answers", "reply", "replies", "output", "outputs", "completion", "completions", "message", "messages",
    "summary", "summaries", "essay", "explanation", "solution", "text", "submission", "code", "candidate", "conversation",
)  # fmt: skip

#: people who act through the model
PEOPLE = (
    "operator", "operators", "user", "users", "developer", "developers", "customer", "customers", "principal", "principals", "you",
    "person", "student", "students", "employee", "employees", "member", "members", "everyone", "everybody", "anyone", "anybody", "no one", "nobody",
    "no-one", "citizen", "citizens", "thou", "child", "children", "men and women", "state", "states", "one",
)  # fmt: skip

#: who writes, and the world: what they should do is no norm of the model
AUTHORS = (
    "we", "us", "anthropic", "openai", "google", "deepmind", "microsoft", "meta", "mistral", "xai", "apple", "amazon", "our company", "the company",
    "companies", "ai developers", "ai companies", "ai labs", "labs", "society", "civilization", "humanity", "humankind", "mankind", "the world", "governments",
    "policymakers", "regulators", "researchers", "our team", "the team", "the industry", "the authors", "humans", "human beings", "people", "most people",
)  # fmt: skip

#: the document itself
DOCUMENT = (
    "document", "constitution", "section", "chapter", "page", "spec", "specification", "charter", "list", "framework", "appendix", "table",
    "model spec", "description", "paragraph", "text above", "example", "examples",
)  # fmt: skip

ADVERBS = (
    "also|then|therefore|thus|hence|instead|generally|typically|usually|normally|often|sometimes|always|ever|still|only|just|simply|"
    "likewise|similarly|ideally|at least|at most|at all times|by default|in general|in particular|in turn|for example|of course|"
    "as always|as well|in all cases|in any case|in no case|under no circumstances|first|both|all|each|rather|even|indeed|very|"
    "so|too|much|more|most|less|quite|really|clearly|strictly|strongly|probably|perhaps|likely|certainly|definitely|absolutely|"
    "actively|carefully|completely|explicitly|fully|genuinely|automatically|trivially|entirely|merely|necessarily|especially|particularly|"
    "extremely|fundamentally|nearly|almost|again|additionally|otherwise|nonetheless|nevertheless|accordingly|however|specifically"
)  # fmt: skip

NEGATIONS = "not|never|no longer|rarely|seldom|hardly|under no circumstances|in no case"

#: after *may not*, of people: what they happen not to do
NOT_DONE = frozenset("realize realise agree like intend care expect recognize recognise share mind respond object apply".split())

#: verbs that begin an imperative: in their base form, and seldom anything else at the head of a sentence
IMPERATIVES = frozenset(
    """
    abide accept accompany accommodate achieve acknowledge act adapt add address adhere adjust admit adopt advise advocate
    allow anticipate apologize apologise apply approach argue articulate ask assess assist assume assure attempt avoid award
    base be bear become begin behave believe bring build calibrate call care carry cease challenge check choose cite clarify
    collaborate combine come commit communicate compare complete comply conclude conduct confirm conform consider construct consult
    continue contribute convey cooperate correct create criticize cultivate decide decline deduct deescalate defend defer define
    demonstrate deny deploy describe determine develop differentiate disagree discard disclose discourage discuss disregard distinguish do
    draft draw eliminate embrace emphasize employ empower enable encourage endeavor endeavour engage ensure err establish evaluate
    examine exclude execute exercise exhibit explain explore express facilitate favor favour find finish flag focus follow foster fulfill fulfil
    gather generate get give go grade grant guard guide handle help highlight hold honor honour identify ignore illustrate implement
    improve include incorporate indicate inform insist interpret intervene introduce invite involve issue join judge justify keep
    lead learn leave let limit list listen look lower maintain make manage match maximize maximise mention minimize minimise mirror monitor
    navigate obey observe obtain offer operate opt organize organise output own penalize penalise perform permit pick place point practice practise
    prefer preserve present preserve prevent prioritize prioritise proceed produce prohibit promote protect prove provide pursue put
    raise rank rate read reason recognize recognise recommend redirect reduce refer reflect refrain refuse reject rely remain remember
    remind remove render repeat replace reply report represent request require resist resolve respect respond restrict
    return reveal review reward safeguard save say score scrutinize search seek select send separate serve set share show speak
    specify stand start state stay steer stick stop store strive structure submit subtract suggest summarize summarise support suspend
    tailor take tell terminate think treat trust try turn understand undertake uphold use utilize utilise validate value verify volunteer wait
    warn watch weigh welcome withdraw withhold work write yield never rewrite revise critique edit rephrase translate count extract compute classify label sort
    answer arrange await block cover drop end fix greet hide hand invent lie mark open pass pay plan pretend quote question
    release research resort retain revert run schedule solve spend steal step study swear test threaten track train transfer upload
    """.split()  # noqa: SIM905
)

#: of those, what is as often a noun: not where the next word makes it one
NOUNS_TOO = frozenset(
    """
    approach care respect support trust value judge guide help limit list match monitor present reason request report review
    reward score search share show state stop structure text use work answer balance base challenge default draft draw focus
    issue lead look measure own place point practice rate reply return start stand display voice watch call check cause rank grade
    pursue code output address flag favor favour set exercise contribute welcome keep hold access control object
    """.split()  # noqa: SIM905
)
#: the words after which it is one
AFTER_NOUNS = frozenset("is are was were for of has have can may should must will would that who which and or from in between —".split())

#: imperatives that speak to the reader of the document
TO_READERS = re.compile(
    r"(?:see|note|recall|imagine|suppose|picture|say|let's|let us|remember that|read on|think about it|look at|"
    r"consider (?:the (?:following|case|example)|a (?:case|situation|scenario|user|person|human|world)|an (?:example|ai|operator)|for (?:example|instance)|how|what|,|these)|"
    r"take (?:,|for (?:example|instance)|the (?:case|example))|as (?:an example|mentioned|noted)|compare the|refer to the|add to this|"
    r"put (?:differently|another way|simply)|come to think)\b"
)

#: after *may* and *can*: verbs that say what may happen, and not what is allowed
HAPPENS = frozenset(
    """
    be have seem appear feel find face encounter know not lack lead cause result arise occur happen become come make mean see think believe
    need want wish wonder fail differ vary depend experience receive get suffer produce pursue possess contain exist remain imagine
    reasonably influence impact affect add help learn benefit grow improve damage harm hurt notice sense go struggle understand
    look pose lend conflict change evolve persist misunderstand worry update perceive run end turn hold serve lose gain stem create
    """.split()  # noqa: SIM905
)
#: of those, what after *can* is done on purpose by whoever has leave to
LEAVE_OF_PEOPLE = frozenset("adjust change restrict expand override unlock turn grant give instruct ask request customize customise opt set limit modify enable disable choose provide allow permit add specify waive".split())

#: what is said of a model as its conduct, and not as a fact
ATTITUDES = (
    "tries|try|aims|aim|seeks|seek|strives|strive|prefers|prefer|avoids|avoid|refuses|refuse|declines|decline|refrains|refrain|"
    "endeavors|endeavours|prioritizes|prioritises|respects|upholds|cares|values|adheres|complies|follows|treats|defers|abides|"
    "acknowledges|ensures|takes care|honors|honours|"
    "protects|supports|errs|weighs|asks|tells|gives|uses|considers|maintains|obeys|wants|does its best|makes sure|remains|stays"
)  # fmt: skip

#: what is said of a model's character, and means its conduct
TRAITS = (
    "honest|truthful|transparent|forthright|careful|cautious|willing|committed to|respectful|impartial|neutral|polite|concise|open about|"
    "calibrated|considerate|faithful|accountable|sincere|even-handed"
)

#: verbs of facts: *Claude does not know* forbids nothing
FACTS = frozenset(
    "know have need exist remember experience occupy differ seem appear feel depend see understand mean require fit fall contain "
    "include imply change apply come get receive run work consist perceive think believe always want matter go entail say rest".split()
)


def either(words: Iterable[str]) -> str:
    """A pattern of one of these, the longest first."""
    return "|".join(re.escape(w) for w in sorted(set(words), key=lambda w: (-len(w), w)))
