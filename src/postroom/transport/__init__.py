"""SMTP on the wire. Owns the dialogue with a submission server; refuses to judge what the server says."""
