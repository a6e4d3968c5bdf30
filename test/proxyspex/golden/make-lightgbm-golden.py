"""Test R² of LightGBM on seeded problems that test/proxyspex/lightgbm.test.ts makes again for itself.

    python make-lightgbm-golden.py TABLE.f32 > lightgbm.json

Masks, functions and noise come from mulberry32, which is 10 lines in either language. TABLE.f32 is distilbert-imdb-14-10 of shapiq v1.4.1 (MIT).
"""

import json, math, platform, sys
import numpy as np, lightgbm as lgb

M = 0xFFFFFFFF


def mulberry(seed):
    state = seed & M
    def draw():
        nonlocal state
        state = (state + 0x6D2B79F5) & M
        t = state
        t = ((t ^ (t >> 15)) * (t | 1)) & M
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & M)) & M
        return (t ^ (t >> 14)) & M
    return draw


def masks(draw, n, count):
    words = (n + 31) // 32
    rows = np.zeros((count, n), dtype=np.int8)
    for r in range(count):
        for w in range(words):
            v = draw()
            for i in range(32 * w, min(n, 32 * w + 32)):
                rows[r, i] = (v >> (i - 32 * w)) & 1
    return rows


def hierarchical(draw, n, terms):
    out = [([], 1.0)]
    while len(out) <= terms:
        parent = [] if len(out) <= terms // 3 else out[1 + draw() % (len(out) - 1)][0]
        player = draw() % n
        coefficient = (1 if draw() % 2 else -1) * (0.5 + draw() / 2**32)
        if player in parent or len(parent) >= 5:
            continue
        out.append((parent + [player], coefficient * 0.7 ** len(parent)))
    return lambda x: sum(c * np.prod(1.0 - 2.0 * x[:, s], axis=1) for s, c in out)


def groups(draw, n, count):
    parts = [([draw() % n for _ in range(3)], draw() % 2, (1 if draw() % 2 else -1) * (0.5 + draw() / 2**32)) for _ in range(count)]
    def f(x):
        total = np.zeros(len(x))
        for s, is_or, c in parts:
            total += c * (x[:, s].max(axis=1) if is_or else x[:, s].min(axis=1))
        return np.tanh(total / 2)
    return f


def noise(draw, count):
    return np.array([sum(draw() / 2**32 for _ in range(12)) - 6.0 for _ in range(count)])


def main():
    table = np.fromfile(sys.argv[1], dtype="<f4")
    problems = [("hierarchical", 256, 8192, 60, 0.1), ("hierarchical", 64, 1000, 40, 0.1), ("groups", 128, 2000, 30, 0.1), ("groups", 20, 500, 8, 0.0), ("table", 14, 600, 0, 0.0)]
    settings = [(3, 8, 200, 0.1), (5, 31, 100, 0.1), (5, 31, 400, 0.05)]
    rows = []
    for seed, (kind, n, count, size, share) in enumerate(problems, 1):
        draw = mulberry(seed)
        f = {"hierarchical": hierarchical, "groups": groups}.get(kind)
        f = f(draw, n, size) if f else (lambda x: np.log(table / (1 - table))[(x.astype(np.int64) << np.arange(n)).sum(axis=1)].astype(np.float64))
        x, fresh = masks(draw, n, count), masks(draw, n, 2000)
        y, truth = f(x), f(fresh)
        y = y + math.sqrt(share) * y.std() * noise(draw, count)
        r2 = []
        for depth, leaves, trees, rate in settings:
            m = lgb.LGBMRegressor(max_depth=depth, num_leaves=leaves, n_estimators=trees, learning_rate=rate, min_child_samples=20, random_state=0, verbose=-1, n_jobs=1)
            p = m.fit(x.astype(float), y).predict(fresh.astype(float))
            r2.append(round(1 - ((p - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum(), 6))
        rows.append({"seed": seed, "kind": kind, "n": n, "count": count, "size": size, "noise": share, "check": round(float(y[:50].sum()), 6), "r2": r2})
    print(json.dumps({"lightgbm": lgb.__version__, "numpy": np.__version__, "python": platform.python_version(), "settings": settings, "problems": rows}, indent=1))


main()
