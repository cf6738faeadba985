"""The room that asks providers for tokens (OAuth 2.0). The promises it keeps stand in `domain/oauth.py`."""
