"""Messages as bytes: built, and read back before they leave."""
