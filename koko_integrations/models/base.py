"""What the tables of ours have in common."""

import peewee


class OwnModel(peewee.Model):
    """A table of ours."""
