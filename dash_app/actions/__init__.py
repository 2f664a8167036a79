"""What pages do: each action checks its permission, then calls one organ service or stores one event."""
