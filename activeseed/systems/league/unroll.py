"""Future exploitation: optimise against where a boxed opponent will be a few steps from now (Metz et al. 2017).

*Boxed agents* (the evaluator looks ahead). A policy that moves half-way to its best response in each step has after U
steps the log-odds ℓ_U = (1−a)ℓ₀ + a·score/β with a = 1 − 2⁻ᵁ. It depends on the score, so the evaluator's loss
f = Σ_u π_U(u) softplus(score_u) has the gradient π_U σ(score) + (a/β) π_U (softplus(score) − f): the second part is the
evaluator's own influence on the policy. Closed form, no autograd.

*Boxed evaluator* (agents look ahead). The evaluator takes U descent steps against a mixture that holds the policy π;
π maximises Σ π score_U(π) − β KL(π ‖ π₀), differentiated through those steps. π = softmax(∇/β) is solved by three
damped iterations from the present best response. All rows in one graph: the sum over rows separates.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from activeseed.systems.fields.field import Field, Params

ITERATIONS = 3


def foreseen(scores: Tensor, odds: Tensor, beta: float, steps: int) -> Tensor:
    """(R, N) gradient in the scores of the loss against the policy U steps ahead.

    Args:
        scores: (R, N) the evaluator's present scores over the pool.
        odds: (R, N) the policy's present log-odds ℓ₀.
    """
    share = 1.0 - 0.5**steps
    policy = torch.softmax((1.0 - share) * odds + (share / beta) * scores, 1)
    loss = softplus(scores)
    mean = (policy * loss).sum(1, keepdim=True)
    return policy * (torch.sigmoid(scores) + (share / beta) * (loss - mean))


def look_ahead(
    evaluator: Field,
    params: Params,
    wanted: Tensor,
    others: Tensor,
    *,
    beta: float,
    steps: int,
    share: float,
) -> Tensor:
    """(R, N) log-odds of a policy that climbs what the evaluator will say after U steps against it.

    Args:
        wanted: (R, S) weights of the positives.
        others: (R, N) mixture of past agents over the pool, that the evaluator goes on meeting with weight 1 − share.
    """
    s = wanted.shape[1]
    odds = evaluator.train_scores(params)[:, s:] / beta
    for _ in range(ITERATIONS):
        slope = gain_slope(evaluator, params, wanted, others, torch.softmax(odds, 1), steps, share)
        odds = (odds + slope / beta) / 2
    return odds


def gain_slope(
    evaluator: Field, params: Params, wanted: Tensor, others: Tensor, policy: Tensor, steps: int, share: float
) -> Tensor:
    """(R, N) d/dπ of Σ π score_U(π): what more weight on an output wins, given how the evaluator will answer it."""
    s = wanted.shape[1]
    with torch.enable_grad():
        policy = policy.detach().requires_grad_()
        ahead = [p.detach().clone().requires_grad_() for p in params]
        for _ in range(steps):
            scores = evaluator.train_scores(ahead)
            mixture = (1.0 - share) * others + share * policy
            loss = (wanted * softplus(-scores[:, :s])).sum() + (mixture * softplus(scores[:, s:])).sum()
            slopes = torch.autograd.grad(loss, ahead, create_graph=True)
            ahead = evaluator.stepped(ahead, slopes)
        gain = (policy * evaluator.train_scores(ahead)[:, s:]).sum()
        (slope,) = torch.autograd.grad(gain, policy)
    return slope
