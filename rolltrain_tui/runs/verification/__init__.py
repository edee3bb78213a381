"""A run is trained again and compared with its record; and two records are compared with each other."""
