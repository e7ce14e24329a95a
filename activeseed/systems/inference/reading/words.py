"""The words of norms, as plain tables: whoever misses one adds it here."""

from __future__ import annotations

import re
from collections.abc import Iterable


def _listed(table: str) -> tuple[str, ...]:
    """The entries of a table: words or phrases with commas between them."""
    return tuple(" ".join(entry.split()) for entry in table.split(","))


def _words(table: str) -> tuple[str, ...]:
    return tuple(table.split())


#: names of models and words for one: whom the document directs
MODELS = _listed(
    """
    claude, chatgpt, gpt, gemini, copilot, llama, grok, the ai, an ai, ai, ais, assistant, assistants, model,
    models, agent, agents, subagent, subagents, chatbot, chatbots, bot, bots, language model, language models,
    llm, llms, ai system, ai systems, ai model, ai models, system, systems, machine, machines, robot, robots, i,
    judge, grader, evaluator, reviewer, annotator, rater
    """
)

#: what a model makes: a rubric speaks of it
REPLIES = _listed(
    """
    response, responses, answer, answers, reply, replies, output, outputs, completion, completions, message,
    messages, summary, summaries, essay, explanation, solution, text, submission, code, candidate, conversation
    """
)

#: people who act through the model
PEOPLE = _listed(
    """
    operator, operators, user, users, developer, developers, customer, customers, principal, principals, you,
    person, student, students, employee, employees, member, members, everyone, everybody, anyone, anybody, no
    one, nobody, no-one, citizen, citizens, thou, child, children, men and women, state, states, one
    """
)

#: who writes, and the world: what they should do is no norm of the model
AUTHORS = _listed(
    """
    we, us, anthropic, openai, google, deepmind, microsoft, meta, mistral, xai, apple, amazon, our company, the
    company, companies, ai developers, ai companies, ai labs, labs, society, civilization, humanity, humankind,
    mankind, the world, governments, policymakers, regulators, researchers, our team, the team, the industry,
    the authors, humans, human beings, people, most people
    """
)

#: the document itself
DOCUMENT = _listed(
    """
    document, constitution, section, chapter, page, spec, specification, charter, list, framework, appendix,
    table, model spec, description, paragraph, text above, example, examples
    """
)

#: what may stand between a subject, its verb and another verb
ADVERBS = (
    "also|then|therefore|thus|hence|instead|generally|typically|usually|normally|often|sometimes|always|ever|"
    "still|only|just|simply|likewise|similarly|ideally|at least|at most|at all times|by default|in general|"
    "in particular|in turn|for example|of course|as always|as well|in all cases|in any case|in no case|"
    "under no circumstances|first|both|all|each|rather|even|indeed|very|so|too|much|more|most|less|quite|"
    "really|clearly|strictly|strongly|probably|perhaps|likely|certainly|definitely|absolutely|actively|"
    "carefully|completely|explicitly|fully|genuinely|automatically|trivially|entirely|merely|necessarily|"
    "especially|particularly|extremely|fundamentally|nearly|almost|again|additionally|otherwise|nonetheless|"
    "nevertheless|accordingly|however|specifically"
)

NEGATIONS = "not|never|no longer|rarely|seldom|hardly|under no circumstances|in no case"

#: after *may not*, of people: what they happen not to do
NOT_DONE = frozenset(
    _words(
        """
    agree apply care expect intend like mind object realise realize recognise recognize respond share
    """
    )
)

#: verbs that begin an imperative: in their base form, and seldom anything else at the head of a sentence
IMPERATIVES = frozenset(
    _words(
        """
    abide accept accommodate accompany achieve acknowledge act adapt add address adhere adjust admit adopt
    advise advocate allow answer anticipate apologise apologize apply approach argue arrange articulate ask
    assess assist assume assure attempt avoid await award base be bear become begin behave believe block bring
    build calibrate call care carry cease challenge check choose cite clarify classify collaborate combine come
    commit communicate compare complete comply compute conclude conduct confirm conform consider construct
    consult continue contribute convey cooperate correct count cover create criticize critique cultivate decide
    decline deduct deescalate defend defer define demonstrate deny deploy describe determine develop
    differentiate disagree discard disclose discourage discuss disregard distinguish do draft draw drop edit
    eliminate embrace emphasize employ empower enable encourage end endeavor endeavour engage ensure err
    establish evaluate examine exclude execute exercise exhibit explain explore express extract facilitate favor
    favour find finish fix flag focus follow foster fulfil fulfill gather generate get give go grade grant greet
    guard guide hand handle help hide highlight hold honor honour identify ignore illustrate implement improve
    include incorporate indicate inform insist interpret intervene introduce invent invite involve issue join
    judge justify keep label lead learn leave let lie limit list listen look lower maintain make manage mark
    match maximise maximize mention minimise minimize mirror monitor navigate never obey observe obtain offer
    open operate opt organise organize output own pass pay penalise penalize perform permit pick place plan
    point practice practise prefer present preserve pretend prevent prioritise prioritize proceed produce
    prohibit promote protect prove provide pursue put question quote raise rank rate read reason recognise
    recognize recommend redirect reduce refer reflect refrain refuse reject release rely remain remember remind
    remove render repeat rephrase replace reply report represent request require research resist resolve resort
    respect respond restrict retain return reveal revert review revise reward rewrite run safeguard save say
    schedule score scrutinize search seek select send separate serve set share show solve sort speak specify
    spend stand start state stay steal steer step stick stop store strive structure study submit subtract
    suggest summarise summarize support suspend swear tailor take tell terminate test think threaten track train
    transfer translate treat trust try turn understand undertake uphold upload use utilise utilize validate
    value verify volunteer wait warn watch weigh welcome withdraw withhold work write yield
    """
    )
)

