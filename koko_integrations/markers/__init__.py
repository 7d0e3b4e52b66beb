"""Comments as markers on the timeline of an editor, right to the frame."""
