"""Who meets whom: the archive of agents, its payoff matrix, and prioritised fictitious self-play.

``payoff[e, a]`` is the acceptance rate of agent a under evaluator e, E_{x∼a}[E_e(x)] in [0, 1]: what the agent wins.
Matchmaking follows AlphaStar (Vinyals et al. 2019, supplement): half of the evaluator's matches by PFSP over the whole
archive, f_hard = acceptance² (an opponent is met the more, the more it gets away with); 15 % verification against
exploiters while one of them wins more than 70 %, else against its own past; 35 % against the latest main agent, or,
where that one already wins 70 %, against its past by f_var = x(1−x), so that the evaluator meets opponents it can
learn from. Payoffs are exact expectations, so nothing decays. Every round is a checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from activeseed.systems.fields.draws import Draws

Role = Literal["main", "main_exploiter", "league_exploiter", "generator"]
PFSP, VERIFICATION, SELF_PLAY = 0.5, 0.15, 0.35
UNPLAYED = 0.5


@dataclass
class Archive:
    """Agents so far. ``policies[j]`` (R, N) over the pool, or ``points[j]`` (R, g, d); the other is None."""

    roles: list[Role] = field(default_factory=list)
    policies: list[Tensor | None] = field(default_factory=list)
    points: list[Tensor | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.roles)

    def add(self, role: Role, policy: Tensor | None = None, points: Tensor | None = None) -> None:
        """A snapshot joins."""
        self.roles.append(role)
        self.policies.append(policy)
        self.points.append(points)

    def over_pool(self, weights: Tensor) -> Tensor:
        """(R, N) mixture of the policies, each times its weight (R, J)."""
        out = None
        for j, policy in enumerate(self.policies):
            if policy is not None:
                part = policy * weights[:, j, None]
                out = part if out is None else out.add_(part)
        assert out is not None, "the archive starts with the policy π₀"
        return out

    def own_points(self, weights: Tensor) -> tuple[Tensor, Tensor] | None:
        """Points (R, m, d) of all generators and their weights (R, m), or None."""
        at = [(j, p) for j, p in enumerate(self.points) if p is not None]
        if not at:
            return None
        each = [weights[:, j, None].expand(-1, p.shape[1]) / p.shape[1] for j, p in at]
        return torch.cat([p for _, p in at], 1), torch.cat(each, 1)


def acceptance(archive: Archive, pool_approval: Tensor, own_approval: list[Tensor | None]) -> Tensor:
    """(R, J) acceptance rate of every archived agent under one evaluator.

    Args:
        pool_approval: (R, N) the evaluator's approval over the pool.
        own_approval: for each agent its approval (R, g) at the agent's points; None for policies.
    """
    rates = []
    for policy, own in zip(archive.policies, own_approval, strict=True):
        rates.append((policy * pool_approval).sum(1) if policy is not None else _mean(own))
    return torch.stack(rates, 1)


def _mean(own: Tensor | None) -> Tensor:
    assert own is not None
    return own.mean(1)


def match_weights(kind: Literal["average", "prioritised"], roles: list[Role], won: Tensor) -> Tensor:
    """(R, J) weights ρ of the opponents, rows summing to one, from the agents' acceptance rates ``won`` (R, J)."""
    if kind == "average" or len(roles) == 1:
        return torch.full_like(won, 1.0 / len(roles))
    mains = [j for j, r in enumerate(roles) if r == "main"]
    exploiters = [j for j, r in enumerate(roles) if r in ("main_exploiter", "league_exploiter")]
    weights = PFSP * _shares(won.square())
    # verification
    past = _only(won.square(), mains[:-1] or mains)
    check = past
    if exploiters:
        beaten = won[:, exploiters].amax(1, keepdim=True) > 0.7
        check = torch.where(beaten, _only(won.square(), exploiters), past)
    weights = weights + VERIFICATION * check
    # self-play
    latest = torch.zeros_like(won)
    latest[:, mains[-1]] = 1.0
    lost = won[:, mains[-1], None] >= 0.7
    return weights + SELF_PLAY * torch.where(lost, _only(won * (1.0 - won), mains[:-1] or mains), latest)


def _only(score: Tensor, members: list[int]) -> Tensor:
    kept = torch.zeros_like(score)
    kept[:, members] = score[:, members] + 1e-12  # all zero: alike
    return _shares(kept)


def _shares(score: Tensor) -> Tensor:
    score = score + (score.sum(1, keepdim=True) <= 0).to(score.dtype)
    return score / score.sum(1, keepdim=True)


def drawn_weights(weights: Tensor, draws: Draws, count: int, round_: int) -> Tensor:
    """(R, J) shares of ``count`` opponents drawn from ``weights`` (stream ``opponents``).

    Drawn by inverting the cumulated weights, so that rows of one key that weigh opponents alike draw them alike.
    """
    u = draws.uniform("opponents", (count,), round_)
    edges = weights.cumsum(1)
    chosen = torch.searchsorted(edges.contiguous(), u.contiguous(), right=True).clamp(max=weights.shape[1] - 1)
    return torch.zeros_like(weights).scatter_add_(1, chosen, torch.full_like(u, 1.0 / count))


def exploiter_targets(past_scores: list[Tensor], won: Tensor) -> Tensor:
    """(R, N) what a league exploiter climbs: past evaluators' scores, weighted by min(½, 1 − its own win rate).

    Args:
        past_scores: K score fields (R, N) over the pool.
        won: (R, K) acceptance of the exploiter under each of them; ½ where unplayed.
    """
    weights = _shares((1.0 - won).clamp(max=0.5))
    out = torch.zeros_like(past_scores[0])
    for k, scores in enumerate(past_scores):
        out += scores * weights[:, k, None]
    return out


def league_exploiter(odds: Tensor, past_scores: list[Tensor], temperature: float, draws: Draws, round_: int) -> Tensor:
    """(R, N) log-odds of the league exploiter: half-way to its target, reset to π₀ with probability ¼ beforehand."""
    reset = draws.uniform("opponents", (1,), round_, 1) < 0.25
    odds = torch.where(reset, torch.zeros_like(odds), odds)
    policy = torch.softmax(odds, 1)
    if len(past_scores) == 1:  # it has not played yet
        won = torch.full((len(odds), 1), UNPLAYED)
    else:
        won = torch.stack([(policy * scores.sigmoid()).sum(1) for scores in past_scores], 1)
    return (odds + exploiter_targets(past_scores, won) / temperature) / 2
