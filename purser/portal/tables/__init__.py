"""Lists as pages: looks, cells, addresses to go on from. What a list is and asks for lies below, in purser.lists."""
