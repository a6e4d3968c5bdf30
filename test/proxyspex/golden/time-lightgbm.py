"""CPU-milliseconds a tree of LightGBM with one thread, on a problem of the shape of `webspex bench decode`, row boost.

    python time-lightgbm.py        # lightgbm 4.7.0, numpy

256 bits, 8,192 rows of complementary pairs, 60 frequencies of degree 1 to 5 and noise; 100 trees of depth 5 and 31 leaves.
"""

import time
import lightgbm
import numpy as np

N, ROWS, TREES = 256, 8192, 100
rng = np.random.default_rng(1)
half = rng.integers(0, 2, (ROWS // 2, N))
x = np.stack([half, 1 - half], axis=1).reshape(ROWS, N)
y = rng.normal(size=ROWS)
for k in range(60):
    y += rng.normal() * 0.7 ** (k % 5) * np.prod(1 - 2 * x[:, rng.choice(N, 1 + k % 5, replace=False)], axis=1)

for name, way in {"its choice": {}, "by rows": {"force_row_wise": True}, "by columns": {"force_col_wise": True}}.items():
    options = dict(objective="regression", num_leaves=31, max_depth=5, learning_rate=0.1, min_data_in_leaf=20, num_threads=1, verbose=-1, **way)
    times = []
    for _ in range(5):
        data = lightgbm.Dataset(x.astype(np.float32), y, params=options)
        data.construct()
        start = time.process_time()
        lightgbm.train(options, data, TREES)
        times.append(1000 * (time.process_time() - start) / TREES)
    print(f"{lightgbm.__version__}, {name}: {sorted(times)[2]:.3f} cpu-ms a tree")
