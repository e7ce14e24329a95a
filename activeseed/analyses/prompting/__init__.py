"""Prompts: how much of a change of the prompt comes through to what the trained system answers.

`record` is the analysis, `rewording` puts probes otherwise, `measuring` estimates spreads, `found` is what it ends in.
"""

from activeseed.analyses.prompting.found import ProbeStarts, Prompted, PromptKind
from activeseed.analyses.prompting.record import Prompts

__all__ = ["ProbeStarts", "PromptKind", "Prompted", "Prompts"]
