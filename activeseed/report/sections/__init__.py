"""Sections of the report about what was analysed besides the ranking, a file each.

A section is of one kind of analysis: `facts` of the newest result in the journal, `figures` drawn of those facts, and a
template ``templates/sections/KIND.html.j2``. It is shown where such an analysis was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from activeseed.report.sections import (
    basins,
    certificates,
    comparing,
    designs,
    dreams,
    human,
    locked_in,
    masking,
    prompts,
    rates,
    removal,
    stability,
    variance,
    votes,
)
from activeseed.report.sections.covering import explanations, redundancy
from activeseed.study import Study


@dataclass(frozen=True)
class Section:
    """How the result of one kind of analysis is shown.

    Attributes:
        kind: of the analysis, and of the template.
        facts: (study, the analysis' result as JSON) -> what the template prints.
        figures: facts -> markup by name, of texts that it has escaped itself.
    """

    kind: str
    facts: Callable[[Study, Mapping[str, Any]], dict[str, Any]]
    figures: Callable[[Mapping[str, Any]], dict[str, str]]


#: in the order of the page
SECTIONS: tuple[Section, ...] = (
    Section("stability", stability.facts, stability.drawn),
    Section("stability_against", stability.against, stability.no_figures),
    Section("variance_budget", variance.facts, variance.figures),
    Section("human_level", human.facts, human.figures),
    Section("masking", masking.facts, masking.figures),
    Section("prompts", prompts.facts, prompts.figures),
    Section("learning_rates", rates.facts, rates.figures),
    Section("designs", designs.facts, designs.figures),
    Section("comparison", comparing.comparison, comparing.comparison_figures),
    Section("ensemble", comparing.ensemble, comparing.ensemble_figures),
    Section("basins", basins.facts, basins.drawn),
    Section("dreams", dreams.facts, dreams.figures),
    Section("certificates", certificates.facts, certificates.figures),
    Section("removal", removal.facts, removal.figures),
    Section("lock_in", locked_in.facts, locked_in.figures),
    Section("partition_certificate", votes.facts, votes.figures),
)


def analysed(study: Study) -> list[dict[str, Any]]:
    """What was analysed, a dictionary a section: ``kind``, ``facts``, ``figures``, ``seed_version``, ``old``, ``at``.

    ``old`` where the seed has changed since.
    """
    out = []
    for section in SECTIONS:
        made = study.state.analyses.get(section.kind)
        if made is None or not made.get("result"):
            continue
        facts = section.facts(study, made["result"])
        out.append(
            {
                "kind": section.kind, "facts": facts, "figures": section.figures(facts),
                "seed_version": made["seed_version"], "old": made["seed_version"] != study.state.current.id,
                "at": made["at"],
            }
        )  # fmt: skip
    return out


__all__ = ["SECTIONS", "Section", "analysed", "explanations", "redundancy"]
