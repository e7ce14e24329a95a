"""Charters as answer-set programs (Gelfond & Lifschitz 1988; solved by clingo): the engine's crisp limit.

Where nothing decays and the gate of induction is a step, a norm stands or it doesn't, and a verdict is which side has
the stronger norm left. The program says that in rules of its own, and shares neither code nor order of computation with
the engine. (The product does not run on it: answer sets know neither weights between 0 and 1 nor gradients, and every
plan row would be a program.)
"""

from __future__ import annotations

from collections.abc import Sequence

import clingo

from activeseed.systems.inference.lexicon import Edge
from activeseed.systems.inference.verifiers import Deed
from tests.charters import RANKS, Line

#: an engine's settings in this limit: no share of up to five children comes within one hundredth of the threshold
CRISP = {
    "inheritance": 1.0, "means": 1.0, "induction": 1.0, "threshold": 0.61, "steepness": 10_000.0, "depth": 50,
    "authorities": ("developer", "guideline"), "beta": 20.0,
}  # fmt: skip

PROGRAM = """
concept((V,O)) :- verb(V), object(O).
up((V,O),(U,O)) :- isa(V,U), object(O).
up((V,O),(V,none)) :- verb(V), object(O), O != none.
below(A,B) :- up(A,B).
below(A,C) :- up(A,B), below(B,C).

% what stands of a concept itself: written, or induced of its children
at(S,A,K,T,R) :- norm(S,A,K,T,R).
children(P,N) :- verb(P), N = #count{ C : isa(C,P) }, N > 1.
level(T) :- norm(_,_,_,T,_).
has(S,A,K,T) :- at(S,A,K,T2,_), level(T), T2 >= T.
at(S,(P,O),K,T,0) :- children(P,N), object(O), kind(K), stance(S), level(T),
                     #count{ C : isa(C,P), has(S,(C,O),K,T) } = M, M > 0, 100*M > 61*N.

% what comes down to a concept, and of where it was said
down(S,A,A,0,K,T,R) :- at(S,A,K,T,R).
down(S,B,Or,M,K,T,R) :- down(S,A,Or,M,K,T,R), up(B,A).
down(S,(V,none),(V,none),1,K,T,R) :- down(S,(E,none),_,_,K,T,R), causes(V,E), S != permitted.

% what holds of the deed
true(C) :- fact(C).
fails(K) :- needs(K,C), not true(C).
fails(K) :- needs_not(K,C), true(C).
fails(K) :- unless(K,C), true(C).
% only what is asked of this very action is left undone
is(S,Or,M,K,T,R) :- deed(A), down(S,A,Or,M,K,T,R), kind(K), not fails(K), not omitted.
is(S,Or,M,K,T,R) :- deed(A), down(S,A,Or,M,K,T,R), kind(K), not fails(K), omitted, S != obliged.
is(obliged,A,0,K,T,R) :- deed(A), down(obliged,A,A,0,K,T,R), kind(K), not fails(K), omitted.

contrary(obliged,forbidden). contrary(forbidden,obliged). contrary(permitted,forbidden). contrary(forbidden,permitted).
over(n(S1,O1,M1,K1,T1,R1), n(S2,O2,M2,K2,T2,R2)) :-
    is(S1,O1,M1,K1,T1,R1), is(S2,O2,M2,K2,T2,R2), contrary(S1,S2), R1 > R2.
over(n(S1,O1,M1,K1,T1,R), n(S2,O2,M2,K2,T2,R)) :-
    is(S1,O1,M1,K1,T1,R), is(S2,O2,M2,K2,T2,R), contrary(S1,S2), below(O1,O2), O1 != O2.
over(n(S1,O,M1,K1,T1,R), n(S2,O,M2,K2,T2,R)) :-
    is(S1,O,M1,K1,T1,R), is(S2,O,M2,K2,T2,R), contrary(S1,S2), narrower(K1,K2).
lacks(K1,K2) :- kind(K1), demand(K2,D), not demand(K1,D).
narrower(K1,K2) :- kind(K1), kind(K2), not lacks(K1,K2), lacks(K2,K1).
beaten(X) :- over(Y,X), not beaten(Y).

pro(T) :- is(S,O,M,K,T,R), S != forbidden, not beaten(n(S,O,M,K,T,R)), not omitted.
con(T) :- is(forbidden,O,M,K,T,R), not beaten(n(forbidden,O,M,K,T,R)), not omitted.
pro(T) :- is(forbidden,O,M,K,T,R), not beaten(n(forbidden,O,M,K,T,R)), omitted.
con(T) :- is(obliged,O,M,K,T,R), not beaten(n(obliged,O,M,K,T,R)), omitted.
for(N) :- N = #max{ 0; T : pro(T) }.
against(N) :- N = #max{ 0; T : con(T) }.
#show for/1.
#show against/1.
"""


def verdict(lines: Sequence[Line | Edge], deed: Deed) -> int:
    """+1 where the answer set approves of a deed, −1 where it disapproves, 0 where neither side is stronger."""
    said = [x.says if isinstance(x, Line) else x for x in lines]
    facts = ["stance(obliged). stance(forbidden). stance(permitted). object(none). object(user). object(child)."]
    verbs = {deed.action.split()[0]}
    kinds: dict[tuple[str, tuple[str, ...], tuple[str, ...]], str] = {}
    ranks = {r: i for i, r in enumerate(dict.fromkeys(RANKS))}
    for x in said:
        if isinstance(x, Edge):
            verbs |= {x.lower, x.upper}
            facts.append(f"{x.relation}({x.lower},{x.upper}).")
        else:
            verbs.add(x.action.split()[0])
            kind = kinds.setdefault((x.agent, x.condition, x.exception), f"k{len(kinds)}")
            rank = ranks[x.authority]
            facts.append(f"norm({x.deontic},{_concept(x.action)},{kind},{round(100 * x.strength)},{rank}).")
    for (agent, condition, exception), kind in kinds.items():
        facts.append(f"kind({kind}).")
        facts += [f'needs({kind},"{c}").' for c in condition if not c.startswith("not ")]
        facts += [f'needs_not({kind},"{c[4:]}").' for c in condition if c.startswith("not ")]
        facts += [f'unless({kind},"{c}").' for c in exception]
        facts += [f'demand({kind},"{d}").' for d in (*condition, *([f"agent {agent}"] if agent else []))]
    facts += [f"verb({v})." for v in sorted(verbs)]
    facts += [f'fact("{f}").' for f in deed.facts]
    facts.append(f"deed({_concept(deed.action)}).")
    facts += ["omitted."] if deed.omitted else []
    control = clingo.Control(["--warn=none"])
    control.add("base", [], PROGRAM + "\n".join(facts))
    control.ground([("base", [])])
    shown: dict[str, int] = {}
    models = 0
    with control.solve(yield_=True) as handle:
        for model in handle:
            models += 1
            shown = {s.name: s.arguments[0].number for s in model.symbols(shown=True)}
    assert models == 1, f"a charter has {models} answer sets"
    return (shown["for"] > shown["against"]) - (shown["for"] < shown["against"])


def _concept(action: str) -> str:
    head, _, rest = action.partition(" ")
    return f"({head},{rest or 'none'})"
