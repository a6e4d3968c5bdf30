"""Trains the two small models of docs/onnx.md and writes weights.safetensors, wine.csv and digit.png beside this file.

Run with torch 2.15.0, scikit-learn 1.9.1, safetensors 0.8, numpy 2.4 and pillow 13.0. The ONNX files are written from the weights by
test/support/onnx: WRITE_ONNX=1 npx vitest run test/lens/onnx/examples.test.ts
Data: Wine (Aeberhard, Forina 1992) and Optical Recognition of Handwritten Digits (Alpaydin, Kaynak 1998), UCI, CC BY 4.0, as
scikit-learn ships them.
"""
import csv
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits, load_wine
from torch import nn

HERE = Path(__file__).parent
torch.manual_seed(7)
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(7)


def split(count):
    order = torch.randperm(count, generator=generator)
    return order[: count * 4 // 5], order[count * 4 // 5 :]


def train(model, x, y, steps, disturb, lr=3e-3):
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-2)
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=generator)
        loss = nn.functional.cross_entropy(model(disturb(x[rows])), y[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def dropped_patches(x):
    """A random share of the 2 by 2 patches to black: what the model will see when patches are masked."""
    keep = torch.rand(len(x), 1, 4, 4, generator=generator) > 0.3 * torch.rand(len(x), 1, 1, 1, generator=generator)
    return x * keep.repeat_interleave(2, 2).repeat_interleave(2, 3)


digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
y = torch.tensor(digits.target)
fit, test = split(len(x))
cnn = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64, 10),
)
train(cnn, x[fit], y[fit], 4000, dropped_patches)
print("digits: test accuracy", (cnn(x[test]).argmax(1) == y[test]).float().mean().item())
shown = next(int(i) for i in test if y[i] == 8 and cnn(x[i : i + 1]).argmax() == 8)
Image.fromarray((digits.images[shown] * 255 / 16).round().astype(np.uint8)).save(HERE / "digit.png")
print("digit.png: a", int(y[shown]))

wine = load_wine()
x = torch.tensor(wine.data, dtype=torch.float32)
y = torch.tensor(wine.target)
fit, test = split(len(x))
mean, std = x[fit].mean(0), x[fit].std(0)
mlp = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
train(mlp, (x[fit] - mean) / std, y[fit], 600, lambda rows: rows + 0.3 * torch.randn(rows.shape, generator=generator))
print("wine: test accuracy", (mlp((x[test] - mean) / std).argmax(1) == y[test]).float().mean().item())
with open(HERE / "wine.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow([*wine.feature_names, "cultivar"])
    for row, label in zip(wine.data, wine.target):
        out.writerow([*(f"{v:g}" for v in row), f"cultivar {label + 1}"])

tensors = {f"digits.{k}": v for k, v in cnn.state_dict().items()} | {f"wine.{k}": v for k, v in mlp.state_dict().items()}
save_file({k: v.contiguous() for k, v in (tensors | {"wine.mean": mean, "wine.std": std}).items()}, HERE / "weights.safetensors")
