"""OAuth 2.0: how a person consents, how tokens are asked for."""
