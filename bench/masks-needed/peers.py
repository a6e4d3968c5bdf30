"""What the real peers make of the games of `webspex bench masks-needed`, fed the same masks as webspex.

    python -m venv VENV && VENV/bin/pip install shapiq==1.4.1 spectralexplain==0.0.4 lightgbm==4.7.0 scikit-learn==1.9.1
    node dist/cli.js bench masks-needed --fresh DIR     # or DIR = bench/masks-needed/games, which has no planted games
    VENV/bin/python bench/masks-needed/peers.py DIR [GAME …]

Reads DIR/games.json, DIR/planted.json and DIR/NAME.bin, writes DIR/peers.json after every result, and skips what is there already. Each
curve is a list of [passes, R² on the fresh masks], and for a game with gold players a third entry, their share among the 1, 3 and 5 players with
the largest main effects:

* `shapiq ProxySPEX`: shapiq.ProxySPEX as it is; its sampler is replaced by one that hands it the given masks (125 are 124: whole pairs).
* `spectralexplain ProxySPEX`: spectralexplain.utils.proxy_spex on the same masks; with 5,000 trees in its grid it takes minutes, so 1,000 passes only.
* `SPEX`: shapiq.SPEX (soft) as it is, its random matrices replaced by the given ones; passes are distinct masks, which is fewer than it counts itself.
* `SPEX, LASSO refit`: the same support with the empty set and all single players, refitted on every query as the paper has it
  (LassoCV, 5 folds, 100 penalties, no intercept); the released packages leave this out.
"""

import json
import sys
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import shapiq
from shapiq.approximator.sparse.base import SubsampledSignalFourier
from sklearn.linear_model import LassoCV
from sparse_transform.qsft.utils.query import get_D

# `import … as` would follow an attribute of the package that hides its module.
subsampled = import_module("sparse_transform.qsft.signals.input_signal_subsampled")
warnings.filterwarnings("ignore")
BUDGETS = [125, 250, 500, 1000, 2000, 4000, 8000]
HIT_KS = [1, 3, 5]
SLOW_BUDGETS = [1000]
MOST_ORDER = 5
folder = Path(sys.argv[1])
only = set(sys.argv[2:])


def read(head):
    """Masks and values of the rows that fit, of those that grade, and of SPEX's queries."""
    n, known, more = head["n"], head["fit"] + head["fresh"], head.get("more", 0)
    data = (folder / f"{head['name']}.bin").read_bytes()
    width = (n + 7) // 8

    def part(at, rows):
        bits = np.frombuffer(data, np.uint8, rows * width, at).reshape(rows, width)
        masks = np.unpackbits(bits, axis=1, bitorder="little")[:, :n].astype(bool)
        return masks, np.frombuffer(data, "<f4", rows, at + rows * width).astype(float)

    masks, values = part(0, known)
    planned = len(data) // (width + 4) - known - more
    spex = part(known * (width + 4), planned) if head["spexBits"] else None
    added = part((known + planned) * (width + 4), more)
    fit = tuple(np.concatenate([a[: head["fit"]], b]) for a, b in zip((masks, values), added))
    return fit, (masks[head["fit"] :], values[head["fit"] :]), spex


def characters(masks, support, n):
    keys = np.zeros((len(support), n))
    for row, members in enumerate(support):
        keys[row, list(members)] = 1
    return 1 - 2 * ((masks.astype(float) @ keys.T) % 2)


def hits(spectrum, gold):
    """Share of the gold players among those with the largest main effects."""
    effects = sorted((-abs(c), *members) for members, c in spectrum.items() if len(members) == 1 and c)
    return [round(sum(i in gold for _, i in effects[:k]) / len(gold), 5) for k in HIT_KS]


def graded(spectrum, fresh, head):
    """R² of {members: coefficient} on the fresh masks, and its hits where there are gold players."""
    masks, values = fresh
    n = head["n"]
    support = list(spectrum)
    predicted = characters(masks, support, n) @ np.array([spectrum[s] for s in support]) if support else np.zeros(len(values))
    r2 = round(float(1 - np.sum((values - predicted) ** 2) / np.sum((values - values.mean()) ** 2)), 5)
    return [r2, hits(spectrum, head["gold"])] if "gold" in head else [r2]


class Given:
    """In the place of shapiq's sampler."""

    def __init__(self, masks):
        self.coalitions_matrix = masks

    def sample(self, budget):
        pass


def shapiq_proxyspex(masks, values):
    approximator = shapiq.ProxySPEX(n=masks.shape[1], index="FBII", max_order=2, random_state=0)
    approximator._uniform_sampler = Given(masks)
    refine, found = approximator._refine, {}
    approximator._refine = lambda *given: found.update(refine(*given)) or dict(found)
    approximator.approximate(len(masks), lambda _: values)
    return found


