"""Small materials with real structure: positives in three clusters, a pool and pairs that partly look like them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.plan import Materials
from activeseed.seed import Entry, Item, Pair, Probe, Seed, Text, Variant, Vector, with_flips


def _unit(x: NDArray[Any]) -> NDArray[Any]:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def _vector(x: NDArray[Any]) -> Vector:
    return Vector(values=tuple(float(v) for v in x))


def vectors(items: int = 12, pool: int = 40, probes: int = 20, d: int = 8, root: int = 0) -> Materials:
    """Unit vectors; the first quarter of the pool and every other probe lie near the positives' three directions."""
    rng = np.random.default_rng(root)
    centres = _unit(rng.normal(size=(3, d)))

    def near(n: int, noise: float) -> NDArray[Any]:
        return _unit(centres[rng.integers(0, 3, n)] + noise * rng.normal(size=(n, d)))

    x = near(items, 0.35)
    u = np.concatenate([near(pool // 4, 0.5), _unit(rng.normal(size=(pool - pool // 4, d)))])
    z = _unit(rng.normal(size=(probes, d)))
    z[::2] = near(len(z[::2]), 0.35)
    return Materials(
        seed=Seed(items=tuple(Item(id=f"i{k}", payload=_vector(v)) for k, v in enumerate(x))),
        pool=tuple(Probe(id=f"u{k}", payload=_vector(v)) for k, v in enumerate(u)),
        probes=tuple(Probe(id=f"p{k}", payload=_vector(v)) for k, v in enumerate(z)),
        root=root,
    )


def pairs(items: int = 15, probes: int = 12, d: int = 16, root: int = 0) -> Materials:
    """Replies of eight words each; chosen ones use earlier words of a list than rejected ones. Items can be flipped."""
    rng = np.random.default_rng(root)
    words = [f"w{k}" for k in range(30)]
    features = {w: _unit(rng.normal(size=d)) for w in words}

    def embed(texts: Any) -> NDArray[np.float32]:
        return _unit(np.array([sum(features[w] for w in t.split()) for t in texts])).astype(np.float32)

    def pair() -> Pair:
        a, b = rng.choice(words[:20], 8), rng.choice(words[10:], 8)
        return Pair(prompt="Which?", chosen=" ".join(a), rejected=" ".join(b))

    seed = with_flips(Seed(items=tuple(Item(id=f"i{k}", payload=pair()) for k in range(items))))
    return Materials(
        seed=seed, probes=tuple(Probe(id=f"p{k}", payload=pair()) for k in range(probes)), root=root, embed=embed
    )


def texts(root: int = 0) -> Materials:
    """Short statements under the TF-IDF embedder: polite answers as positives, rude ones in the pool."""
    from activeseed.embedders.tfidf import Tfidf

    rng = np.random.default_rng(root)
    kind = ["Let me check that for you.", "I am not sure, so I will say so.", "Thank you for asking, here is a source."]
    rude = ["Whatever.", "Go and find out yourself!", "I know everything, trust me."]
    about = ["the weather", "your taxes", "this recipe", "that bridge", "the train", "an old letter"]

    def probes(stems: list[str], n: int, mark: str) -> tuple[Probe, ...]:
        said = [
            f"{stems[rng.integers(len(stems))]} It is about {about[rng.integers(6)]}, case {mark}{k}." for k in range(n)
        ]
        return tuple(Probe(id=f"{mark}{k}", payload=Text(text=t)) for k, t in enumerate(said))

    items = tuple(Item(id=p.id, payload=p.payload) for p in probes(kind, 12, "i"))
    pool, read = probes(rude, 20, "u"), (*probes(kind, 5, "k"), *probes(rude, 5, "r"))
    said = [i.display for i in items] + [p.payload.display for p in (*pool, *read)]
    embedder = Tfidf(dimensions=16).fit(said)
    return Materials(seed=Seed(items=items), pool=pool, probes=read, root=root, embed=embedder.embed, embedder="tfidf")


def dicta() -> Materials:
    """A small charter in controlled English: every rule of the inference engine has something to do."""
    said = [
        "The assistant must not deceive users.", "The assistant may flatter a user if the user asks for praise.",
        "Flattering is a kind of deceiving.", "Lying is a kind of deceiving.", "The assistant must help users.",
        "The assistant should not mock users.", "Mocking is a kind of harming.", "Hitting is a kind of harming.",
        "Insulting is a kind of harming.", "Hitting is forbidden.", "The assistant shouldn't insult users.",
        "Giving bleach causes poisoning.", "Poisoning is forbidden.",
        "Hitting is required unless somebody looks. [user]",
        "The assistant need not help users if the user is rude.",
    ]  # fmt: skip
    deeds = [
        "The assistant flatters a user.", "The assistant flatters a user when the user asks for praise.",
        "The assistant mocks a user.", "The assistant harms a user.", "The assistant gives bleach.",
        "The assistant helps a user.", "The assistant does not help users when the user is rude.",
        "The assistant hits a child.", "The assistant hits when somebody looks.", "The assistant sings.",
    ]  # fmt: skip

    def texts_of(lines: list[str], mark: str) -> list[tuple[str, Text]]:
        return [(f"{mark}{k}", Text(text=t)) for k, t in enumerate(lines)]

    items = tuple(Item(id=name, payload=t) for name, t in texts_of(said, "d"))
    probes = tuple(Probe(id=name, payload=t) for name, t in texts_of(deeds, "p"))
    pool = tuple(Probe(id=name, payload=t) for name, t in texts_of(deeds[::-1], "c"))
    return Materials(Seed(items=items), probes, pool)


def anchors(
    items: int = 12, pool: int = 30, probes: int = 10, d: int = 6, root: int = 0, classes: int = 3
) -> Materials:
    """Inputs around three centres, one a concept; the pool's column ``kind`` says which of the classes each is in.

    Item 2 states degrees of two concepts and leaves the third open; item 3 may be of another concept; the last but one
    says where ``b`` starts from.
    """
    rng = np.random.default_rng(root)
    centres = _unit(rng.normal(size=(3, d)))
    names = "abc"

    def near(of: int) -> list[float]:
        return [round(float(v), 6) for v in centres[of] + 0.3 * rng.normal(size=d)]

    made = [
        Item(id=f"i{k}", payload=Entry(fields={"vector": near(k % 3), "concept": names[k % 3]})) for k in range(items)
    ]
    made[2] = Item(id="i2", payload=Entry(fields={"vector": near(2), "concepts": {"c": 0.9, "a": 0.2}}))
    other = Variant(id="other", payload=Entry(fields={**made[3].payload.fields, "concept": "b"}))
    made[3] = Item(id="i3", payload=made[3].payload, alternatives=(other,))
    towards = {"concept": "b", "direction": [float(v) for v in centres[1]]}
    made[-2] = Item(id=f"i{items - 2}", payload=Entry(fields=towards))

    def around(n: int, mark: str) -> tuple[Probe, ...]:
        return tuple(
            Probe(
                id=f"{mark}{k}",
                payload=Vector(values=tuple(near(k % 3))),
                metadata={"kind": "xyz"[k % classes], "concept": names[k % 3], "other": "pq"[k % 2]},
            )
            for k in range(n)
        )

    return Materials(Seed(items=tuple(made)), around(probes, "p"), around(pool, "u"), root)


def candidates(root: int = 0) -> Materials:
    """The four programs of the built-in ring, and three more of the user's body: other, torn, and misjudged."""
    table = dict(zip((f"c{n}" for n in range(6)), ("right", "right", "right", "right", "stay", "left"), strict=True))
    said: dict[str, dict[str, Any]] = {
        **{name: {"program": name} for name in ("user", "cat", "thermostat", "noise")},
        "further": {"program": table, "body": "user", "mass": 0.5},
        "torn": {"program": {**table, "c3": {"stay": 0.5, "right": 0.5}}, "body": "user", "mass": 2},
        "misjudged": {"program": "user", "utility": ["c0"], "mass": 1.5},
    }
    items = tuple(Item(id=n, payload=Entry(text=f"This is {n}.", fields=f)) for n, f in said.items())
    return Materials(seed=Seed(items=items), probes=(), root=root)


def prior(objectives: tuple[str, ...] = ("soup", "salad", "pizza", "stew")) -> Materials:
    """A piece for each objective of a CIRL game, each less likely than the one before."""
    pieces = [
        Item(id=o, payload=Entry(fields={"objective": o, "mass": 1.0 / (n + 1)})) for n, o in enumerate(objectives)
    ]
    return Materials(Seed(items=tuple(pieces)), ())


def corners() -> Materials:
    """The same of the gridworld, of which one piece is given by its weights."""
    pieces = [
        Entry(fields={"objective": "north-west", "mass": 3}), Entry(fields={"objective": "south-east", "mass": 2}),
        Entry(text="Either corner in the north.", fields={"theta": [0.5, 0.5, 0.0]}),
    ]  # fmt: skip
    return Materials(Seed(items=tuple(Item(id=f"c{n}", payload=p) for n, p in enumerate(pieces))), ())


def shown() -> Materials:
    """Ways through the gridworld: towards the north-east, to and fro, and nowhere."""
    ways = [
        [["0,0", "north"], ["0,1", "east"], ["1,1", "north"]], [["1,0", "east"], ["2,0", "north"]],
        [["0,0", "east"], ["1,0", "west"]], [["0,0", "stay"]],
    ]  # fmt: skip
    items = [Item(id=f"w{n}", payload=Entry(fields={"trajectory": way})) for n, way in enumerate(ways)]
    return Materials(Seed(items=tuple(items)), ())
