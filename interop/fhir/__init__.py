"""FHIR R4: what the twin knows as resources, without anybody's identity."""
