"""Small mistakes that the tests of certificates have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = (
    "tests/unit/test_divergences.py",
    "tests/unit/test_exact.py",
    "tests/unit/test_certificates.py",
)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/bounding/divergences.py",
        "a total variation of half the range",
        "math.tanh(r / 4.0)))",
        "math.tanh(r / 5.0)))",
    ),
    Mutation(
        "activeseed/bounding/divergences.py", "the bend of KL is forgotten", "bend * step * step / 8.0", "0.0 * step"
    ),
    Mutation(
        "activeseed/bounding/divergences.py",
        "half of the interval is searched",
        "np.linspace(-r, 0.0, ",
        "np.linspace(-r / 4.0, 0.0, ",
    ),
    Mutation(
        "activeseed/bounding/divergences.py",
        "an overlap that is squared once too often",
        "2.0 * math.sinh(r / 8.0) ** 2",
        "2.0 * math.sinh(r / 8.0) ** 4",
    ),
    Mutation(
        "activeseed/bounding/divergences.py",
        "the leash multiplies",
        "max(0.0, most + least) / leash",
        "max(0.0, most + least) * leash",
    ),
    Mutation(
        "activeseed/bounding/divergences.py",
        "the wrong side of a decision",
        "threshold - f > max(least, 0.0)",
        "threshold - f > max(most, 0.0)",
    ),
    Mutation(
        "activeseed/bounding/divergences.py",
        "only half of the swing",
        "swing = max(0.0, most + least)",
        "swing = max(most, least)",
    ),
    Mutation(
        "activeseed/bounding/divergences.py",
        "uncertified pairs count once",
        "1.0 - 2.0 * (pairs - certified)",
        "1.0 - (pairs - certified)",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "the bias is dropped",
        "self._row([(some, 1.0), (reads, -w)], b, infinite, -lo)",
        "self._row([(some, 1.0), (reads, -w)], 0.0 * b, infinite, -lo)",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "a big-M with the wrong sign",
        "(binaries, -lo)], -infinite, b - lo, -lo)",
        "(binaries, lo)], -infinite, b + lo, -lo)",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "a unit may not pass its lower bound",
        "np.maximum(lo, 0.0), np.maximum(hi, 0.0))\n            on,",
        "np.maximum(lo, 0.0), np.maximum(hi, 0.0) / 2)\n            on,",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "the constant has the wrong sign",
        "sign * constant - dual + off",
        "-sign * constant - dual + off",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "both programs look one way",
        "program.solve(-sign * objective, left)",
        "program.solve(-objective, left)",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "the cut of a pair is turned round",
        "lo - (c - b), hi - (c - b))",
        "lo + (c - b), hi + (c - b))",
    ),
    Mutation(
        "activeseed/bounding/exact.py",
        "the box around a ball is too small",
        "region.centre + region.radius, f",
        "region.centre + region.radius / 2.0, f",
    ),
    Mutation(
        "activeseed/analyses/certificates/judging.py",
        "what is decided otherwise is decided alike",
        "((f > 0) != (g > 0)).sum()",
        "((f > 0) == (g > 0)).sum()",
    ),
    Mutation(
        "activeseed/analyses/certificates/judging.py",
        "approval above the wrong bound",
        "approves=float(expit(max(found.most, 0.0)))",
        "approves=float(expit(max(found.least, 0.0)))",
    ),
    Mutation(
        "activeseed/analyses/certificates/judging.py",
        "caps of half of what was proved",
        "caps(found.upper)",
        "caps(found.upper / 2.0)",
    ),
    Mutation("activeseed/analyses/certificates/places.py", "the mean is not folded", "first @ mean + bias", "bias"),
    Mutation(
        "activeseed/analyses/certificates/places.py",
        "a datum is its own neighbour",
        "far[far < 1e-12 * (1.0 + square)[None, :]] = np.inf",
        "pass",
    ),
    Mutation(
        "activeseed/analyses/certificates/places.py",
        "some data lie outside of their ball",
        "np.linalg.norm(data - mean, axis=1).max())",
        "np.linalg.norm(data - mean, axis=1).mean())",
    ),
    Mutation(
        "activeseed/analyses/certificates/record.py",
        "the item that moves it least",
        "int(np.argmax(far))",
        "int(np.argmin(far))",
    ),
    Mutation(
        "activeseed/analyses/certificates/saying.py",
        "what is proved is rounded down",
        "return _to(value, digits, math.ceil)",
        "return _to(value, digits, math.floor)",
    ),
)
