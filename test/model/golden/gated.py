"""What make-gated-golden.py and make-gated-decoders-golden.py share: models with attention heads and MLP blocks multiplied by gates.

A head's part of the output projection's input is multiplied by its gate g and its mean by 1 - g is added, and so for the output of the MLP's
last map; means are over all tokens of the reference sequences, with gates of 1.
"""

import torch

GATES = [0.0, 1.0, 1.0, 0.5, 1.5]


class Gated:
    """A model whose heads and blocks are multiplied by `gates` (layers, heads + 1) and fade into `means`.

    `projection` and `down` find the layer in the names of the maps behind its heads and at the end of its block.
    """

    def __init__(self, model, layers, heads, projection, down):
        self.model = model
        self.gates = [[1.0] * (heads + 1) for _ in range(layers)]
        self.means = None
        self.seen = [([], []) for _ in range(layers)]
        for name, module in model.named_modules():
            if found := projection.search(name):
                module.register_forward_pre_hook(self.hook(int(found[1]), 0))
            elif found := down.search(name):
                module.register_forward_hook(self.hook(int(found[1]), 1))

    def hook(self, layer, part):
        def change(module, inputs, output=None):
            x = inputs[0] if part == 0 else output
            self.seen[layer][part].append(x.detach().reshape(-1, x.shape[-1]))
            gates = torch.tensor(self.gates[layer][:-1] if part == 0 else self.gates[layer][-1:], dtype=x.dtype)
            g = gates.repeat_interleave(x.shape[-1] // len(gates))
            mean = 0 if self.means is None else self.means[layer][part]
            mixed = x * g + mean * (1 - g)
            return (mixed,) if part == 0 else mixed

        return change

    def logits(self, ids, gates=None, means=None):
        if gates:
            self.gates = gates
        self.means = means
        return self.model(torch.tensor([ids])).logits[0]

    def means_over(self, reference):
        for ids in reference:
            self.logits(ids)
        assert all(len(rows) == len(reference) for parts in self.seen for rows in parts)
        return [[torch.cat(rows).mean(0) for rows in parts] for parts in self.seen]
