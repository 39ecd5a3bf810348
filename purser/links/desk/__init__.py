"""What a person may do with links: ask permission, one call into the topic, keep the act. Both doors call these."""
