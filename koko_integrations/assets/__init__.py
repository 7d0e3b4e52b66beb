"""Where the files of Koko's projects are kept: their names, bytes and rows."""
