"""Lists as pages: looks, cells, addresses to go on from. What a list is and asks for lies below, in purser.lists."""

from purser.lists import asked as asked
from purser.lists import compiled as compiled
from purser.lists import saved as saved
