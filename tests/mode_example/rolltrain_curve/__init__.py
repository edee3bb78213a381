"""Trained: a multilayer perceptron, to fit the curve y = sin(3x) from noisy points.
A turn: one optimiser step on a batch of random training points.
Measured: R² on fixed points that are not trained on; 1 is perfect, 0 is no better than their mean.
"""

from rolltrain_tui.plugins import Mode

MODE = Mode(
    name="curve",
    title="A small network learns a curve",
    config="rolltrain_curve.config:CurveConfig",
    build="rolltrain_curve.learner:build",
    template="rolltrain_curve.config:template",
)
