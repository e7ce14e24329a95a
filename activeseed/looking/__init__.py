"""One look at a study: what the answers settle, what is believed, how the outcome responds, how sure that is.

Pure functions of a seed, answers and outcomes, and of something that trains (`trains.Trains`): no study, no journal, no
store.
"""
