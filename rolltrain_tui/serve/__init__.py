"""One game for a whole room: the terminal's screen mirrored to browsers, a light page for phones, and votes. Needs the extra `serve`.

`start.start` is its one door, `serving.check_installed` tells what is missing. streams/ is what viewers get, web/ who may have it.
"""
