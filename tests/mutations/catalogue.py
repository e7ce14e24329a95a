"""The mutations: at least ten small mistakes in each family, as text that is replaced in a file.

They were chosen from the code alone, without a look at its tests: a comparison that is turned round, a term that is
dropped, a square or a factor that is missing, an index that is off by one, arguments that are swapped.
"""

from __future__ import annotations

from tests.mutations import (
    beginning,
    bounding,
    budget,
    certificates,
    cirl,
    designs,
    distances,
    entries,
    human,
    levels,
    predca,
    removal,
    spending,
    stability,
    sweeps,
    tethers,
)
from tests.mutations.mutation import Mutation

_E, _B, _A = "activeseed/estimators/", "activeseed/belief/", "activeseed/acquisition/"
_R, _S = "activeseed/resolution/", "activeseed/store/"

#: the tests most likely to see a mutation of each family
FIRST: dict[str, tuple[str, ...]] = {
    "estimators": ("tests/unit/test_statistics.py", "tests/contracts/test_estimators.py"),
    "belief": ("tests/unit/test_belief.py", "tests/unit/test_preference.py"),
    "acquisition": ("tests/unit/test_acquisition.py", "tests/unit/test_wrongness.py", "tests/unit/test_steadying.py"),
    "resolution": (
        "tests/unit/test_agreement.py",
        "tests/unit/test_resolution.py",
        "tests/unit/test_vouching.py",
        "tests/statistical/test_drawing.py",
        "tests/statistical/test_trust.py",
    ),
    "store": ("tests/contracts/test_store.py",),
    "beginning": beginning.FIRST,
    "bounding": bounding.FIRST,
    "budget": budget.FIRST,
    "certificates": certificates.FIRST,
    "cirl": cirl.FIRST,
    "designs": designs.FIRST,
    "distances": distances.FIRST,
    "entries": entries.FIRST,
    "human": human.FIRST,
    "levels": levels.FIRST,
    "removal": removal.FIRST,
    "spending": spending.FIRST,
    "stability": stability.FIRST,
    "sweeps": sweeps.FIRST,
    "predca": predca.FIRST,
    "tethers": tethers.FIRST,
}

