"""Four themes: the tavern at night, the same by day, one of high contrast and one whose good and bad are blue and orange.

Screens take every colour from the standard theme variables, so Textual's own themes work as well.
"""

from typing import Any

from textual.app import App
from textual.theme import Theme

from rolltrain_tui.tui.settings import read_settings, remember


def _soft(foreground: str) -> dict[str, str]:
    """Quieter words. What explains stays at 4.5:1 or more, what cannot be used now at 3:1; Textual's own are fainter."""
    return {"foreground-muted": f"{foreground}a8", "foreground-disabled": f"{foreground}80", "text-disabled": "auto 58%"}


TAVERN = Theme(
    name="tavern",
    primary="#e0a458",
    secondary="#86b3a4",
    accent="#f5c95c",
    success="#9bc76f",
    warning="#f0a04b",
    error="#ee7a61",
    foreground="#eadfce",
    background="#16110d",
    surface="#1e1712",
    panel="#2b2119",
    variables={
        **_soft("#eadfce"),
        "block-cursor-background": "#e0a458",
        "block-cursor-foreground": "#0a0705",
        "block-cursor-blurred-background": "#e0a45838",
        "block-cursor-text-style": "bold",
        "footer-key-foreground": "#f5c95c",
        "footer-background": "#1e1712",
        "border": "#e0a458",
        "border-blurred": "#5a4634",
        "input-selection-background": "#e0a458 35%",
        "scrollbar": "#4a3a2c",
        "scrollbar-background": "#1e1712",
        "scrollbar-corner-color": "#1e1712",
    },
)

PARCHMENT = Theme(
    name="parchment",
    primary="#7a3f0c",
    secondary="#1f5c50",
    accent="#27408b",
    success="#2f6412",
    warning="#7d4200",
    error="#a81c15",
    foreground="#17100a",
    background="#f4ead7",
    surface="#fbf5e7",
    panel="#e9dcc1",
    dark=False,
    variables={
        **_soft("#17100a"),
        "foreground-disabled": "#17100a86",  # of 16 colours the nearest to a fainter one, on its surface, is as light as the paper
        "block-cursor-background": "#6b3609",
        "block-cursor-foreground": "#fbf5e7",
        "block-cursor-text-style": "bold",
        "footer-key-foreground": "#27408b",
        "footer-background": "#e9dcc1",
        "border": "#7a3f0c",
        "border-blurred": "#b9a687",
        "input-selection-background": "#7a3f0c 25%",
    },
)

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#ffe14d",
    secondary="#5ce1ff",
    accent="#ffe14d",
    success="#5cff8a",
    warning="#ffb83d",
    error="#ff8f8f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    text_alpha=1.0,
    variables={
        "block-cursor-background": "#ffe14d",
        "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "bold",
        "footer-key-foreground": "#ffe14d",
        "footer-background": "#000000",
        "border": "#ffffff",
        "border-blurred": "#b0b0b0",
        "text-muted": "#d6d6d6",
        "text-disabled": "#a8a8a8",
        "foreground-muted": "#d6d6d6",
        "foreground-disabled": "#a8a8a8",
    },
)

BLUE_ORANGE = Theme(
    name="blue-orange",
    primary="#7fb8e6",
    secondary="#b9c6d3",
    accent="#f5d76e",
    success="#56b4e9",
    warning="#f4e8b0",
    error="#f08a24",
    foreground="#e6ebf0",
    background="#0e1318",
    surface="#141b22",
    panel="#1e2831",
    variables={
        **_soft("#e6ebf0"),
        "block-cursor-background": "#7fb8e6",
        "block-cursor-foreground": "#05080b",
        "block-cursor-text-style": "bold",
        "footer-key-foreground": "#f5d76e",
        "footer-background": "#141b22",
        "border": "#7fb8e6",
        "border-blurred": "#3d4c59",
    },
)

THEMES = (TAVERN, PARCHMENT, HIGH_CONTRAST, BLUE_ORANGE)
TITLES = {
    "tavern": "Tavern, by night",
    "parchment": "Parchment, by day",
    "high-contrast": "High contrast",
    "blue-orange": "Blue and orange, for colour-blind eyes",
}


def install(app: App[Any]) -> None:
    """Offer our themes, put on the remembered one, and remember the next choice. Call it when the app is mounted."""
    for theme in THEMES:
        app.register_theme(theme)
    remembered = read_settings().get("theme")
    app.theme = remembered if isinstance(remembered, str) and remembered in app.available_themes else TAVERN.name
    app.theme_changed_signal.subscribe(app, _remember)


def next_theme(app: App[Any]) -> str:
    """Put on the next of our four themes; answers with its title."""
    names = [theme.name for theme in THEMES]
    here = names.index(app.theme) if app.theme in names else -1
    app.theme = names[(here + 1) % len(names)]
    return TITLES[app.theme]


def _remember(theme: Theme) -> None:
    if read_settings().get("theme") != theme.name:
        remember("theme", theme.name)
