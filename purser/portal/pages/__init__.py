"""One module a topic: the pages of that topic. See docs/howto/write-a-page.md."""
