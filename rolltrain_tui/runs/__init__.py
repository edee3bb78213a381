"""A run in its folder: event log, saves, replay, verification, branches."""
