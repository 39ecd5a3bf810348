"""The pages: translate, ask permission, one call, answer."""
