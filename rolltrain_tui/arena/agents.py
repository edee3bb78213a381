"""What an agent is: its shape, how it is taught, and what has become of it. No torch here, so that creating and listing cost nothing."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Literal

from rolltrain_tui.base.json_records import codec, dump_json

Style = Literal["gpt", "microgpt"]
Decay = Literal["constant", "linear", "cosine"]

LARGEST = 2_000_000
"""Weights of the largest agent: a bigger model belongs into a campaign."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,23}")
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


class AgentError(ValueError):
    """No such agent, or not one that can be; the message is a sentence for the player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The architecture. Agents of one shape, batch and vocabulary train as one computation."""

    n_embd: int
    n_layer: int
    n_head: int
    context: int = 16
    style: Style = "gpt"
    """gpt: layer norms, GELU, output tied to the embedding (training/gpt.py). microgpt: RMS norms without weights, ReLU, untied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How it is taught: AdamW, batches of random windows. Every value may be changed between two steps."""

    learning_rate: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.0
    """Of the matrices only."""
    clip: float = 1.0
    """Largest gradient norm; 0: not clipped."""
    warmup: int = 10
    """Steps of the way up to learning_rate."""
    decay: Decay = "linear"
    """From the end of the warm-up to a hundredth at the end of the budget, or of `horizon` where there is none."""
    horizon: int = 0
    """Steps in which a lone training decays, and stays at the last rate from there on; 0: it does not decay."""
    batch: int = 8
    """Sequences of one step."""
    seed: int = 0
    """First weights and, in lone training, the order of the data follow from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that was changed on the way. It acts from the step after `step`."""

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
    """Characters of the corpus."""
    text_sha256: str
    """Of the corpus: the weights are worth nothing on another one."""
    step: int = 0
    """Steps trained."""
    gflop: float = 0.0
    """Spent on them."""
    val_loss: float | None = None
    """In nats per character, after the last training."""
    changes: tuple[Change, ...] = ()


PRESETS: Mapping[str, tuple[Shape, Recipe]] = {
    "microgpt": (
        Shape(n_embd=16, n_layer=1, n_head=4, context=16, style="microgpt"),
        Recipe(learning_rate=0.01, beta1=0.9, beta2=0.95, warmup=0, clip=0.0, decay="linear", horizon=1000, batch=8),
    ),
}
"""microgpt: Karpathy's few hundred lines of scalar autograd, as a shape: 16 wide, 1 layer, 4 heads, context 16."""

# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic


def layout(shape: Shape, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Every parameter and its shape, named as `training.gpt.GPT` names them."""
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
    """Of training, forward and backward: 6 N + 12 L C T (PaLM, appendix B), N the weights that a matrix product reads."""
    N = shape.n_layer * 12 * shape.n_embd**2 + vocabulary * shape.n_embd
    return 6 * N + 12 * shape.n_layer * shape.n_embd * shape.context


def flops_per_step(agent: Agent) -> int:
    return agent.recipe.batch * agent.shape.context * flops_per_token(agent.shape, agent.vocabulary)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Of step 0, 1, ...: up in a straight line to step warmup - 1, then as `decay` says down to a hundredth at the last of `steps`.

    With 0 steps there is no end in sight, and the rate stays at its peak.
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
    """Eight hex digits of what it is apart from its name and its training: the same contender has the same."""
    plain = {"shape": codec(Shape).dump(agent.shape), "recipe": codec(Recipe).dump(agent.recipe)}
    return hashlib.sha256(dump_json(plain).encode("ascii")).hexdigest()[:8]


# ---------------------------------------------------------------------------------------------------------------------
# What cannot be


def check_name(name: str) -> str:
    if not NAME.fullmatch(name) or name.casefold() in RESERVED:
        raise AgentError(
            f"{name[:40]!a} cannot be the name of an agent: "
            "use 1 to 24 letters, digits, hyphens and underscores, the first a letter or digit"
        )
    return name


def check_shape(shape: Shape, vocabulary: int) -> Shape:
    for name, most in (("n_embd", 4096), ("n_layer", 64), ("n_head", 256), ("context", 512)):
        value = getattr(shape, name)
        if not 1 <= value <= most:
            raise AgentError(f"{name}: {value} is not possible; choose 1 to {most}")
    if shape.context < 2:
        raise AgentError("context: 1 is not possible; choose 2 to 512")
    if shape.n_embd % shape.n_head:
        near = max(1, round(shape.n_embd / shape.n_head)) * shape.n_head
        raise AgentError(
            f"n_embd: {shape.n_embd} channels cannot be shared evenly by {shape.n_head} heads; the nearest width that can is {near}"
        )
    if (weights := num_parameters(shape, vocabulary)) > LARGEST:
        raise AgentError(
            f"{weights:,} weights are too many for the arena, whose agents have up to {LARGEST:,}: choose a smaller n_embd or n_layer"
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
"""Of the recipe's numbers, ends included. A learning rate of 10 is a bad idea and no mistake."""


def check_recipe(recipe: Recipe) -> Recipe:
    for name, (low, high) in BOUNDS.items():
        value = getattr(recipe, name)
        if not (math.isfinite(value) and low <= value <= high):
            raise AgentError(f"{name}: {value:g} is not possible; choose {low:g} to {high:g}")
    return recipe


def parse_setting(recipe: Recipe, name: str, text: str) -> Recipe:
    """The recipe with one value of it as the player typed it. AgentError."""
    kinds = {entry.name: type(getattr(recipe, entry.name)) for entry in fields(recipe)}
    name = {"lr": "learning_rate"}.get(name, name)
    if name not in kinds:
        near = get_close_matches(name, kinds, n=1)
        raise AgentError(f"there is no setting {name[:40]!a}; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(kinds)}"))
    if name == "decay":
        if text not in ("constant", "linear", "cosine"):
            raise AgentError(f"decay: {text[:40]!a} is not possible; choose constant, linear or cosine")
        return replace(recipe, decay=text)  # type: ignore[arg-type]  # one of the three
    try:
        value = kinds[name](text)
    except (ValueError, OverflowError):
        wanted = "a whole number" if kinds[name] is int else "a number"
        raise AgentError(f"{name}: {text[:40]!a} is not {wanted}") from None
    return check_recipe(replace(recipe, **{name: value}))


def configure(agent: Agent, name: str, text: str) -> Agent:
    """The agent with a setting changed, and the change in its record."""
    recipe = parse_setting(agent.recipe, name, text)
    name = {"lr": "learning_rate"}.get(name, name)
    before, after = (str(getattr(r, name)) for r in (agent.recipe, recipe))
    change = Change(step=agent.step, name=name, before=before, after=after)
    return replace(agent, recipe=recipe, changes=(*agent.changes, change))


def size_words(shape: Shape) -> str:
    """ "16 wide, 1 layer, 4 heads, context 16, gpt"."""
    layers, heads = (f"{n} {word}{'s' if n > 1 else ''}" for n, word in ((shape.n_layer, "layer"), (shape.n_head, "head")))
    return f"{shape.n_embd} wide, {layers}, {heads}, context {shape.context}, {shape.style}"


def describe(agent: Agent) -> str:
    """One sentence for people."""
    weights, flops = num_parameters(agent.shape, agent.vocabulary), flops_per_step(agent) / 1e6
    return f"{agent.name}: {weights:,} weights ({size_words(agent.shape)}), {flops:,.2f} MFLOP a step"
