"""OAuth 2.0: a person's consent, and the asking for tokens. The promises kept here stand in `domain/oauth.py`."""
