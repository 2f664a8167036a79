"""Models of the same emergency department as others would write them: a peer is only fair if anybody may read it."""
