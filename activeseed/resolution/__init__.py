"""Raw answers to what is settled: votes, agreement, annotators' reliability, and the seed as answered."""

from activeseed.resolution.alpha import Agreement, agreement, krippendorff_alpha, percent_agreement
from activeseed.resolution.at_random import Checked, Trust, trust
from activeseed.resolution.checks import Gold, known_answers, mixed, plan_checks
from activeseed.resolution.measuring import repeat_pairs
from activeseed.resolution.reliability import Fit, Labels, Reliability, dawid_skene
from activeseed.resolution.settle import Change, Resolution, resolve
from activeseed.resolution.votes import Ballot, Merge, Vote, check_answer, read_answers, shown

__all__ = [
    "Agreement",
    "Ballot",
    "Change",
    "Checked",
    "Fit",
    "Gold",
    "Labels",
    "Merge",
    "Reliability",
    "Resolution",
    "Trust",
    "Vote",
    "agreement",
    "check_answer",
    "dawid_skene",
    "known_answers",
    "krippendorff_alpha",
    "mixed",
    "percent_agreement",
    "plan_checks",
    "read_answers",
    "repeat_pairs",
    "resolve",
    "shown",
    "trust",
]  # fmt: skip
