"""What each group of commands shows: pure functions from a result's data to blocks."""