#: of those, what is as often a noun: not where the next word makes it one
NOUNS_TOO = frozenset(
    _words(
        """
    access address answer approach balance base call care cause challenge check code contribute control default
    display draft draw exercise favor favour flag focus grade guide help hold issue judge keep lead limit list
    look match measure monitor object output own place point practice present pursue rank rate reason reply
    report request respect return review reward score search set share show stand start state stop structure
    support text trust use value voice watch welcome work
    """
    )
)

#: the words after which it is one
AFTER_NOUNS = frozenset(
    _words(
        """
    and are between can for from has have in is may must of or should that was were which who will would —
    """
    )
)

#: imperatives that speak to the reader of the document
TO_READERS = re.compile(
    r"(?:see|note|recall|imagine|suppose|picture|say|let's|let us|remember that|read on|think about it|look at|"
    r"consider (?:the (?:following|case|example)|a (?:case|situation|scenario|user|person|human|world)|"
    r"an (?:example|ai|operator)|for (?:example|instance)|how|what|,|these)|"
    r"take (?:,|for (?:example|instance)|the (?:case|example))|as (?:an example|mentioned|noted)|compare the|"
    r"refer to the|add to this|put (?:differently|another way|simply)|come to think)\b"
)

#: after *may* and *can*: verbs that say what may happen, and not what is allowed
HAPPENS = frozenset(
    _words(
        """
    add affect appear arise be become believe benefit cause change come conflict contain create damage depend
    differ encounter end evolve exist experience face fail feel find gain get go grow happen harm have help hold
    hurt imagine impact improve influence know lack lead learn lend look lose make mean misunderstand need not
    notice occur perceive persist pose possess produce pursue reasonably receive remain result run see seem
    sense serve stem struggle suffer think turn understand update vary want wish wonder worry
    """
    )
)

#: of those, what after *can* is done on purpose by whoever has leave to
LEAVE_OF_PEOPLE = frozenset(
    _words(
        """
    add adjust allow ask change choose customise customize disable enable expand give grant instruct limit
    modify opt override permit provide request restrict set specify turn unlock waive
    """
    )
)

#: what is said of a model as its conduct, and not as a fact
ATTITUDES = (
    "tries|try|aims|aim|seeks|seek|strives|strive|prefers|prefer|avoids|avoid|refuses|refuse|declines|decline|"
    "refrains|refrain|endeavors|endeavours|prioritizes|prioritises|respects|upholds|cares|values|adheres|"
    "complies|follows|treats|defers|abides|acknowledges|ensures|takes care|honors|honours|protects|supports|"
    "errs|weighs|asks|tells|gives|uses|considers|maintains|obeys|wants|does its best|makes sure|remains|stays"
)

#: what is said of a model's character, and means its conduct
TRAITS = (
    "honest|truthful|transparent|forthright|careful|cautious|willing|committed to|respectful|impartial|"
    "neutral|polite|concise|open about|calibrated|considerate|faithful|accountable|sincere|even-handed"
)

#: verbs of facts: *Claude does not know* forbids nothing
FACTS = frozenset(
    _words(
        """
    always appear apply believe change come consist contain depend differ entail exist experience fall feel fit
    get go have imply include know matter mean need occupy perceive receive remember require rest run say see
    seem think understand want work
    """
    )
)


def either(words: Iterable[str]) -> str:
    """A pattern of one of these, the longest first."""
    return "|".join(re.escape(w) for w in sorted(set(words), key=lambda w: (-len(w), w)))
