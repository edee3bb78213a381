"""What trains agents and measures them.

model_batch.py   K models as one computation: forward, backward
trainer.py       AdamW on K models           training.py    one agent outside of battles
sampling.py      lines and their score       scores.py      from losses and lines to ranks
diagnosis.py     signals of an agent         dice.py        heroes among the contenders
events.py        what happens

dice, events and scores do without torch.
"""
