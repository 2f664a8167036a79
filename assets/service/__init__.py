"""Use cases of the device organ: each takes a session, never commits, and tells what happened as events."""
