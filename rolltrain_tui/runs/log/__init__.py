"""The event log of a run, called its chronicle: written, read, found anew at any turn; and what a learner tells of its moves beside it."""
