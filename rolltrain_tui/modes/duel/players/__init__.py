"""Who can sit at the table: fixed players by name, networks of other runs, and the pool of opponents in games of training."""
