"""Finding one's way: the switcher, links by stable numbers, search, bookmarks."""
