"""Run by tuneReference.mjs: the training steps of `tune` in PyTorch, through the interpreter of ONNX graphs, on the same batches and with the same rates. Prints losses, milliseconds of a step (time and
processor, medians) and peak memory in KB as JSON."""
import json
import os
import resource
import statistics
import sys
import time

import numpy
import onnx
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scripts"))
from gradientReference import Interpreter  # noqa: E402

folder = sys.argv[1]
with open(os.path.join(folder, "given.json")) as file:
    given = json.load(file)
torch.set_num_threads(given["threads"])
student, teacher = [Interpreter(onnx.load(given[each]), torch.float32) for each in ("student", "teacher")]
weights = [student.weights[name].requires_grad_() for name in given["weights"]]
optimiser = torch.optim.AdamW(weights, lr=1, weight_decay=0)
batches = numpy.memmap(os.path.join(folder, "batches"), dtype=numpy.float32, mode="r").reshape([-1, *given["dims"]])

losses, wall, cpu = [], [], []
for step, rate in enumerate(given["rates"]):
    start, used = time.perf_counter(), time.process_time()
    batch = {given["input"]: torch.from_numpy(batches[step].copy())}
    with torch.no_grad():
        wanted = F.log_softmax(teacher.run(batch)[0], -1)
    found = F.log_softmax(student.run(batch)[0], -1)
    loss = F.kl_div(found, wanted, log_target=True, reduction="batchmean")
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, 1)
    optimiser.param_groups[0]["lr"] = rate
    optimiser.step()
    losses.append(loss.item())
    wall.append(1000 * (time.perf_counter() - start))
    cpu.append(1000 * (time.process_time() - used))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"losses": losses, "wall": statistics.median(wall[1:]), "cpu": statistics.median(cpu[1:]), "memory": memory}))
