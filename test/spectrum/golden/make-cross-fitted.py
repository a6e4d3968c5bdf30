"""R² of cross-fitted predictions as numerics §11(a) and (c) have it, in numpy 2.4.6 and scipy 1.17.1.

Written from the formulas, not from the TypeScript: L0 = ln(sum e^2 / sum (y - mean)^2), L = L0 + 0.8 max(0, 1 - e^L0) ln(1 - 1/K),
1 - exp(L -+ t_(H-1) 1.7 s0), the upper end's L less 2 sqrt(32/H) ln(K/(K - 1)), both ends off by .0005 more, bound 1 - exp(L0 + t_.95 1.8 s0), s0 clustered by pair. Usage: python make-cross-fitted.py > cross-fitted.json"""

import json

import numpy as np
from scipy import stats


def case(rows, error, folds):
    i = np.arange(rows)
    y = np.sin(i) + 0.5 * np.cos(2.3 * i)
    p = y - error * np.sin(3 * i + 1)
    e, d = y - p, y - y.mean()
    q = (e @ e) / (d @ d)
    influence = ((e * e - q * d * d) / (d @ d / rows)).reshape(-1, 2).mean(1)
    pairs = len(influence)
    s0 = influence.std(ddof=1) / np.sqrt(pairs) / q
    middle = np.log(q) + 0.8 * max(0.0, 1 - q) * np.log(1 - 1 / folds)
    two, one = stats.t.ppf([0.975, 0.95], pairs - 1)
    steep = 2 * np.sqrt(32 / pairs) * np.log(folds / (folds - 1))
    low = 1 - np.exp(middle + two * 1.7 * s0) - 5e-4
    high = 1 - np.exp(middle - two * 1.7 * s0 - steep) + 5e-4
    r2 = [1 - np.exp(middle), low, high, 1 - np.exp(np.log(q) + one * 1.8 * s0)]
    return {"rows": rows, "error": error, "folds": folds, "r2": r2[0], "low": r2[1], "high": r2[2], "bound": r2[3]}


print(json.dumps([case(40, 0.3, 5), case(254, 0.1, 5), case(16, 0.7, 4)], indent=1))
