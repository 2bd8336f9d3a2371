"""Trains the example Vision Transformer on the pictures that pictures.mjs draws, and exports it to vit-shapes.onnx.

Run once, by hand: python3 train.py [minutes]. Needs Python with torch, numpy and onnx, and node for the pictures.
The weights in this folder came from this script; nothing of the project needs Python.
"""

import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).parent
SIZE, CLASSES = 32, 10
TRAIN, TEST = (100_000, 1), (5_000, 3)
BATCH, LEARNING_RATE, WEIGHT_DECAY = 64, 1e-3, 0.03


def pictures(count, seed):
    """Draws pictures as normalised tensors [count, 3, 32, 32] in steps of a byte, with their labels."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "raw"
        subprocess.run(["node", HERE / "pictures.mjs", "raw", str(count), str(seed), target], check=True)
        raw = np.fromfile(target, np.uint8)
    labels = torch.from_numpy(raw[:count].astype(np.int64))
    pixels = torch.from_numpy(raw[count:].reshape(count, SIZE, SIZE, 3).copy()).permute(0, 3, 1, 2).contiguous()
    return pixels, labels


def normalise(pixels):
    return (pixels.float() / 255 - 0.5) / 0.5


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attention = (q * self.scale @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.proj((attention @ v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class VisionTransformer(nn.Module):
    def __init__(self, width=96, depth=6, heads=3):
        super().__init__()
        # A few small convolutions instead of one large: such a stem learns much faster (Xiao et al., arXiv 2106.14881).
        widths = [3, 32, 64, width]
        stages = [
            [nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
            for i, o, stride in zip(widths, widths[1:], [2, 2, 1])
        ]
        self.stem = nn.Sequential(*sum(stages, []), nn.Conv2d(width, width, 1))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, (SIZE // 4) ** 2, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, CLASSES)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def accuracy(model, pixels, labels):
    model.eval()
    with torch.no_grad():
        right = sum((model(normalise(p)).argmax(1) == l).sum().item() for p, l in zip(pixels.split(250), labels.split(250)))
    model.train()
    return right / len(labels)


def train(minutes):
    torch.manual_seed(0)
    pixels, labels = pictures(*TRAIN)
    test = pictures(*TEST)
    model = VisionTransformer()
    averaged = torch.optim.swa_utils.AveragedModel(model, avg_fn=lambda a, b, n: a + (b - a) * 0.005)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    start, step, order = time.time(), 0, None
    # The schedule runs over the time there is: warm-up, then a cosine down to nothing.
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        if order is None or len(order) < BATCH:
            order = torch.randperm(len(labels))
        pick, order = order[:BATCH], order[BATCH:]
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1, step / 400) * 0.5 * (1 + math.cos(math.pi * share))
        batch = normalise(pixels[pick])
        if step % 2:
            batch = batch.flip(3)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(batch), labels[pick], label_smoothing=0.03)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(model)
        if step % 250 == 0:
            print(f"{share:6.1%}  step {step}  loss {loss.item():.3f}  top-1 {accuracy(model, *[t[:1000] for t in test]):.3f}", flush=True)
        step += 1
    best = max([model, averaged.module], key=lambda candidate: accuracy(candidate, *test))
    print(f"{step} steps of {BATCH} pictures, top-1 on {TEST[0]} held-out pictures: {accuracy(best, *test):.4f}")
    return best.eval()


def export(model, target):
    torch.onnx.export(
        model, torch.zeros(1, 3, SIZE, SIZE), str(target), opset_version=17, input_names=["pixels"],
        output_names=["logits"], dynamic_axes={"pixels": {0: "batch"}, "logits": {0: "batch"}},
    )
    exported = onnx.load(str(target))
    for node in exported.graph.node:
        node.doc_string = ""
    onnx.save(exported, str(target))


if __name__ == "__main__":
    torch.set_num_threads(2)
    export(train(float(sys.argv[1]) if len(sys.argv) > 1 else 15), HERE / "vit-shapes.onnx")
