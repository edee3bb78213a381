"""An agent: its shape, its training recipe, and its record. Does not import torch, so creating and listing agents is fast."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Literal

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_records import codec, dump_json

Style = Literal["gpt", "microgpt"]
Decay = Literal["constant", "linear", "cosine"]

LARGEST = 2_000_000
"""Most weights of an agent. Bigger models belong in campaigns."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,23}")
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
"""File names that Windows does not allow."""


class AgentError(ValueError):
    """An agent that does not exist or is not possible. The message is a sentence for the player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The architecture. Agents of one shape, batch size and vocabulary train as one computation."""

    n_embd: int
    n_layer: int
    n_head: int
    context: int = 16
    style: Style = "gpt"
    """gpt: layer norms, GELU, output tied to the embedding (modes/text/gpt.py). microgpt: RMS norms without gains, ReLU, untied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The training: AdamW on batches of random windows. Each value can be changed between two steps."""

    learning_rate: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.0
    """Applies to matrices only."""
    clip: float = 1.0
    """Largest gradient norm; 0: no clipping."""
    warmup: int = 10
    """Steps of linear warm-up to learning_rate."""
    decay: Decay = "linear"
    """Schedule after the warm-up. It ends at a hundredth of learning_rate, in battles at the end of the budget, else after `horizon`."""
    horizon: int = 0
    """Steps after which training outside of battles reaches its last rate; 0: no decay."""
    batch: int = 8
    """Sequences in one step."""
    seed: int = 0
    """Decides the initial weights and, outside of battles, the order of the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the recipe. It acts from the step after `step`."""

    step: int
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    name: str
    shape: Shape
    recipe: Recipe = field(default_factory=Recipe)
    corpus: str = "names"
    """names, tales, or the path of a text file."""
    preset: str = ""
    vocabulary: int
    """Number of different characters in the corpus."""
    text_sha256: str
    """Hash of the corpus. On another text the weights would be meaningless."""
    step: int = 0
    """Steps trained."""
    gflop: float = 0.0
    """Energy of these steps."""
    val_loss: float | None = None
    """After the last training, in nats per character."""
    changes: tuple[Change, ...] = ()


PRESETS: Mapping[str, tuple[Shape, Recipe]] = {
    "microgpt": (
        Shape(n_embd=16, n_layer=1, n_head=4, context=16, style="microgpt"),
        Recipe(learning_rate=0.01, beta1=0.9, beta2=0.95, warmup=0, clip=0.0, decay="linear", horizon=1000, batch=8),
    ),
}
"""microgpt: the model of Karpathy's scalar autograd script: 16 wide, 1 layer, 4 heads, context 16."""

# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic


def layout(shape: Shape, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter, named as in modes/text/gpt.py."""
    C, T, V, gpt = shape.n_embd, shape.context, vocabulary, shape.style == "gpt"
    found: dict[str, tuple[int, ...]] = {"wte.weight": (V, C), "wpe.weight": (T, C)}
    for layer in range(shape.n_layer):
        block = f"blocks.{layer}"
        found |= {f"{block}.ln_1.weight": (C,)} if gpt else {}
        found |= {f"{block}.attn.qkv.weight": (3 * C, C), f"{block}.attn.proj.weight": (C, C)}
        found |= {f"{block}.ln_2.weight": (C,)} if gpt else {}
        found |= {f"{block}.mlp.fc.weight": (4 * C, C), f"{block}.mlp.proj.weight": (C, 4 * C)}
    return found | ({"ln_f.weight": (C,)} if gpt else {"head.weight": (V, C)})


def num_parameters(shape: Shape, vocabulary: int) -> int:
    C, gpt = shape.n_embd, shape.style == "gpt"
    blocks = shape.n_layer * (12 * C * C + (2 * C if gpt else 0))
    return blocks + shape.context * C + vocabulary * C * (1 if gpt else 2) + (C if gpt else 0)


def flops_per_token(shape: Shape, vocabulary: int) -> int:
    """FLOPs of training, forward and backward: 6 N + 12 L C T (PaLM, appendix B). N counts the weights of matrix products."""
    N = shape.n_layer * 12 * shape.n_embd**2 + vocabulary * shape.n_embd
    return 6 * N + 12 * shape.n_layer * shape.n_embd * shape.context


def flops_per_step(agent: Agent) -> int:
    return agent.recipe.batch * agent.shape.context * flops_per_token(agent.shape, agent.vocabulary)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Learning rate of step 0, 1, ...: linear up to step warmup - 1, then by `decay` down to a hundredth at the last of `steps`.

    With steps = 0 the rate stays at its peak.
    """
    peak = recipe.learning_rate
    if step < recipe.warmup:
        return peak * (step + 1) / recipe.warmup
    if steps == 0:
        return peak
    way = min(1.0, (step - recipe.warmup) / max(1, steps - 1 - recipe.warmup))
    if recipe.decay == "linear":
        return peak * (1 - 0.99 * way)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * way))) if recipe.decay == "cosine" else peak


