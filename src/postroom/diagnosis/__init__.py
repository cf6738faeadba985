"""Why mail does not go out. Owns the cause classes and the rules that lead to them; pure but for its own catalogue."""
