"""EPCIS 2.0: events of things that move, captured and queried."""
