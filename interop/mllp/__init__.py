"""MLLP: frames on a connection, the acknowledgements of HL7 version 2, a server and a client."""
