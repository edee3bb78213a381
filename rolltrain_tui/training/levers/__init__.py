"""Levers on one optimiser step: pulled, and measured in the weights."""
