"""Use cases of the interfaces: taking in messages, who is who, EPCIS capture and query. Each takes a session."""
