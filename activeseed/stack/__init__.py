"""Above studies: the human level, whose runs are whole studies, and designs compared on the same probes.

What happens within one study (the model, the trainer, the trainer²) is an analysis (`activeseed.analyses`).
"""
