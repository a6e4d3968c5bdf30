"""Files of shapiq's InteractionValues.save, for every index that webspex shares with it.

Made with: Python 3.11.7, shapiq 1.4.1, numpy 2.4.6
  venv/bin/python make-shapiq-files.py shapiq-files.json
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
from shapiq.game_theory.exact import ExactComputer

N = 5
rng = np.random.default_rng(5)
# float32, as the values of webspex are.
table = rng.normal(size=2**N).astype(np.float32).astype(float)
exact = ExactComputer(n_players=N, game=lambda c: table[(c.astype(int) << np.arange(N)).sum(axis=1)])
out = {"n": N, "table": table.tolist(), "files": []}
with tempfile.TemporaryDirectory() as folder:
    for index, order in [("SV", 1), ("BV", 1), ("SII", 2), ("BII", 2), ("k-SII", 2), ("STII", 2), ("FSII", 2), ("FBII", 2), ("Moebius", N)]:
        path = pathlib.Path(folder) / f"{index}.json"
        exact(index, order).save(path)
        file = json.loads(path.read_text())
        file["timestamp"] = None
        out["files"].append(file)
pathlib.Path(sys.argv[1]).write_text(json.dumps(out, separators=(",", ":")) + "\n")
