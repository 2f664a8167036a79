"""Questions that pages ask: pure functions over the live state and read sessions, giving rows without words."""
