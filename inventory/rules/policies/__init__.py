"""When to order how much: published stock policies, exact where an exact method exists."""
