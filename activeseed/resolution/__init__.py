"""Raw answers to what is settled: votes, agreement, annotators' reliability, and the seed as answered."""

from activeseed.resolution.alpha import Agreement, agreement, krippendorff_alpha, percent_agreement
from activeseed.resolution.at_random import Checked, Trust, trust
from activeseed.resolution.checks import Gold, known_answers, lately, mixed, plan_checks
from activeseed.resolution.divided import Division, divisions
from activeseed.resolution.drawing import Counts, Drawn, draw
from activeseed.resolution.guessing import GOLD
from activeseed.resolution.measuring import repeat_pairs
from activeseed.resolution.reliability import Fit, Labels, Reliability, dawid_skene
from activeseed.resolution.settle import Change, Resolution, resolve
from activeseed.resolution.votes import Ballot, Merge, Vote, check_answer, read_answers, shown
from activeseed.resolution.vouching import Refuted, Voucher, fits_better, gold_missing, refuted, vouch

__all__ = [
    "GOLD",
    "Agreement",
    "Ballot",
    "Change",
    "Checked",
    "Counts",
    "Division",
    "Drawn",
    "Fit",
    "Gold",
    "Labels",
    "Merge",
    "Refuted",
    "Reliability",
    "Resolution",
    "Trust",
    "Vote",
    "Voucher",
    "agreement",
    "check_answer",
    "dawid_skene",
    "divisions",
    "draw",
    "fits_better",
    "gold_missing",
    "known_answers",
    "krippendorff_alpha",
    "lately",
    "mixed",
    "percent_agreement",
    "plan_checks",
    "read_answers",
    "refuted",
    "repeat_pairs",
    "resolve",
    "shown",
    "trust",
    "vouch",
]  # fmt: skip
