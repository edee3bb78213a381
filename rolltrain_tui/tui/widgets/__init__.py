"""One file a widget; each draws prepared lines and touches only those that changed."""
