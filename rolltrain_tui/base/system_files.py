"""Files that operating systems leave in other people's folders and archives."""


def of_a_system(name: str) -> bool:
    """Whether a file or folder of this name is a system's own, such as .DS_Store, __MACOSX and Thumbs.db, or hidden."""
    return name not in (".", "..") and (name.startswith((".", "__MACOSX")) or name.casefold() in ("thumbs.db", "desktop.ini"))
