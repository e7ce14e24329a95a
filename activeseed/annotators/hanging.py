"""What hangs on an answer, in words: the same facts on a terminal, in a file and in Label Studio."""

from __future__ import annotations

from collections.abc import Mapping

from activeseed.question import Consequence, Question

#: what is said of an answer under which nothing can be told from what stands
ALIKE = "no difference that can be told from noise"


def nothing(question: Question) -> str:
    """What is said where no probe is shown."""
    if not question.trainings:
        return "Not measured for this question."
    if question.trainings == 1:
        return "No difference in one training under each answer."
    return f"{ALIKE.capitalize()}, in {question.trainings} trainings under each answer."


def legend(question: Question) -> str:
    """How the numbers are to be read; empty where there is nothing to explain."""
    keys = max((c.trainings for c in question.consequences), default=0)
    if keys < 2:
        return ""
    # chosen by size among many probes, sizes are seen too large: by up to a half under restless trainers (measured)
    return (
        f"Means over {keys} trainings under each answer; ± is how far noise may reach. "
        "The largest differences seen are shown: they may well be smaller."
    )


def said_before(question: Question) -> str:
    """What people said that the item depends on when they were asked before; empty where nobody did."""
    if not question.conditions:
        return ""
    return f"Asked before, somebody said that it depends on: {'; '.join(question.conditions)}."


def marked(question: Question, variant: str, text: str) -> str:
    """A wording, with who wrote it where that was no human."""
    mark = question.marks.get(variant)
    return f"{text} ({mark})" if mark else text


def reasons(consequence: Consequence, variant: str) -> str:
    """The derivation that decides there under an answer, on one line; empty where the system can't explain itself."""
    return " → ".join(consequence.why.get(variant, ()))


def answers(question: Question) -> list[str]:
    """The variants that the question's consequences compare, the one that stands first."""
    stands = [c.stands for c in question.consequences if c.stands]
    there = [v for c in question.consequences for v in c.outcomes]
    return list(dict.fromkeys([*stands, *there]))


def mean(value: float) -> str:
    """A mean outcome, with as many digits as can matter."""
    return f"{value:.2f}" if 0.005 <= abs(value) < 10 else f"{value:.3g}"


def difference(consequence: Consequence, variant: str) -> str:
    """*+0.63 ± 0.11*: from what stands; empty for what stands, and where the margin was not recorded."""
    if variant not in consequence.margins or consequence.stands not in consequence.outcomes:
        return ""
    moved = consequence.outcomes[variant] - consequence.outcomes[consequence.stands]
    margin = consequence.margins[variant]
    digits = 2 if margin >= 0.01 or (not margin and abs(moved) >= 0.01) else 3 if margin >= 0.001 else 4
    return f"{moved:+.{digits}f}" + (f" ± {margin:.{digits}f}" if margin else "")


def flip(consequence: Consequence, variant: str) -> str:
    """*approved in place of not approved, in 7 of 8 trainings*; empty where no flip can be claimed."""
    times = consequence.flips.get(variant)
    if not times:
        return ""
    turned = ("approved", "not approved")
    now, before = turned if consequence.outcomes[variant] > 0.5 else turned[::-1]
    often = f", in {times} of {consequence.trainings} trainings" if consequence.trainings > 1 else ""
    return f"{now} in place of {before}{often}"


def under(consequence: Consequence, variant: str) -> str:
    """*0.71 (+0.63 ± 0.11; approved in place of not approved, in 8 of 8 trainings)*."""
    if variant not in consequence.outcomes:
        return ALIKE
    more = [x for x in (difference(consequence, variant), flip(consequence, variant)) if x]
    return mean(consequence.outcomes[variant]) + (f" ({'; '.join(more)})" if more else "")


def line(consequence: Consequence, variants: list[str], names: Mapping[str, str]) -> str:
    """All answers of a probe on one line."""
    return " · ".join(f"{names.get(v, v)}: {under(consequence, v)}" for v in variants)


def rows(consequence: Consequence, variants: list[str], names: Mapping[str, str]) -> list[str]:
    """The answers of a probe, a line each: *B: 0.31 (-0.60 ± 0.11)*, and below it why."""
    out = []
    for variant in variants:
        out.append(f"{names.get(variant, variant)}: {under(consequence, variant)}")
        out += [f"    because: {why}"] if (why := reasons(consequence, variant)) else []
    return out


def because(consequence: Consequence, variants: list[str], names: Mapping[str, str]) -> list[str]:
    """Why each answer leads where it does, a line each; none where the system can't explain itself."""
    said = [(names.get(v, v.replace("_", " ")), reasons(consequence, v)) for v in variants]
    return [f"{name}, because: {why}" for name, why in said if why]
