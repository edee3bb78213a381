"""A program's own PyTorch model."""
