"""The widgets of the training: its curves, its signals, the scouts' verdict, and what helps."""
