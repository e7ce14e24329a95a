"""Warnings of trainers: noted where they come, shown once, counted over batches and workers."""

import warnings

import numpy as np

from activeseed.executors import listening
from activeseed.executors.listening import show
from activeseed.outcome import Outcomes, Warned, join_outcomes, summed


def test_a_place_is_one_warning_whatever_numbers_it_names():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with listening.listening() as heard:
            for gap in (0.1, 0.2, 0.3):
                warnings.warn(f"gap {gap}", RuntimeWarning, stacklevel=1)
            warnings.warn("half a character \ud800", UserWarning, stacklevel=1)
    first, second = heard
    assert (first.category, first.text, first.times) == ("builtins.RuntimeWarning", "gap 0.1", 3)
    assert (second.text, second.times) == ("half a character ?", 1)
    assert first.said == f"RuntimeWarning: gap 0.1 (test_listening.py:{first.line})"


def test_what_filters_hold_back_is_not_heard():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with listening.listening() as heard:
            warnings.warn("no matter", stacklevel=1)
    assert heard == []


def test_outcomes_that_are_joined_add_up_what_was_warned_of():
    a, b = (Warned("m.W", "/x/f.py", line, "said", 2) for line in (1, 2))
    parts = [Outcomes(np.zeros((1, 1), np.float32), np.ones(1, bool), warned=w) for w in ((a,), (a, b), ())]
    assert join_outcomes(parts).warned == summed([a, a, b])
    assert [w.times for w in join_outcomes(parts).warned] == [4, 2]


def test_it_is_shown_once_as_filters_say(monkeypatch):
    monkeypatch.setattr(listening, "_shown", set())
    known = Warned("sklearn.exceptions.ConvergenceWarning", "/x/f.py", 7, "did not converge", 5)
    import sklearn.exceptions

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        show((known, Warned("nowhere.Odd", "/x/f.py", 8, "odd", 1)))
        show((known,))
    assert [(w.category, str(w.message), w.lineno) for w in shown] == [
        (sklearn.exceptions.ConvergenceWarning, "did not converge", 7), (UserWarning, "odd", 8),
    ]  # fmt: skip
    monkeypatch.setattr(listening, "_shown", set())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        show((known,))  # in the trainer it would have been an error; here nobody can mend it
