"""Owns the login with OAuth 2.0: asking providers for tokens, and keeping them."""
