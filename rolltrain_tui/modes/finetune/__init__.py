"""Trained: a Hugging Face model from a folder of the player's own: a causal language model or a sequence classifier, whole or by LoRA.
A turn: one optimiser step on a batch of the player's data; each epoch reads everything once, in an order of its own.
Measured: validation loss in nats per token, for a classifier in nats per example.
Not possible: anything from a hub, pickled weights, code that comes with a model, encoder-decoders, quantised weights, several devices.
"""
