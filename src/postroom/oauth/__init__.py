"""The room of OAuth 2.0: it has people consent, and asks providers for tokens. Its promises stand in `domain/oauth.py`."""