FAMILIES: dict[str, tuple[Mutation, ...]] = {
    "estimators": (
        Mutation(_E + "leave_one_out.py", "keys that failed are not left out", "        ok[c.unit] &= good\n", ""),
        Mutation(
            _E + "statistics.py",
            "a resampled mean's variance is not made up for",
            "    centre *= (n / (n - 1))[:, None, None]\n",
            "",
        ),
        Mutation(
            _E + "statistics.py",
            "half a term of the company's error",
            "4.0 * np.maximum(m.value",
            "2.0 * np.maximum(m.value",
        ),
        Mutation(
            _E + "statistics.py",
            "the upper arm between zero and its reach",
            "np.where(value > 0, (np.e - 1.0) * value, value)",
            "value",
        ),
        Mutation(_E + "statistics.py", "ties without what two items share", " - 2.0 * covariance, 0.0)", ", 0.0)"),
        Mutation(
            _E + "statistics.py",
            "a delete-one factor is missing",
            "(products.sum() - n / (n - 1) * products) / (n - 2)",
            "(products.sum() - products) / (n - 2)",
        ),
        Mutation(
            _E + "least_squares.py",
            "a sign in the closed form of deletion",
            "self.rest[stays] - more",
            "self.rest[stays] + more",
        ),
        Mutation(
            _E + "jansen.py",
            "the new variant's chance taken for the old one's",
            "+ 1.0 / others.sum(1))",
            "+ 1.0 / edges[:, -1])",
        ),
        Mutation(
            _E + "jansen.py",
            "a base is paired with itself",
            '    across = products.sum((-1, -2)) - np.einsum("...aa->...", products)\n',
            "    across = products.sum((-1, -2))\n",
        ),
        Mutation("activeseed/protocols/analyses.py", "held items are left out", " and f not in held)", ")"),
        Mutation(
            _E + "regression.py",
            "the spread without its control variate",
            "total / freedom + float((gram * coding.covariance).sum())",
            "total / freedom",
        ),
        Mutation(
            _E + "regression.py",
            "what interactions leave of bias",
            "    products = groups * products - (groups - 1) * np.mean(left, axis=0)\n",
            "",
        ),
        Mutation(_E + "leave_one_out.py", "a variance over all instead of all but one", ".var(0, ddof=1)", ".var(0)"),
        Mutation(_E + "bootstrap.py", "spreads taken for normal", "6.0 * scatter / n", "0.0 * scatter / n"),
        Mutation(_E + "jansen.py", "half of what keys disagree about", "0.25 * weights", "0.5 * weights"),
        Mutation(_E + "leave_one_out.py", "no key may fail", "m.keys >= ENOUGH_KEYS - 2", "m.keys >= ENOUGH_KEYS"),
        Mutation(
            _E + "regression.py",
            "a share beyond one",
            "min(1.0, max(0.0, additive / found.spread))",
            "additive / found.spread",
        ),
    ),
    "belief": (
        Mutation(
            _B + "model.py", "the count sleeps when it should not", "        if not random:\n", "        if random:\n"
        ),
        Mutation(
            _B + "model.py",
            "the author's share of an edit is lost",
            "0.5 * share[f] + 0.5 * said / said.sum()",
            "said / said.sum()",
        ),
        Mutation(
            _B + "model.py", "a missing square", "np.sqrt(1.0 + sd**2 @ design.T**2)", "np.sqrt(1.0 + sd @ design.T**2)"
        ),
        Mutation(_B + "filtering.py", "a term of the curvature", "-slope * (t / scale + slope)", "-slope * slope"),
        Mutation(_B + "counting.py", "Laplace's rule off by one", "/ (n + 2.0)", "/ (n + 1.0)"),
        Mutation(_B + "copies.py", "the mean similarity counts an item itself", "np.maximum(size - 1, 1)", "size"),
        Mutation(_B + "copies.py", "a rank off by one", "np.where(rank >= m, s, q)", "np.where(rank > m, s, q)"),
        Mutation(_B + "posterior.py", "reasons without their scale", "float(x * m / world.scale[f])", "float(x * m)"),
        Mutation(
            _B + "evidence.py",
            "one row too many is asked for",
            "    mean = np.where(count >= least, score",
            "    mean = np.where(count > least, score",
        ),
        Mutation(_B + "calibrate.py", "underconfidence refutes, too", "p < level and z > 0", "p < level"),
        Mutation(
            _B + "posterior.py",
            "an item's own answers are taken out the wrong way round",
            "after * q / (after * q + (1.0 - after) * s)",
            "after * s / (after * s + (1.0 - after) * q)",
        ),
        Mutation(
            _B + "posterior.py", "moments for a covariance", "np.diag(p[i]) - np.outer(p[i], p[i])", "np.diag(p[i])"
        ),
        Mutation(_B + "model.py", "one slip moves all the rest", "np.maximum(leave, DOUBT * most)", "leave"),
        Mutation(
            _B + "preference.py",
            "an annotator who errs says nothing",
            "((1.0 - error) * agree + error * (1.0 - agree))",
            "((1.0 - error) * agree)",
        ),
        Mutation(_B + "preference.py", "answers as likely as each other", "out += mass / n *", "out += 1.0 / n *"),
    ),
    "acquisition": (
        Mutation(_A + "value.py", "a slip is not taken off on one side", "        block[here, :] *= keep\n", ""),
        Mutation(
            _A + "value.py",
            "a missing square of the answer's noise",
            "given - keep[:, None, None] ** 2 *",
            "given - keep[:, None, None] *",
        ),
        Mutation(_A + "value.py", "a missing square of a value", "keep**2 * (inverse", "keep * (inverse"),
        Mutation(
            _A + "batch.py",
            "a pick's own error is forgotten",
            "explained(covariance, law, chosen.items, chosen.error)",
            "explained(covariance, law, chosen.items, 0.0)",
        ),
        Mutation(
            _A + "batch.py",
            "a list of three lines is none",
            "len(lines) < LEAST:\n        return candidate",
            "len(lines) <= LEAST:\n        return candidate",
        ),
        Mutation(
            _A + "batch.py", "new examples don't join the old ones", "/ (members[group] + examples)", "/ members[group]"
        ),
        Mutation(
            _A + "batch.py",
            "an answer moves what it can't change",
            "                wrong.answer(set(chosen.items) - set(fixed), chosen.error)",
            "                wrong.answer(set(chosen.items), chosen.error)",
        ),
        Mutation(
            _A + "wrongness.py",
            "the mean stays after an answer",
            "            self.mean[here] = error * (scale[i] * self.law[i] - towards[i])\n",
            "",
        ),
        Mutation(
            _A + "wrongness.py", "the symmetric half is missing", "2.0 * (others_now - others)", "(others_now - others)"
        ),
        Mutation(_A + "sampling.py", "what was drawn is drawn again", "+ 1e-9) - drawn, ceil", "+ 1e-9), ceil"),
        Mutation(
            _A + "batch.py",
            "the deployed seed counts in full",
            "(values[n] + deployed_share * gains[n])",
            "(values[n] + gains[n])",
        ),
        Mutation(_A + "batch.py", "minutes are not spent", "        left_minutes -= chosen.minutes\n", ""),
        Mutation(
            _A + "sampling.py", "what was drawn is not known of", "pending=[*pending, *taken]", "pending=[*pending]"
        ),
        Mutation(_A + "steadying.py", "half a product", " - blocks - blocks.transpose(0, 2, 1)", " - blocks"),
        Mutation(_A + "steadying.py", "shrunk the wrong way", "(1.0 - keep) * mean), 0.0)", "keep * mean), 0.0)"),
    ),
    "resolution": (
        Mutation(
            _R + "alpha.py",
            "ends of ranks instead of their middles",
            "(np.cumsum(used) - used / 2.0)",
            "(np.cumsum(used) - used)",
        ),
        Mutation(
            _R + "settle.py",
            "an edit takes all and leaves all",
            "table[f, v] = table[f, 0] = table[f, 0] / 2",
            "table[f, v] = table[f, 0] / 2",
        ),
        Mutation(
            _R + "settle.py",
            "the first answer is said to decide",
            "max(last, key=lambda v: v.order)",
            "min(last, key=lambda v: v.order)",
        ),
        Mutation(_R + "settle.py", "a lead of two is taken for safe", "return ahead <= 2 and", "return ahead < 2 and"),
        Mutation(
            _R + "votes.py", "an answer in sight replaces itself", "place < resolved.get(", "place <= resolved.get("
        ),
        Mutation(_R + "votes.py", "no confidence is no answer", "else 0.5 + 0.5 * confidence", "else confidence"),
        Mutation(
            _R + "reliability.py",
            "an error falls on the truth, too",
            "    others = np.maximum(offered.sum(1, keepdims=True) - 1, 1)\n    out = ",
            "    others = np.maximum(offered.sum(1, keepdims=True), 1)\n    out = ",
        ),
        Mutation(
            _R + "reliability.py",
            "answers that hit count as misses as well",
            "theta = rng.beta(a + hits, b + total - hits)\n        if",
            "theta = rng.beta(a + hits, b + total)\n        if",
        ),
        Mutation(_R + "vouching.py", "one person agrees with nobody", "len(agreeing) > 1", "len(agreeing) >= 1"),
        Mutation(_R + "vouching.py", "many tests at the level of one", "< level / len(sets)", "< level"),
        Mutation(
            _R + "drawing.py", "wrong answers are likelier for it", "evenly[:, at] -= vote", "evenly[:, at] += vote"
        ),
        Mutation(
            _R + "drawing.py",
            "gold the wrong way round",
            "(vote.variant != known[vote.item])",
            "(vote.variant == known[vote.item])",
        ),
        Mutation(
            _R + "checks.py",
            "one answer more is fresh",
            "left[answer.annotator] < gap",
            "left[answer.annotator] <= gap",
        ),
        Mutation(
            _R + "checks.py",
            "a batch of nothing but repeats",
            "for q in questions.values()), 0), size // 2)",
            "for q in questions.values()), 0), size)",
        ),
        Mutation(
            _R + "guessing.py", "a tail without its end", "range(right, asked + 1)", "range(right + 1, asked + 1)"
        ),
        Mutation(
            _R + "settle.py",
            "a list is read as carefully",
            "means[v.annotator] * (1.0 - list_error * v.listed)",
            "means[v.annotator]",
        ),
        Mutation(_R + "alpha.py", "units count alike", "(2.0 * sizes / (sizes - 1.0))", "(2.0 * np.ones(len(sizes)))"),
    ),
    "store": (
        Mutation(
            _S + "database.py",
            "that nothing is expected is not held to",
            "if expect is not None and last",
            "if expect and last",
        ),
        Mutation(_S + "database.py", "events without a key have one", '"key": event.key or None', '"key": event.key'),
        Mutation(
            _S + "database.py",
            "another study's key is taken for this one's",
            "                _of(self._study, sa.select(table.c.sequence).where(table.c.key == event.key))\n",
            "                sa.select(table.c.sequence).where(table.c.key == event.key)\n",
        ),
        Mutation(_S + "database.py", "the write lock comes too late", "BEGIN IMMEDIATE", "BEGIN"),
        Mutation(
            _S + "journal.py",
            "events come in any order",
            "events.sequence > ? ORDER BY events.sequence",
            "events.sequence > ?",
        ),
        Mutation(
            _S + "journal.py",
            "the last event of a damaged journal",
            "range(1, int(last[0]) + 1 if last else 0)",
            "range(1, int(last[0]) if last else 0)",
        ),
        Mutation(
            _S + "artifacts.py",
            "shapes are no part of a name",
            "{array.dtype.str}/{array.shape}/",
            "{array.dtype.str}/",
        ),
        Mutation(
            _S + "artifacts.py",
            "the order of arrays is part of a name",
            "for key in sorted(arrays):",
            "for key in arrays:",
        ),
        Mutation(
            _S + "artifacts.py",
            "half a file is taken for whole",
            "if path.exists() and zipfile.is_zipfile(path):",
            "if path.exists():",
        ),
        Mutation(
            _S + "artifacts.py",
            "what is damaged stays in the way",
            "                self._path(name).unlink(missing_ok=True)",
            "                pass",
        ),
        Mutation(_S + "database.py", "the last event comes again", "c.sequence > since", "c.sequence >= since"),
        Mutation(
            _S + "database.py",
            "every event after the first has one number",
            "            last = int(made[-1])\n",
            "            last = max(last, 1)\n",
        ),
        Mutation(_S + "database.py", "a late writer gives up", "range(TRIES)", "range(1)"),
        Mutation(_S + "folder.py", "all studies are one", "Journal(url, study) if url", "Journal(url) if url"),
        Mutation(
            _S + "database.py",
            "studies are listed where there are none",
            'if not sa.inspect(self._engine).has_table("studies"):',
            'if sa.inspect(self._engine).has_table("studies"):',
        ),
    ),
    "beginning": beginning.MUTATIONS,
    "bounding": bounding.MUTATIONS,
    "budget": budget.MUTATIONS,
    "certificates": certificates.MUTATIONS,
    "cirl": cirl.MUTATIONS,
    "designs": designs.MUTATIONS,
    "distances": distances.MUTATIONS,
    "entries": entries.MUTATIONS,
    "human": human.MUTATIONS,
    "levels": levels.MUTATIONS,
    "removal": removal.MUTATIONS,
    "spending": spending.MUTATIONS,
    "stability": stability.MUTATIONS,
    "sweeps": sweeps.MUTATIONS,
    "predca": predca.MUTATIONS,
    "tethers": tethers.MUTATIONS,
}
