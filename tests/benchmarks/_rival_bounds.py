"""Runs another verifier, auto_LiRPA's α-CROWN, on differences of two networks, in an environment of its own.

    OTHER_PYTHON _rival_bounds.py PROBLEMS.npz ANSWERS.json

Knows nothing of this project: what it is given are the layers of the two networks and boxes of inputs. Each box is
bounded three times: plain CROWN, and α-CROWN as it comes, and with its intermediate bounds optimised as well and more
steps. Building its graph is not timed.
"""

import json
import sys
import time

import numpy as np

#: name -> method and options of the optimisation
SETTINGS = {
    "CROWN": ("CROWN", {}),
    "α-CROWN": ("CROWN-Optimized", {"iteration": 20}),
    "α-CROWN, all": ("CROWN-Optimized", {"iteration": 60, "fix_interm_bounds": False}),
}


def main(problems: str, answers: str) -> None:
    """Read the problems, write for each box the bound and the seconds of every setting."""
    import torch
    from auto_LiRPA import (  # type: ignore[import-not-found,unused-ignore]  # of another environment
        BoundedModule,
        BoundedTensor,
        PerturbationLpNorm,
    )

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    given = np.load(problems)
    depth = int(given["depth"])

    def network(pair: int, side: int) -> torch.nn.Module:
        layers: list[torch.nn.Module] = []
        for k in range(depth):
            w, b = (torch.as_tensor(given[f"{pair}/{side}/{part}{k}"]) for part in "wb")
            layer = torch.nn.Linear(w.shape[1], w.shape[0])
            layer.weight.data.copy_(w)
            layer.bias.data.copy_(b)
            layers += [layer, torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])

    class Difference(torch.nn.Module):
        def __init__(self, pair: int) -> None:
            super().__init__()
            self.f, self.g = network(pair, 0), network(pair, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.f(x) - self.g(x)

    out = []
    for pair, low, high in zip(given["pair"], given["low"], given["high"], strict=True):
        lo, hi = (torch.as_tensor(v)[None] for v in (low, high))
        found = {}
        for name, (method, options) in SETTINGS.items():
            graph = BoundedModule(
                Difference(int(pair)), (lo + hi) / 2, bound_opts={"optimize_bound_args": options}, verbose=False
            )
            x = BoundedTensor((lo + hi) / 2, PerturbationLpNorm(norm=np.inf, x_L=lo, x_U=hi))
            began = time.perf_counter()
            least, most = graph.compute_bounds(x=(x,), method=method)
            found[name] = [max(most.item(), -least.item()), time.perf_counter() - began]
        out.append(found)
    with open(answers, "w", encoding="utf-8") as handle:
        json.dump(out, handle)


if __name__ == "__main__":
    main(*sys.argv[1:])
