"""A run without a screen: told in sentences or by a bar, played by typed lines or a script."""
