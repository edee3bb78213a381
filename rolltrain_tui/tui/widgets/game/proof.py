"""The proof strip: what the last ability claimed, what was measured in the weights, and what the shadow twin says of it."""

from rolltrain_tui.base.grammar import counted, fixed, minus
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.events import KeptBack, TwinJudged
from rolltrain_tui.story.measurements import evidence
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import Proof, TwinView
from rolltrain_tui.tui.widgets.game.die import TOLERANCE, kept
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span, paragraph, width_of
from rolltrain_tui.tui.wording.figures import factor
from rolltrain_tui.tui.wording.titles import titled


class ProofPanel(ScenePanel):
    def show_scene(self, scene: Scene) -> None:
        self.show(proof_lines(scene, self.content_size.width, self.content_size.height))


def proof_lines(scene: Scene, width: int = 200, height: int = 2) -> list[Line]:
    """The claim with its k on the first line; then the twin and what the levers measured, side by side on two lines, else apart."""
    proof = scene.proof
    twin = _twin(scene.twin, proof)
    if proof is None:
        return [
            twin or [("Nothing to prove yet: an ability you use is measured here in the weights.", "muted")],
            _this_turn(scene),
        ]
    name: list[Span] = [(titled(proof.ability, proof.option), "strong"), (f" @{proof.since}", "muted")]
    k: Line = [*name, ("   claims ", "muted"), (factor(proof.k), ""), *_verdict(proof)]
    if width_of(k) > width:
        k = [*name, *_verdict(proof)]  # what was measured, rather than what was claimed
    if height <= 2:
        return [k, [*twin, ("  ·  ", "muted"), *_levers(proof)] if twin else _levers(proof)]
    ((words, tone),) = _levers(proof)
    return [k, *([twin] if twin else []), *paragraph(words, width, tone)]


def _verdict(proof: Proof) -> Line:
    if not (turns := proof.measured_turns):
        return [("   full steps so far: k not measured" if proof.turns else "   not measured yet", "muted")]
    honest = proof.worst <= TOLERANCE * max(1.0, abs(proof.asked) / turns)
    return [
        (f"   {counted(turns, 'turn')}: Σk asked ", "muted"),
        (fixed(proof.asked), ""),
        ("  felt ", "muted"),
        (f"{fixed(proof.felt)} {'✔' if honest else '✖'}", "good" if honest else "bad"),
    ]


VERDICTS = {"helped": ("▼", "good+strong"), "hurt": ("▲", "bad+strong"), "no measurable effect": ("=", "muted")}
"""Mark and tone; the word stands beside them."""


def _twin(twin: TwinView | None, proof: Proof | None) -> Line:
    """How far the twin has come, or what it found. Named where it watches another use than the one above."""
    if twin is None:
        return []
    same = proof is not None and (proof.ability, proof.since) == (twin.ability, twin.since)
    whose = "" if same else f"{titled(twin.ability)} @{twin.since}: " if twin.ability else "all abilities: "
    if twin.end is None:
        return [(f"{whose}copy without it: turn {twin.walked} of {twin.turns}", "cool")]
    if isinstance(twin.end, KeptBack):
        return [(f"{whose}the twin's verdict is in: h reveals it", "accent")]
    if not isinstance(twin.end, TwinJudged):
        return [(f"{whose}twin lost, no verdict", "warn")]
    mark, tone = VERDICTS[twin.end.verdict]
    return [
        (f"{whose}Δval ", "muted"),
        (minus(f"{twin.end.delta:+.4f}{plus_minus(twin.end.standard_error, 4, ' ±')}"), ""),
        (f" over {counted(twin.turns, 'turn')} ", "muted"),
        (f"{mark} {twin.end.verdict}", tone),
    ]


def _levers(proof: Proof) -> list[tuple[str, str]]:
    """What the levers measured of themselves, which says more than their names; the names where they measured nothing."""
    if phrases := evidence(proof.measured):
        return [("  ·  ".join(phrases), "")]
    state = "still in force" if proof.open else "over"
    levers = ", ".join(clean(lever).replace("_", " ") for lever in proof.levers) or "none yet"
    worst = f"largest error {proof.worst:.4f}  ·  " if proof.measured_turns else ""
    return [(f"{worst}levers: {levers}  ·  {state}", "muted")]


def _this_turn(scene: Scene) -> Line:
    step = scene.step
    if step is None:
        return []
    asked: Line = [(f"turn {step.turn}: k asked ", "muted"), (factor(step.k_requested), "")]
    if step.k_effective is None:
        return [*asked, ("  the full step, not measured", "muted")]
    honest = kept(step)
    return [*asked, ("  felt ", "muted"), (f"{factor(step.k_effective)} {'✔' if honest else '✖'}", "good" if honest else "bad")]