def spectralexplain_proxyspex(masks, values):
    from spectralexplain.utils import proxy_spex

    return {tuple(np.nonzero(k)[0]): v for k, v in proxy_spex((masks.astype(int), values), max_order=MOST_ORDER).items()}


def shapiq_spex(head, b, lookup, queried):
    """Raw peeled spectrum with 2^b bins a group of the given matrices."""
    n = head["n"]
    matrices = [np.array([[(row >> q) & 1 for q in range(b)] for row in group]) for group in head["groups"]]

    def given(n, q, **kwargs):
        return matrices, [get_D(n, q=q, **kwargs)] * len(matrices)

    def value(masks):
        masks = np.asarray(masks).astype(bool)
        queried.update(m.tobytes() for m in masks)
        return np.array([lookup[m.tobytes()] for m in masks])

    subsampled.get_Ms_and_Ds = given
    approximator = shapiq.SPEX(n=n, index="FBII", max_order=2, random_state=0)
    budget = SubsampledSignalFourier.get_number_of_samples(n, b, MOST_ORDER, 2, approximator.query_args)
    found = {}
    import shapiq.approximator.sparse.base as base

    transform = base.sparse_fourier_transform

    def keep(signal, **kwargs):
        spectrum = transform(signal, **kwargs)
        found.update({tuple(np.nonzero(k)[0]): float(np.real(v)) for k, v in spectrum.items()})
        return spectrum

    base.sparse_fourier_transform = keep
    try:
        approximator.approximate(budget, value)
    except Exception as error:  # with nothing found its conversion to an index fails
        if found:
            raise
        print("  nothing found:", error, file=sys.stderr)
    finally:
        base.sparse_fourier_transform = transform
    return found


def refitted(found, masks, values, n):
    support = list(dict.fromkeys([(), *[(i,) for i in range(n)], *found]))
    x = characters(masks, support, n)
    mean = values.mean()
    lasso = LassoCV(cv=5, alphas=100, eps=1e-3, fit_intercept=False, max_iter=2000).fit(x, values - mean)
    spectrum = dict(zip(support, lasso.coef_))
    spectrum[()] += mean
    return spectrum


def main():
    heads = [h for name in ("games.json", "planted.json") if (folder / name).exists() for h in json.loads((folder / name).read_text())]
    out = folder / "peers.json"
    peers = json.loads(out.read_text()) if out.exists() else {"curves": {}}
    peers["made"] = {p: version(p) for p in ("shapiq", "spectralexplain", "sparse-transform", "lightgbm", "scikit-learn", "numpy")}
    peers["made"]["python"] = sys.version.split()[0]

    def add(name, method, passes, grades):
        curve = peers["curves"].setdefault(name, {}).setdefault(method, [])
        curve.append([passes, *grades])
        curve.sort()
        out.write_text(json.dumps(peers, separators=(",", ":")).replace('"curves":', '\n"curves":').replace('},"', '},\n"') + "\n")
        print(name, method, passes, *grades, flush=True)

    def known(name, method, passes):
        return any(point[0] == passes for point in peers["curves"].get(name, {}).get(method, []))

    for head in heads:
        name, n = head["name"], head["n"]
        if only and name not in only:
            continue
        (masks, values), fresh, spex = read(head)
        for passes in [b for b in BUDGETS if b <= len(masks)]:
            rows = passes - passes % 2
            if not known(name, "shapiq ProxySPEX", passes):
                add(name, "shapiq ProxySPEX", passes, graded(shapiq_proxyspex(masks[:rows], values[:rows]), fresh, head))
            if passes in SLOW_BUDGETS and head.get("slow") and not known(name, "spectralexplain ProxySPEX", passes):
                add(name, "spectralexplain ProxySPEX", passes, graded(spectralexplain_proxyspex(masks[:rows], values[:rows]), fresh, head))
        if spex is None:
            continue
        lookup = {m.tobytes(): v for m, v in zip(*spex)}
        for b in range(3, head["spexBits"] + 1):
            if len(peers["curves"].get(name, {}).get("SPEX", [])) > b - 3:
                continue
            queried = set()
            found = shapiq_spex(head, b, lookup, queried)
            add(name, "SPEX", len(queried), graded(found, fresh, head))
            own = np.array([np.frombuffer(m, bool) for m in sorted(queried)])
            add(name, "SPEX, LASSO refit", len(queried), graded(refitted(found, own, np.array([lookup[m.tobytes()] for m in own]), n), fresh, head))


main()
