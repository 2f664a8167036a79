"""Service points and small networks in long run: estimates with intervals, and the exact value where one is known."""
