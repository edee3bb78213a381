"""The kinds of screens: what a screen of the game can do, a dialog, a page to read; and what all of them hold back or take late."""
