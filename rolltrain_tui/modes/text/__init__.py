"""Trained: a GPT, to predict the next character of a text.
A turn: one optimiser step on a batch of random windows of the training text.
Measured: validation loss in nats per token, on fixed windows of the validation text.
Not possible: texts of more than 4096 different characters with all of them kept apart, and more than one device.
"""
