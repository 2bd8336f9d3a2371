"""Run by gradientTime.mjs: milliseconds that PyTorch takes for the answers of an ONNX model and the gradients of all its weights, of time and of the processor, and its peak memory in KB."""
import json
import os
import resource
import statistics
import sys
import time

import onnx
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scripts"))
from gradientReference import Interpreter  # noqa: E402

path, inputs, rounds, threads = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
interpreter = Interpreter(onnx.load(path), torch.float32)
leaves = [each.requires_grad_() for each in interpreter.weights.values() if each.is_floating_point() and each.numel() > 1]


def feed(each):
    if each["type"] == "float32":
        return torch.randn(each["dims"])
    return torch.ones(each["dims"], dtype=torch.int64) if "mask" in each["name"] else torch.randint(100, each["dims"])


feeds = {each["name"]: feed(each) for each in inputs}
wall, cpu = [], []
for _ in range(rounds + 1):
    start, used = time.perf_counter(), time.process_time()
    outputs = [each for each in interpreter.run(feeds) if each.is_floating_point()]
    total = sum((each * torch.randn_like(each)).sum() for each in outputs)
    torch.autograd.grad(total, leaves, allow_unused=True)
    wall.append(1000 * (time.perf_counter() - start))
    cpu.append(1000 * (time.process_time() - used))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"wall": statistics.median(wall[1:]), "cpu": statistics.median(cpu[1:]), "memory": memory}))
