"""The player: what it reads, a language model that rates or writes commands, and what stands beside the model."""
