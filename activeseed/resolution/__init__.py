"""Raw answers to what is settled: votes, agreement, annotators' reliability, and the seed as answered."""

from activeseed.resolution.agreement import Agreement, agreement, krippendorff_alpha, percent_agreement
from activeseed.resolution.reliability import Fit, Labels, Reliability, dawid_skene
from activeseed.resolution.resolve import Change, Resolution, repeat_pairs, resolve
from activeseed.resolution.votes import Ballot, Merge, Vote, check_answer, read_answers, shown

__all__ = [
    "Agreement", "Ballot", "Change", "Fit", "Labels", "Merge", "Reliability", "Resolution", "Vote", "agreement",
    "check_answer", "dawid_skene", "krippendorff_alpha", "percent_agreement", "read_answers", "repeat_pairs",
    "resolve", "shown",
]  # fmt: skip
