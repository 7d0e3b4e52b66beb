"""The formats, a file each: a timeline in, text out."""
