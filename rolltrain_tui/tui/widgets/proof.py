"""The proof strip: what the last ability claimed, and what was measured in the weights while it was in force."""

from rolltrain_tui.narration import clean
from rolltrain_tui.scene import Scene
from rolltrain_tui.tui.figures import factor
from rolltrain_tui.tui.titles import titled
from rolltrain_tui.tui.widgets.die import TOLERANCE
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span
from rolltrain_tui.views import Proof


class ProofPanel(ScenePanel):
    def show_scene(self, scene: Scene) -> None:
        self.show(proof_lines(scene))


def proof_lines(scene: Scene) -> list[Line]:
    proof = scene.proof
    if proof is None:
        return [
            [("Nothing to prove yet: an ability you use is measured here in the weights.", "muted")],
            _this_turn(scene),
        ]
    first: list[Span] = [
        (titled(proof.ability, proof.option), "strong"),
        (f" @{proof.since}", "muted"),
        ("   claims ", "muted"),
        (factor(proof.k), ""),
    ]
    return [[*first, *_verdict(proof)], _levers(proof)]


def _verdict(proof: Proof) -> Line:
    if not proof.turns:
        return [("   not measured yet", "muted")]
    honest = proof.worst <= TOLERANCE * max(1.0, abs(proof.asked) / proof.turns)
    return [
        (f"   over {proof.turns} turn{'s' if proof.turns != 1 else ''} Σk asked ", "muted"),
        (f"{proof.asked:.3f}", ""),
        ("  felt ", "muted"),
        (f"{proof.felt:.3f} {'✔' if honest else '✖'}", "good" if honest else "bad"),
    ]


def _levers(proof: Proof) -> Line:
    state = "still in force" if proof.open else "over"
    levers = ", ".join(clean(lever).replace("_", " ") for lever in proof.levers) or "none yet"
    worst = f"worst turn off by {proof.worst:.4f}  ·  " if proof.turns else ""
    return [(f"{worst}levers: {levers}  ·  {state}", "muted")]


def _this_turn(scene: Scene) -> Line:
    step = scene.step
    if step is None:
        return []
    honest = abs(step.k_effective - step.k_requested) <= TOLERANCE * max(1.0, abs(step.k_requested))
    return [
        (f"turn {step.turn}: k asked ", "muted"),
        (factor(step.k_requested), ""),
        ("  felt ", "muted"),
        (f"{factor(step.k_effective)} {'✔' if honest else '✖'}", "good" if honest else "bad"),
    ]
