"""The worlds of the dungeon: text adventures behind one protocol. No torch."""
