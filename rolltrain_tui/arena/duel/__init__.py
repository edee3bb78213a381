"""The duel outside of a campaign: who may be asked to the table by name, and tournaments of saved networks and fixed players."""
