"""The proofs' trials, under each optimiser."""

from support.trials import begin as begin
