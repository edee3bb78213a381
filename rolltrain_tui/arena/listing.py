"""The list of agents as records and as a table, for every face of the arena."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rolltrain_tui.arena.agents import Agent, fingerprint, flops_per_step, flops_per_token, num_parameters
from rolltrain_tui.arena.roster import Row
from rolltrain_tui.base.safe_text import flat


def record(agent: Agent) -> dict[str, Any]:
    """JSON values: the agent's own record with what follows from it."""
    return {
        **asdict(agent),
        "fingerprint": fingerprint(agent),
        "parameters": num_parameters(agent.shape, agent.vocabulary),
        "flops_per_token": flops_per_token(agent.shape, agent.vocabulary),
        "flops_per_step": flops_per_step(agent),
    }


def table(rows: Sequence[Row]) -> list[str]:
    """A line an agent, under a line of headings; the current one is marked."""
    wide = max([len(flat(row.name)) for row in rows] + [5])
    lines = [f"  {'agent':<{wide}}  {'embd':>4} {'layers':>6} {'heads':>5} {'weights':>9} {'MFLOP/step':>10} {'steps':>7} {'val':>7}  text"]
    for row in rows:
        mark = "▸" if row.current else " "
        if row.agent is None:
            lines.append(f"{mark} {flat(row.name):<{wide}}  ✖ {flat(row.trouble)}")
            continue
        agent, shape = row.agent, row.agent.shape
        val = f"{agent.val_loss:7.3f}" if agent.val_loss is not None else f"{'-':>7}"
        weights, flops = num_parameters(shape, agent.vocabulary), flops_per_step(agent) / 1e6
        lines.append(
            f"{mark} {row.name:<{wide}}  {shape.n_embd:>4} {shape.n_layer:>6} {shape.n_head:>5} {weights:>9,} {flops:>10,.2f} "
            f"{agent.step:>7,} {val}  {flat(agent.corpus)}"
        )
    return lines
