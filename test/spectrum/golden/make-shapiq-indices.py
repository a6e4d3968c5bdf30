"""Exact interaction indices of six games, by shapiq's ExactComputer.

Made with: Python 3.11.7, shapiq 1.4.1, numpy 2.4.6
  python -m venv venv && venv/bin/pip install shapiq==1.4.1
  venv/bin/python make-shapiq-indices.py > shapiq-indices.json
"""
import json
import numpy as np
import shapiq
from shapiq.game_theory.exact import ExactComputer

rng = np.random.default_rng(20251125)


def table(n, f):
    """Value of every mask; bit i of the index says that player i is present."""
    return [float(f(np.array([(m >> i) & 1 for i in range(n)]))) for m in range(2**n)]


def unanimity(n, terms):
    return table(n, lambda x: sum(w * x[list(s)].prod() for s, w in terms))


weights = rng.normal(size=7).round(3)
random_sets = [(tuple(sorted(rng.choice(7, size=int(rng.integers(1, 6)), replace=False).tolist())), round(float(rng.normal()), 3)) for _ in range(12)]
games = {
    "random": table(6, lambda x: round(float(rng.normal()), 4)),
    "conjunction": unanimity(6, [((0, 1, 2, 3), 1.0)]),
    "unanimity": unanimity(7, random_sets),
    "disjunction": table(6, lambda x: float(x[:4].any()) - 0.25 * float(x[2:].any())),
    "saturating": table(7, lambda x: round(float(3 * np.tanh(weights @ x + weights[0] * x[1] * x[2])), 6)),
    "majority": table(5, lambda x: float(x.sum() >= 3) + 0.1),
}
wanted = [("SV", 1), ("BV", 1), ("SII", 3), ("BII", 3), ("k-SII", 2), ("k-SII", 3), ("STII", 2), ("STII", 3), ("FSII", 2), ("FSII", 3), ("FBII", 2), ("FBII", 3), ("Moebius", None)]

out = {"made": {"shapiq": shapiq.__version__, "numpy": np.__version__}, "games": {}}
for name, values in games.items():
    n = int(np.log2(len(values)))
    array = np.array(values)
    exact = ExactComputer(n_players=n, game=lambda c, a=array, n=n: a[(c.astype(int) << np.arange(n)).sum(axis=1)])
    rows = []
    for index, order in wanted:
        found = exact(index, order if order is not None else n)
        data = {",".join(map(str, s)): round(float(v), 12) for s, v in found.dict_values.items() if len(s) > 0}
        rows.append({"index": index, "order": order or n, "values": data})
    out["games"][name] = {"n": n, "table": values, "indices": rows}
print(json.dumps(out, separators=(",", ":")))
