"""Golden results of the authors' own SPEX: spectralexplain 0.0.4 on sparse-transform 0.2.1 (MIT).

Versions: Python 3.11, spectralexplain 0.0.4, sparse-transform 0.2.1, galois 0.4.11, numpy 2.4.6. Run in an environment that has them:

    python test/spex/golden/make-spex-golden.py > test/spex/golden/spex.json

`codes`: for players n and errors t the length and dimension of their code, and the delays as hexadecimal rows (bit j = player j).
`words`: reliabilities of parity bits, with what hard and soft decoding (Chase, depth 2t) make of them.
`games`: planted functions (members, coefficient), the subsampling matrices by rows (bit q = column q), and the raw peeled spectra, which is
what the released packages return: the regression that their paper describes is skipped without `report=True`.
"""

import json
import sys
from functools import partial

import numpy as np
from sparse_transform.qsft.codes.BCH import BCH
from spectralexplain import sampling_strategy, support_recovery

rng = np.random.default_rng(7)


def code(n, t):
    bch = BCH(n, t)
    delays = np.array(bch.get_delay_matrix(), dtype=int)[1:]
    return {"n": n, "t": t, "length": bch.n, "dimension": bch.k, "delays": [format(sum(int(b) << j for j, b in enumerate(row)), "x") for row in delays]}


def words(n, t, count):
    bch = BCH(n, t)
    delays = np.array(bch.get_delay_matrix(), dtype=int)[1:]
    out = []
    for w in range(count):
        k = np.zeros(n, dtype=int)
        k[rng.choice(n, size=w % (t + 2), replace=False)] = 1
        clean = 1 - 2 * (delays @ k % 2)
        word = np.round(clean + rng.normal(0, [0.3, 0.6, 0.9][w % 3], size=len(clean)), 3)
        hard, hard_errors = bch.parity_decode([int(b) for b in word < 0])
        soft, soft_errors, *_ = bch.parity_decode_2chase_t2_max_likelihood(list(word), chase_depth=2 * t)
        row = lambda found, errors: None if errors < 0 else {"members": np.nonzero(np.array(found)[0])[0].tolist(), "errors": int(errors)}
        out.append({"word": word.tolist(), "hard": row(hard, hard_errors), "soft": row(soft, soft_errors)})
    return {"n": n, "t": t, "words": out}


def game(n, b, large, small, seed):
    print(n, file=sys.stderr, flush=True)
    np.random.seed(seed)
    terms = {}
    for q in range(large + small):
        members = tuple(sorted(rng.choice(n, size=int(rng.integers(1, 5)), replace=False).tolist()))
        size = rng.uniform(0.5, 1.5) * rng.choice([-1, 1]) if q < large else rng.normal(0, 0.05)
        terms[members] = round(terms.get(members, 0) + float(size), 4)
    keys = np.zeros((len(terms), n), dtype=int)
    for r, members in enumerate(terms):
        keys[r, list(members)] = 1
    coefficients = np.array(list(terms.values()))
    value = lambda masks: (1 - 2 * (np.array(masks).astype(int) @ keys.T % 2)) @ coefficients
    signal, counts = sampling_strategy(value, b, b, n, None, t=5)
    spectra = {kind: support_recovery(kind, signal, b, 5) for kind in ("hard", "soft")}
    return {
        "n": n,
        "b": b,
        "t": 5,
        "queries": int(counts[b]),
        "terms": [[list(members), c] for members, c in terms.items()],
        "groups": [[int(sum(int(bit) << q for q, bit in enumerate(row))) for row in M] for M in signal.Ms],
        **{kind: sorted([np.nonzero(key)[0].tolist(), round(float(c), 9)] for key, c in found.items()) for kind, found in spectra.items()},
    }


print(
    json.dumps(
        {
            "codes": [code(n, t) for n, t in [(10, 2), (11, 5), (12, 5), (20, 4), (50, 3), (64, 5)]],
            "words": [words(20, 5, 24), words(64, 3, 24)],
            "games": [game(16, 3, 8, 0, 1), game(24, 3, 14, 20, 2), game(40, 4, 24, 40, 3)],
        },
        separators=(",", ":"),
    )
)
