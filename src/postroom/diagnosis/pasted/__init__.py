"""Owns the reading of a text that somebody pasted: a reply, an exception, a log, a bounce, with a failure inside."""
