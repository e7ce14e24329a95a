"""The model with its translators, for R rows at once, and its gradients, written by hand.

    h = tanh(W₂ tanh(W₁x + b₁)/√h + b₂)            the inside, one layer or two
    z = V h/√h + c                                 what the task is told by: softmax(z)
    m = T h/√h + t                                 h said in concepts; q its code where there are any, else m itself
    ĥ = S q/√k + s                                 said back

    L = Σ v ce(z) + λ₁ Σ u ‖ĥ − h‖²/h + λ₂ Σ w ‖m − target‖² + λ₃ Σ u ‖m − q‖²/k

v are weights of the task's entries (their sum is 1), u those of all inputs, likewise, w those of the anchors: the
row's, over their sum; where an anchor states some concepts only, ‖·‖² is the mean over those, and else over all.
Codes are rounded to with gradients passed straight through, and each moves by λ₃ towards what is rounded to it (van den
Oord et al. 2017, eq. 3, with its two terms weighed alike). The 1/√h are those of the neural tangent parametrisation, in
which one learning rate serves every width (Jacot et al. 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.systems.tethers.settings import TetherSettings


@dataclass
class Model:
    """Parameters of R rows, or their gradients, or velocities.

    Attributes:
        inside: W₁ (R, h, d), b₁ (R, h), and with two layers W₂ (R, h, h), b₂ (R, h).
        head: V (R, C, h), c (R, C); C may be 0.
        to: T (R, k, h), t (R, k).
        back: S (R, h, k), s (R, h).
        book: codes (R, K, k); K may be 0.
    """

    inside: list[Tensor]
    head: list[Tensor]
    to: list[Tensor]
    back: list[Tensor]
    book: Tensor

    @property
    def parts(self) -> list[Tensor]:
        """All of them, in one order."""
        return [*self.inside, *self.head, *self.to, *self.back, self.book]

    def like(self, parts: list[Tensor]) -> Model:
        """The same shape with other parts, in the order of ``parts``."""
        n = len(self.inside)
        return Model(parts[:n], parts[n : n + 2], parts[n + 2 : n + 4], parts[n + 4 : n + 6], parts[n + 6])


@dataclass(frozen=True)
class Pull:
    """What pulls on R rows in one step.

    Attributes:
        task: (R, n) weights of the task's entries; None where there is no task.
        classes: (n,) their classes.
        every: (R, n + A) weights of all inputs.
        anchors: (R, A, k) weights of what is stated of each anchor's input.
        towards: (R, A, k) sums of weight times target: an input may be said to belong to several things, to a degree.
    """

    task: Tensor | None
    classes: Tensor | None
    every: Tensor
    anchors: Tensor
    towards: Tensor


def units(model: Model, points: Tensor) -> list[Tensor]:
    """(R, h, n) units of each layer at shared points (n, d); the last are the inside."""
    w, b = model.inside[0], model.inside[1]
    out = [torch.tanh((w.flatten(0, 1) @ points.T).view(*b.shape, len(points)) + b[:, :, None])]
    if len(model.inside) > 2:
        w, b = model.inside[2], model.inside[3]
        out.append(torch.tanh(torch.bmm(w / w.shape[2] ** 0.5, out[0]) + b[:, :, None]))
    return out


def affine(pair: list[Tensor], at: Tensor) -> Tensor:
    """W x/√n + b of stacked maps (R, o, n), (R, o) at points (R, n, m): (R, o, m)."""
    w, b = pair
    return torch.baddbmm(b[:, :, None], w, at, alpha=w.shape[2] ** -0.5)


def rounded(book: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
    """(R, k, m) the nearest code of each translation, and (R, m) its number; translations as they are without codes."""
    if not book.shape[1]:
        return said, said.new_zeros(0, dtype=torch.int64)
    apart = (book * book).sum(2)[:, :, None] - 2.0 * torch.bmm(book, said)
    which = apart.argmin(1)
    return book.gather(1, which[:, :, None].expand(-1, -1, book.shape[2])).transpose(1, 2), which


def loss(model: Model, points: Tensor, pull: Pull, settings: TetherSettings) -> Tensor:
    """(R,) the loss of each row, less Σ w target², which no parameter changes: what `gradients` are the gradient of."""
    h = units(model, points)[-1]
    n = points.shape[0] - pull.anchors.shape[1]
    out = points.new_zeros(len(h))
    if pull.task is not None and pull.classes is not None:
        z = torch.log_softmax(affine(model.head, h[:, :, :n]), 1)
        out = out - (pull.task * z.gather(1, pull.classes.expand(len(h), 1, -1))[:, 0]).sum(1)
    said = affine(model.to, h)
    code, _ = rounded(model.book, said)
    through = said + (code - said).detach() if model.book.shape[1] else said
    back = affine(model.back, through)
    out = out + settings.tension * (pull.every * ((back - h) ** 2).mean(1)).sum(1)
    here = said[:, :, n:].transpose(1, 2)
    out = out + settings.link * (pull.anchors * here**2 - 2.0 * pull.towards * here).sum((1, 2))
    if model.book.shape[1]:
        kept = ((said - code.detach()) ** 2).mean(1) + ((said.detach() - code) ** 2).mean(1)
        out = out + settings.commitment * (pull.every * kept).sum(1)
    return out


def gradients(model: Model, points: Tensor, pull: Pull, settings: TetherSettings) -> Model:
    """The gradient of `loss`, row by row."""
    layers = units(model, points)
    h = layers[-1]
    width, k = h.shape[1], model.to[0].shape[1]
    n = points.shape[0] - pull.anchors.shape[1]
    root = width**-0.5
    down = torch.zeros_like(h)
    head = [torch.zeros_like(p) for p in model.head]
    if pull.task is not None and pull.classes is not None:
        slope = torch.softmax(affine(model.head, h[:, :, :n]), 1)
        slope.scatter_add_(1, pull.classes.expand(len(h), 1, -1), -torch.ones_like(slope[:, :1]))
        slope *= pull.task[:, None, :]
        head = [torch.bmm(slope, h[:, :, :n].transpose(1, 2)).mul_(root), slope.sum(2)]
        down[:, :, :n] += torch.bmm(model.head[0].transpose(1, 2), slope).mul_(root)
    said = affine(model.to, h)
    code, which = rounded(model.book, said)
    slope_said = torch.zeros_like(said)
    here = pull.anchors * said[:, :, n:].transpose(1, 2) - pull.towards
    slope_said[:, :, n:] = here.mul_(2.0 * settings.link).transpose(1, 2)
    back = [torch.zeros_like(p) for p in model.back]
    if settings.tension:
        off = affine(model.back, code) - h
        slope = off.mul_(2.0 * settings.tension / width * pull.every[:, None, :])
        back = [torch.bmm(slope, code.transpose(1, 2)).mul_(k**-0.5), slope.sum(2)]
        slope_said += torch.bmm(model.back[0].transpose(1, 2), slope).mul_(k**-0.5)
        down -= slope
    book = torch.zeros_like(model.book)
    if model.book.shape[1]:
        slope = (said - code) * (2.0 * settings.commitment / k * pull.every[:, None, :])
        slope_said += slope
        book.scatter_add_(1, which[:, :, None].expand(-1, -1, k), -slope.transpose(1, 2))
    to = [torch.bmm(slope_said, h.transpose(1, 2)).mul_(root), slope_said.sum(2)]
    down += torch.bmm(model.to[0].transpose(1, 2), slope_said).mul_(root)
    return Model(_inside(model, points, layers, down), head, to, back, book)


def _inside(model: Model, points: Tensor, layers: list[Tensor], down: Tensor) -> list[Tensor]:
    """Gradients of the layers, from that of the inside."""
    out: list[Tensor] = []
    if len(layers) > 1:
        slope = down * (1.0 - layers[1] * layers[1])
        root = layers[0].shape[1] ** -0.5
        out = [torch.bmm(slope, layers[0].transpose(1, 2)).mul_(root), slope.sum(2)]
        down = torch.bmm(model.inside[2].transpose(1, 2), slope).mul_(root)
    slope = down * (1.0 - layers[0] * layers[0])
    first = (slope.flatten(0, 1) @ points).view_as(model.inside[0])
    return [first, slope.sum(2), *out]
