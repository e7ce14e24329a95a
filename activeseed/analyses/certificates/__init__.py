"""Certificates: how far apart two evaluators are at most, proved, region by region, beside what was dreamed.

`record` is the analysis; `places` makes regions of the data, `judging` proves and dreams within one and says what
follows for probabilities, decisions and ranks, `certified` is what it ends in, `saying` its words.
"""

from activeseed.analyses.certificates.record import Certificates

__all__ = ["Certificates"]
