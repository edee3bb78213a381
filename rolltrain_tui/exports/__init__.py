"""A run's event log as tables, pictures, TensorBoard events and a report card. The log is read as a stream, whatever its length."""
