"""Postroom: the outgoing mail of a system that you run yourself.

This module runs before every command, so it holds nothing but the version.
"""

__version__ = "0.1.0"
