"""Other people's systems: the typesetter, and the names of countries."""
