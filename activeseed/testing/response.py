"""What every response promises: the analysis from whose surrogate risk, values and questions come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from activeseed.outcome import Outcomes, Ranking, Surrogate
from activeseed.plan import Law, Rows
from activeseed.protocols import Problem, Request, Response
from activeseed.testing.analysis import alike, check_analysis, same_rows
from activeseed.testing.running import answer, run_with
from activeseed.testing.toy import Toy
from activeseed.testing.toys import linear, zeros


def check_response(response: Response) -> None:
    """Raise AssertionError unless a response keeps its promises on toys, those of every analysis included.

    It ends in a surrogate, whose coefficients and products are those of an additive trainer without noise, exactly;
    its first request is for the rows that it is fitted on (other outcomes there change the coefficients, other outcomes
    anywhere else don't), they leave out and keep every item that may go, and are of the problem's ``rows_law``: under
    any other belief it asks for the same rows.
    """
    says = f"the response {response.kind!r}"
    for toy in (linear("none"), zeros("noisy")):
        check_analysis(response, toy, toy.materials, toy.problem(1, 1000))
    exact, problem = linear("none"), linear("none").problem(1, 1000)
    requests, surrogate = _fitted(response, exact, problem)
    first = requests[0].design.block(0, requests[0].design.size)
    for f, name in enumerate(problem.ids):
        seen = set(first.variants[:, f].tolist())
        assert seen == {0, 1}, f"{says}: its rows never leave out, or never keep, item {name!r}, which may go"
    _check_surrogate(surrogate, exact, problem, says)
    _check_where_fitted(response, exact, problem, requests, surrogate, says)
    other = np.tile([0.95, 0.05], (len(problem.ids), 1))
    drawn = replace(problem, law=Law("later", other), rows_law=problem.law)
    again, later = _fitted(response, exact, drawn)
    assert len(again) == len(requests), f"{says} asks for something else under another belief"
    for old, new in zip(requests, again, strict=True):
        same = same_rows(_rows(old), _rows(new))
        assert same, f"{says}: under another belief {new.purpose!r} asks for other rows, which would be paid for again"
    close = np.allclose(later.coefficients, surrogate.coefficients, rtol=0, atol=1e-9)
    assert close, f"{says}: the coefficients of the same rows depend on the belief"


def _rows(request: Request) -> Rows:
    return request.design.block(0, request.design.size)


def _fitted(
    response: Response, toy: Toy, problem: Problem, changed: int | None = None
) -> tuple[list[Request], Surrogate]:
    """The requests of a run and its surrogate; the outcomes of one request may be given in reverse."""
    requests: list[Request] = []

    def answered(request: Request) -> Outcomes:
        out = answer(request, toy, toy.materials)
        return replace(out, values=out.values[::-1].copy()) if len(requests) - 1 == changed else out

    ranking = run_with(response, problem, answered, requests.append)
    assert isinstance(ranking, Ranking), f"the response {response.kind!r} ends in {type(ranking).__name__}"
    assert ranking.surrogate is not None, f"the response {response.kind!r} ends in a ranking without a surrogate"
    return requests, ranking.surrogate


def _check_surrogate(surrogate: Surrogate, toy: Toy, problem: Problem, says: str) -> None:
    f, v = problem.law.probabilities.shape
    b, g = surrogate.coefficients, surrogate.gram
    assert b.shape[:2] == (f, v), f"{says}: coefficients have shape {b.shape}, not ({f}, {v}, …)"
    assert g.shape == (f * v, f * v), f"{says}: the gram has shape {g.shape}, not {(f * v, f * v)}"
    assert (b[:, 0] == 0).all(), f"{says}: 'as written' has a coefficient; it is what others are relative to"
    assert np.allclose(g, g.T, rtol=0, atol=1e-12), f"{says}: the gram is not symmetric"
    assert surrogate.law, f"{says} does not say on which law's rows its surrogate is fitted"
    right = np.zeros(b.shape)
    whole = toy.geometry(toy.materials).embed(toy.mean(np.zeros(f, np.int64)))
    for i in range(f):
        left = np.zeros(f, np.int64)
        left[i] = 1
        right[i, 1] = toy.geometry(toy.materials).embed(toy.mean(left)) - whole
    # outcomes are single precision, of size one; a coefficient is a mean of dozens of them
    assert np.allclose(b, right, rtol=0, atol=1e-5), f"{says}: the coefficients are not those of an additive trainer"
    products = right.reshape(f * v, -1) @ right.reshape(f * v, -1).T
    assert np.allclose(g, products, rtol=0, atol=1e-4), f"{says}: the gram is not of the coefficients' products"


def _check_where_fitted(
    response: Response, toy: Toy, problem: Problem, requests: list[Request], surrogate: Surrogate, says: str
) -> None:
    for n, request in enumerate(requests):
        moved = not alike(_fitted(response, toy, problem, n)[1].coefficients, surrogate.coefficients)
        if n == 0:
            assert moved, f"{says}: its first request, {request.purpose!r}, is not for the rows that it is fitted on"
        else:
            assert not moved, f"{says} is fitted on {request.purpose!r}, too: its first request has all the rows"
