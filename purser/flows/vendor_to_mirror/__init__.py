"""What a tenant's directory says is what our mirror of it shows: users, mailboxes, groups and who is in them.

The vendor is called outside of any transaction; each part is then written in one, with the mark that says what was read.
"""
