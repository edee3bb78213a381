"""The screens of the arena; style sheets stand beside them."""
