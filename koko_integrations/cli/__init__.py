"""The console script `koko-integrations`: one file per family of commands."""
