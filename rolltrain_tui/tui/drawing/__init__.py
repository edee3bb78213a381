"""What charts, dice and large numbers are drawn with, in cells and braille dots. Nothing here knows a widget."""
