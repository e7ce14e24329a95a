"""How an outcome agrees with labelled probes: the tests are those of scipy.stats, which is too slow to import."""

import numpy as np
import pytest
from scipy.stats import binomtest, mannwhitneyu

from activeseed.plan import generator
from activeseed.resolution.vouching import binomial_test
from activeseed.study.quality import ranked_above


@pytest.mark.parametrize("distinct", [2, 5, 1000])
@pytest.mark.parametrize("sizes", [(1, 1), (1, 30), (3, 3), (8, 40), (9, 9), (30, 50)])
def test_a_ranking_is_tested_as_scipy_does(distinct, sizes):
    for n in range(20):
        rng = generator(0, "quality", distinct, *sizes, n)
        a, b = (rng.integers(0, distinct, size) / 7.0 for size in sizes)
        theirs = mannwhitneyu(a, b, alternative="greater")
        auc, chance = ranked_above(a, b)
        assert auc == pytest.approx(theirs.statistic / (len(a) * len(b)), rel=1e-12)
        # where all are tied nothing can be said, and scipy has no number for it
        assert chance == pytest.approx(1.0 if np.isnan(theirs.pvalue) else theirs.pvalue, rel=1e-9)


@pytest.mark.parametrize("n", [1, 5, 30, 200])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_a_stated_rate_is_tested_as_scipy_does(n, rate):
    for yes in range(n + 1):
        assert binomial_test(yes, n, rate) == pytest.approx(binomtest(yes, n, rate).pvalue, rel=1e-8, abs=1e-300)