def fingerprint(agent: Agent) -> str:
    """First 8 hex digits of the hash of shape and recipe. Name and weights do not count."""
    plain = {"shape": codec(Shape).dump(agent.shape), "recipe": codec(Recipe).dump(agent.recipe)}
    return hashlib.sha256(dump_json(plain).encode("ascii")).hexdigest()[:8]


# ---------------------------------------------------------------------------------------------------------------------
# Checks


def check_name(name: str, of: str = "an agent") -> str:
    """The name, where `of` may be called so. AgentError."""
    if name.casefold() in RESERVED:
        raise AgentError(f"{name!r} cannot be the name of {of}: on Windows no file may be called so; choose another name")
    if not NAME.fullmatch(name):
        raise AgentError(
            f"{name[:40]!r} cannot be the name of {of}: "
            "use 1 to 24 letters (a to z), digits, hyphens and underscores, the first a letter or digit"
        )
    return name


def check_shape(shape: Shape, vocabulary: int) -> Shape:
    sizes = {"width": (shape.n_embd, 4096), "layers": (shape.n_layer, 64), "heads": (shape.n_head, 256), "context": (shape.context, 512)}
    for name, (value, most) in sizes.items():
        if not 1 <= value <= most:
            raise AgentError(f"{name}: {value} is not possible; choose 1 to {most}")
    if shape.context < 2:
        raise AgentError("context: 1 is not possible; choose 2 to 512")
    if shape.n_embd % shape.n_head:
        near = max(1, round(shape.n_embd / shape.n_head)) * shape.n_head
        raise AgentError(
            f"width: {shape.n_embd} channels cannot be shared evenly by {shape.n_head} heads; the nearest width that can is {near}"
        )
    if (weights := num_parameters(shape, vocabulary)) > LARGEST:
        raise AgentError(
            f"{weights:,} weights are too many for the arena, whose agents have up to {LARGEST:,}: choose a smaller width or fewer layers"
        )
    return shape


BOUNDS: Mapping[str, tuple[float, float]] = {
    "learning_rate": (0.0, 1e6),
    "beta1": (0.0, 0.9999),
    "beta2": (0.0, 0.99999),
    "eps": (1e-16, 1.0),
    "weight_decay": (0.0, 100.0),
    "clip": (0.0, 1e6),
    "warmup": (0, 1_000_000),
    "horizon": (0, 10_000_000),
    "batch": (1, 1024),
    "seed": (0, 2**53),
}
"""Smallest and largest value of each number in a recipe. A learning rate of 10 is allowed: watching it fail is part of the game."""


def check_recipe(recipe: Recipe) -> Recipe:
    for name, (low, high) in BOUNDS.items():
        value = getattr(recipe, name)
        if not (math.isfinite(value) and low <= value <= high):
            raise AgentError(f"{name}: {value:g} is not possible; choose {low:g} to {high:g}")
    return recipe


def parse_setting(recipe: Recipe, name: str, text: str) -> Recipe:
    """The recipe with one value as the player typed it. AgentError."""
    kinds = {entry.name: type(getattr(recipe, entry.name)) for entry in fields(recipe)}
    name = {"lr": "learning_rate"}.get(name, name)
    if name not in kinds:
        near = get_close_matches(name, kinds, n=1)
        raise AgentError(f"there is no setting {name[:40]!r}; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(kinds)}"))
    if name == "decay":
        if text not in ("constant", "linear", "cosine"):
            raise AgentError(f"decay: {text[:40]!r} is not possible; choose constant, linear or cosine")
        return replace(recipe, decay=text)  # type: ignore[arg-type]  # one of the three
    try:
        value = kinds[name](text)
    except (ValueError, OverflowError):
        wanted = "a whole number" if kinds[name] is int else "a number"
        raise AgentError(f"{name}: {text[:40]!r} is not {wanted}") from None
    return check_recipe(replace(recipe, **{name: value}))


def configure(agent: Agent, name: str, text: str) -> Agent:
    """The agent with one setting changed and the change in its record."""
    recipe = parse_setting(agent.recipe, name, text)
    name = {"lr": "learning_rate"}.get(name, name)
    before, after = (str(getattr(r, name)) for r in (agent.recipe, recipe))
    change = Change(step=agent.step, name=name, before=before, after=after)
    return replace(agent, recipe=recipe, changes=(*agent.changes, change))


def size_words(shape: Shape) -> str:
    """ "16 wide, 1 layer, 4 heads, context 16, gpt"."""
    layers, heads = (counted(n, word) for n, word in ((shape.n_layer, "layer"), (shape.n_head, "head")))
    return f"{shape.n_embd} wide, {layers}, {heads}, context {shape.context}, {shape.style}"


def describe(agent: Agent) -> str:
    """Name, size and energy as one sentence."""
    weights, flops = num_parameters(agent.shape, agent.vocabulary), flops_per_step(agent) / 1e6
    return f"{agent.name}: {weights:,} weights ({size_words(agent.shape)}), {flops:,.2f} MFLOP a step"
