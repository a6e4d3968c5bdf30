"""Estimates of shapiq's regressions and of LIME on given masks.

Made with: Python 3.11.7, shapiq 1.4.1, lime 0.2.0.1, scikit-learn 1.9.1, numpy 2.4.6
  python -m venv venv && venv/bin/pip install shapiq==1.4.1 lime==0.2.0.1
  venv/bin/python make-baselines-golden.py > baselines.json
"""
import json
import lime
import numpy as np
import shapiq
import sklearn
from lime.lime_base import LimeBase
from shapiq.approximator import KernelSHAP, KernelSHAPIQ, RegressionFBII, RegressionFSII
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

N = 8
rng = np.random.default_rng(7)
w = rng.normal(size=N).round(3)
pairs = rng.normal(size=(N, N)).round(3) * (rng.random((N, N)) < 0.3)


def f(x):
    x = np.asarray(x, dtype=float)
    return np.round(2 * np.tanh(x @ w + np.einsum("ri,ij,rj->r", x, pairs, x)), 6)


table = f(np.array([[(m >> i) & 1 for i in range(N)] for m in range(2**N)]))


def game(c):
    return table[(np.asarray(c).astype(int) << np.arange(N)).sum(axis=1)]


def data(found):
    return {",".join(map(str, s)): float(v) for s, v in found.dict_values.items()}


full = 2**N
out = {"n": N, "table": table.tolist()}
out["full"] = {
    "kernelshap": data(KernelSHAP(N, random_state=1).approximate(full, game)),
    "faith-shap": data(RegressionFSII(N, 2, random_state=1).approximate(full, game)),
    "faith-banzhaf": data(RegressionFBII(N, 2, random_state=1).approximate(full, game)),
    "kernelshap-iq-2": data(KernelSHAPIQ(N, 2, index="k-SII", random_state=1).approximate(full, game)),
    "kernelshap-iq-3": data(KernelSHAPIQ(N, 3, index="k-SII", random_state=1).approximate(full, game)),
}

# The regressions on a sample: shapiq's own masks with the weights it gives them.
out["sampled"] = {}
for name, approximator, order in [("kernelshap", KernelSHAP(N, random_state=3), 1), ("faith-shap", RegressionFSII(N, 2, random_state=3), 2)]:
    found = approximator.approximate(120, game)
    sampler = approximator._sampler
    kernel = approximator._init_kernel_weights(1)
    sizes = sampler.coalitions_matrix.sum(axis=1)
    out["sampled"][name] = {
        "order": order,
        "masks": ["".join(map(str, row.astype(int))) for row in sampler.coalitions_matrix],
        "weights": (kernel[sizes] * sampler.sampling_adjustment_weights).tolist(),
        "values": data(found),
    }

# LIME on distinct masks, each repeated so that every number of removed players has the same number of draws.
masks = [np.ones(N, dtype=int)]
DRAWS = 24
COUNTS = [1, 8, 12, 12, 12, 8, 3, 8]
# Draws for each distinct mask: the full one is repeated as often, so that it keeps the share of one mask.
ratio = DRAWS * N // sum(COUNTS)
repeats = [ratio]
for size in range(N):
    pool = [m for m in range(2**N) if bin(m).count("1") == size]
    chosen = rng.permutation(pool)[: COUNTS[size]]
    for m in chosen:
        masks.append(np.array([(int(m) >> i) & 1 for i in range(N)]))
        repeats.append(DRAWS // len(chosen))
rows = np.repeat(np.array(masks), repeats, axis=0)
distances = pairwise_distances(rows, rows[:1], metric="cosine").ravel() * 100
base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 25**2)), random_state=1)
# The same strength of the penalty per draw as with one draw of each mask.
ridge = Ridge(alpha=ratio, fit_intercept=True)
intercept, found, _, _ = base.explain_instance_with_data(
    rows, game(rows)[:, None], distances, 0, N, feature_selection="none", model_regressor=ridge
)
out["lime"] = {
    "masks": ["".join(map(str, m)) for m in masks],
    "intercept": float(intercept),
    "weights": [float(dict(found)[i]) for i in range(N)],
}
out["made"] = {"shapiq": shapiq.__version__, "lime": "0.2.0.1", "sklearn": sklearn.__version__, "numpy": np.__version__}
print(json.dumps(out, separators=(",", ":")))
