"""The configuration: files in, settings out, changes back, and presets of mail providers."""
