"""Run by gradientReference.mjs: gradients of an ONNX model by PyTorch's automatic differentiation, through an interpreter of ONNX graphs of its own.

Reads model.onnx and given.json from a folder (inputs, directions of the outputs, and gradients to compare, each as a raw file), and prints for each value
[largest difference, largest gradient, largest difference of PyTorch with 32 bits] as JSON. All is computed with 64 bits.
"""
import json
import sys

import numpy
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

TYPES = {
    1: torch.float32, 2: torch.uint8, 3: torch.int8, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16, 11: torch.float64,
}


def ints(value):
    return [int(each) for each in value.reshape(-1)]


class Interpreter:
    def __init__(self, model, width):
        self.graph = model.graph
        self.opset = max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
        self.width = width
        self.weights = {each.name: self.tensor(each) for each in self.graph.initializer}

    def tensor(self, proto):
        value = torch.from_numpy(numpy_helper.to_array(proto).copy())
        return value.to(self.width) if value.is_floating_point() else value

    def run(self, inputs):
        values = {"": None, **self.weights, **inputs}
        for node in self.graph.node:
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
            outputs = getattr(self, node.op_type)(attributes, *[values[name] for name in node.input])
            if not isinstance(outputs, (list, tuple)):
                outputs = [outputs]
            values.update(zip(node.output, outputs))
        return [values[each.name] for each in self.graph.output]

    def axes(self, attributes, given):
        if given is not None:
            return ints(given)
        return list(attributes["axes"]) if "axes" in attributes else None

    # Shapes and constants

    def Constant(self, a):
        return self.tensor(a["value"])

    def Shape(self, a, x):
        return torch.tensor(x.shape[a.get("start", 0):a.get("end")], dtype=torch.int64)

    def ConstantOfShape(self, a, shape):
        value = self.tensor(a["value"]) if "value" in a else torch.zeros(1, dtype=self.width)
        return value.expand(ints(shape)) if shape.numel() else value[0]

    def Range(self, a, start, limit, delta):
        return torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)

    def Cast(self, a, x):
        to = TYPES[a["to"]]
        return x.to(self.width if to.is_floating_point else to)

    def Identity(self, a, x):
        return x

    def Dropout(self, a, x, *more):
        return x

    def Reshape(self, a, x, shape):
        return x.reshape([x.shape[at] if size == 0 else size for at, size in enumerate(ints(shape))])

    def Flatten(self, a, x):
        axis = a.get("axis", 1)
        return x.reshape(int(numpy.prod(x.shape[:axis], dtype=int)), -1)

    def Transpose(self, a, x):
        return x.permute(*a.get("perm", range(x.dim() - 1, -1, -1)))

    def Unsqueeze(self, a, x, axes=None):
        axes = self.axes(a, axes)
        for axis in sorted(axis % (x.dim() + len(axes)) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    def Squeeze(self, a, x, axes=None):
        axes = self.axes(a, axes)
        if axes is None:
            return x.squeeze()
        for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
            x = x.squeeze(axis)
        return x

    def Expand(self, a, x, shape):
        return x.expand(numpy.broadcast_shapes(tuple(x.shape), tuple(ints(shape))))

    def Concat(self, a, *values):
        return torch.cat(values, a["axis"])

    def Split(self, a, x, sizes=None):
        axis = a.get("axis", 0)
        sizes = a.get("split") if sizes is None else ints(sizes)
        if sizes is None:
            sizes = -(-x.shape[axis] // a["num_outputs"])
        return torch.split(x, sizes, axis)

    def Slice(self, a, x, starts=None, ends=None, axes=None, steps=None):
        starts = ints(starts) if starts is not None else a["starts"]
        ends = ints(ends) if ends is not None else a["ends"]
        axes = ints(axes) if axes is not None else a.get("axes", range(len(starts)))
        steps = ints(steps) if steps is not None else [1] * len(starts)
        for start, end, axis, step in zip(starts, ends, axes, steps):
            positions = range(x.shape[axis])[start if step > 0 or start >= -x.shape[axis] else 0:end:step]
            x = x.index_select(axis, torch.tensor(list(positions), dtype=torch.int64))
        return x

    def Pad(self, a, x, pads, value=None, axes=None):
        assert a.get("mode", b"constant") == b"constant" and axes is None
        pads = ints(pads)
        pairs = [pads[at::x.dim()] for at in range(x.dim())]
        return F.pad(x, [size for pair in reversed(pairs) for size in pair], value=0 if value is None else value.item())

    def Trilu(self, a, x, k=None):
        k = 0 if k is None else int(k)
        return torch.triu(x, k) if a.get("upper", 1) else torch.tril(x, k)

    def Gather(self, a, x, indices):
        axis = a.get("axis", 0) % x.dim()
        places = indices.to(torch.int64) % x.shape[axis]
        picked = x.index_select(axis, places.reshape(-1))
        return picked.reshape((*x.shape[:axis], *places.shape, *x.shape[axis + 1:]))

    def GatherElements(self, a, x, indices):
        axis = a.get("axis", 0)
        return torch.gather(x, axis, indices % x.shape[axis])

    def GatherND(self, a, x, indices):
        assert a.get("batch_dims", 0) == 0
        return x[tuple(indices[..., at] for at in range(indices.shape[-1]))]

    # Arithmetic

    def Add(self, a, x, y):
        return x + y

    def Sub(self, a, x, y):
        return x - y

    def Mul(self, a, x, y):
        return x * y

    def Div(self, a, x, y):
        return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")

    def Mod(self, a, x, y):
        return torch.fmod(x, y) if a.get("fmod", 0) else torch.remainder(x, y)

    def Pow(self, a, x, y):
        return torch.pow(x, y.item() if y.numel() == 1 else y)

    def Max(self, a, x, *more):
        for y in more:
            x = torch.maximum(x, y)
        return x

    def Min(self, a, x, *more):
        for y in more:
            x = torch.minimum(x, y)
        return x

    def Where(self, a, condition, x, y):
        return torch.where(condition, x, y)

    def Equal(self, a, x, y):
        return x == y

    def LessOrEqual(self, a, x, y):
        return x <= y

    def GreaterOrEqual(self, a, x, y):
        return x >= y

    def And(self, a, x, y):
        return x & y

    def Not(self, a, x):
        return ~x

    def IsNaN(self, a, x):
        return torch.isnan(x)

    def Abs(self, a, x):
        return x.abs()

    def Neg(self, a, x):
        return -x

    def Sqrt(self, a, x):
        return x.sqrt()

    def Reciprocal(self, a, x):
        return x.reciprocal()

    def Cos(self, a, x):
        return x.cos()

    def Sin(self, a, x):
        return x.sin()

    def Erf(self, a, x):
        return torch.erf(x)

    def Tanh(self, a, x):
        return torch.tanh(x)

    def Sigmoid(self, a, x):
        return torch.sigmoid(x)

    def Relu(self, a, x):
        return F.relu(x)

    def Gelu(self, a, x):
        return F.gelu(x, approximate=a.get("approximate", b"none").decode())

    def BiasGelu(self, a, x, bias):
        return F.gelu(x + bias)

    def Softmax(self, a, x):
        if self.opset >= 13:
            return torch.softmax(x, a.get("axis", -1))
        axis = a.get("axis", 1) % x.dim()
        return torch.softmax(x.flatten(axis), -1).reshape(x.shape)

    def ReduceMean(self, a, x, axes=None):
        return x.mean(self.axes(a, axes), keepdim=bool(a.get("keepdims", 1)))

    # Layers

    def MatMul(self, a, x, y):
        return torch.matmul(x, y)

    def FusedMatMul(self, a, x, y):
        x = x.transpose(-1, -2) if a.get("transA", 0) else x
        y = y.transpose(-1, -2) if a.get("transB", 0) else y
        return a.get("alpha", 1.0) * torch.matmul(x, y)

    def Gemm(self, a, x, y, c=None):
        x = x.t() if a.get("transA", 0) else x
        y = y.t() if a.get("transB", 0) else y
        product = a.get("alpha", 1.0) * (x @ y)
        return product if c is None else product + a.get("beta", 1.0) * c

    def FusedGemm(self, a, *inputs):
        return getattr(self, a["activation"].decode())(a, self.Gemm(a, *inputs))

    def Einsum(self, a, *values):
        return torch.einsum(a["equation"].decode(), *values)

    def Conv(self, a, x, w, bias=None):
        spatial = x.dim() - 2
        pads = a.get("pads", [0] * 2 * spatial)
        pairs = [pads[at::spatial] for at in range(spatial)]
        x = F.pad(x, [size for pair in reversed(pairs) for size in pair])
        own = {"stride": a.get("strides", 1), "dilation": a.get("dilations", 1), "groups": a.get("group", 1)}
        return {1: F.conv1d, 2: F.conv2d}[spatial](x, w, bias, **own)

    def AveragePool(self, a, x):
        pads = a.get("pads", [0] * 4)
        own = {"count_include_pad": bool(a.get("count_include_pad", 0)), "ceil_mode": bool(a.get("ceil_mode", 0))}
        return F.avg_pool2d(x, a["kernel_shape"], a.get("strides"), pads[:2], **own)

    def GlobalAveragePool(self, a, x):
        return x.mean(list(range(2, x.dim())), keepdim=True)

    def BatchNormalization(self, a, x, scale, bias, mean, variance):
        scale, bias, mean, variance = (each.reshape(-1, *[1] * (x.dim() - 2)) for each in (scale, bias, mean, variance))
        return (x - mean) / torch.sqrt(variance + a.get("epsilon", 1e-5)) * scale + bias

    def LayerNormalization(self, a, x, scale, bias=None):
        axis = a.get("axis", -1) % x.dim()
        return F.layer_norm(x, x.shape[axis:], scale, bias, a.get("epsilon", 1e-5))

    def Attention(self, a, q, k, v, mask=None):
        assert q.dim() == 4 and mask is None and not a.get("is_causal", 0)
        scale = a.get("scale", q.shape[-1] ** -0.5)
        return torch.softmax(q @ k.transpose(-1, -2) * scale, -1) @ v


def gradients(folder, given, width):
    interpreter = Interpreter(onnx.load(f"{folder}/model.onnx"), width)
    read = lambda each: torch.from_numpy(numpy.fromfile(f"{folder}/{each['file']}", each["type"]).reshape(each["dims"]))
    inputs = {each["name"]: read(each) for each in given["inputs"]}
    inputs = {name: value.to(width) if value.is_floating_point() else value for name, value in inputs.items()}
    by = [each["name"] for each in given["gradients"]]
    leaves = [(interpreter.weights if name in interpreter.weights else inputs)[name].requires_grad_() for name in by]
    names = [each.name for each in interpreter.graph.output]
    outputs = dict(zip(names, interpreter.run(inputs)))
    total = sum((outputs[each["name"]] * read(each).to(width)).sum() for each in given["directions"])
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return [torch.zeros_like(leaf) if each is None else each for leaf, each in zip(leaves, found)]


def main(folder):
    given = json.load(open(f"{folder}/given.json"))
    exact = gradients(folder, given, torch.float64)
    single = gradients(folder, given, torch.float32)
    results = {}
    for each, want, other in zip(given["gradients"], exact, single):
        ours = numpy.fromfile(f"{folder}/{each['file']}", each["type"]).reshape(each["dims"])
        differences = [abs(have - want.numpy()).max() for have in (ours, other.numpy())] if want.numel() else [0, 0]
        largest = want.abs().max().item() if want.numel() else 0
        results[each["name"]] = [float(differences[0]), largest, float(differences[1])]
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1])
