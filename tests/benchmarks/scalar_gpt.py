"""A GPT of scalars: autograd, forward, backward and Adam in plain Python, one number at a time. The yardstick of the arena's speed.

The shape is microgpt's: token and position embeddings, RMS norm without weights, causal attention of H heads, an MLP of 4 C ReLU units,
an output layer of its own. `Value` is a node of the graph with the derivatives of its inputs beside it.
"""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

Vector = list["Value"]
Matrix = list[Vector]


class Value:
    """A number, and by how much it grows with each of the numbers it was made of."""

    __slots__ = ("data", "grad", "inputs", "slopes")

    def __init__(self, data: float, inputs: tuple["Value", ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.inputs, self.slopes = data, 0.0, inputs, slopes

    def __add__(self, other: "Value") -> "Value":
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Value") -> "Value":
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def scaled(self, by: float) -> "Value":
        return Value(self.data * by, (self,), (by,))

    def exp(self) -> "Value":
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self) -> "Value":
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def power(self, exponent: float) -> "Value":
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def relu(self) -> "Value":
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    def backward(self) -> None:
        """Add the derivative of self to the grad of everything it was made of, itself last to first."""
        order: list[Value] = []
        seen: set[int] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((inner, False) for inner in node.inputs)
        self.grad = 1.0
        for node in reversed(order):
            for inner, slope in zip(node.inputs, node.slopes, strict=True):
                inner.grad += slope * node.grad


def total(values: Sequence[Value]) -> Value:
    return Value(sum(v.data for v in values), tuple(values), (1.0,) * len(values))


def dot(a: Vector, b: Vector) -> Value:
    """One node for a whole inner product: kind to Python."""
    slopes = (*(y.data for y in b), *(x.data for x in a))
    return Value(sum(x.data * y.data for x, y in zip(a, b, strict=True)), (*a, *b), slopes)


def linear(x: Vector, weights: Matrix) -> Vector:
    return [dot(row, x) for row in weights]


def softmax(logits: Vector) -> Vector:
    most = max(v.data for v in logits)
    powers = [(v + Value(-most)).exp() for v in logits]
    share = total(powers).power(-1)
    return [p * share for p in powers]


def rms_norm(x: Vector) -> Vector:
    scale = (dot(x, x).scaled(1 / len(x)) + Value(1e-5)).power(-0.5)
    return [v * scale for v in x]


class ScalarGPT:
    def __init__(self, vocabulary: int, n_embd: int = 16, n_layer: int = 1, n_head: int = 4, context: int = 16, seed: int = 0) -> None:
        dice = random.Random(seed)
        self.n_layer, self.n_head = n_layer, n_head

        def matrix(rows: int, columns: int, std: float = 0.02) -> Matrix:
            return [[Value(dice.gauss(0, std)) for _ in range(columns)] for _ in range(rows)]

        C = n_embd
        self.weights = {"wte": matrix(vocabulary, C), "wpe": matrix(context, C), "head": matrix(vocabulary, C)}
        for layer in range(n_layer):
            self.weights |= {f"qkv{layer}": matrix(3 * C, C), f"proj{layer}": matrix(C, C, 0.0)}
            self.weights |= {f"fc{layer}": matrix(4 * C, C), f"out{layer}": matrix(C, 4 * C, 0.0)}
        self.parameters = [v for m in self.weights.values() for row in m for v in row]
        self.moments = [(0.0, 0.0)] * len(self.parameters)
        self.steps = 0

    def loss(self, tokens: Sequence[int]) -> Value:
        """Mean loss of predicting tokens 1, 2, ... from those before each."""
        w, losses = self.weights, []
        keys: list[list[Vector]] = [[] for _ in range(self.n_layer)]
        values: list[list[Vector]] = [[] for _ in range(self.n_layer)]
        for position, (token, target) in enumerate(pairwise(tokens)):
            x = rms_norm([a + b for a, b in zip(w["wte"][token], w["wpe"][position], strict=True)])
            for layer in range(self.n_layer):
                C = len(x)
                qkv = linear(rms_norm(x), w[f"qkv{layer}"])
                keys[layer].append(qkv[C : 2 * C])
                values[layer].append(qkv[2 * C :])
                x = [a + b for a, b in zip(x, linear(self.attend(qkv[:C], keys[layer], values[layer]), w[f"proj{layer}"]), strict=True)]
                hidden = [v.relu() for v in linear(rms_norm(x), w[f"fc{layer}"])]
                x = [a + b for a, b in zip(x, linear(hidden, w[f"out{layer}"]), strict=True)]
            losses.append(softmax(linear(x, w["head"]))[target].log().scaled(-1))
        return total(losses).scaled(1 / len(losses))

    def attend(self, q: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
        D = len(q) // self.n_head
        found: Vector = []
        for head in range(self.n_head):
            part = slice(head * D, (head + 1) * D)
            weights = softmax([dot(q[part], k[part]).scaled(1 / math.sqrt(D)) for k in keys])
            found += [dot(weights, [v[i] for v in values]) for i in range(part.start, part.stop)]
        return found

    def step(self, tokens: Sequence[int], rate: float = 0.01, beta1: float = 0.9, beta2: float = 0.95) -> float:
        """One step of Adam on one sequence; its loss before the step."""
        loss = self.loss(tokens)
        loss.backward()
        self.steps += 1
        for i, (p, (m, v)) in enumerate(zip(self.parameters, self.moments, strict=True)):
            m, v = beta1 * m + (1 - beta1) * p.grad, beta2 * v + (1 - beta2) * p.grad**2
            self.moments[i] = (m, v)
            p.data -= rate * (m / (1 - beta1**self.steps)) / ((v / (1 - beta2**self.steps)) ** 0.5 + 1e-8)
            p.grad = 0.0
        return loss.data
