"""What to ask: batches, lists, gold questions, repeats, and the kinds that somebody asks for.

Pure functions of what a look found (`activeseed.looking`), the settings, and what was asked and answered so far: no
study, no journal; what hangs on an answer is asked of whoever trains (`batches.Hangs`).
"""
