"""Raw samples of machines in packed chunks, with roll-ups and retention."""
