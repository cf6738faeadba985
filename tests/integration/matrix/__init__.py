"""The live matrix: misconfigurations against real servers, and what `smtp test` must say of each.

`python -m tests.integration.matrix` runs it and prints the table.
"""
