"""What the program says, and how it asks. Nothing else of Postroom prints."""
