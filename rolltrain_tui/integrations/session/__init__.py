"""The game on a training loop that is not ours: what `session` and the callbacks for other people's Trainers stand on."""
