"""Collections, who is licensed, and Auto-License with its runs."""
