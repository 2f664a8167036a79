"""The hospital's other systems: HL7 v2 messages, FHIR, EPCIS and RTLS, and the one encrypted table of identities.

Messages come in and become events about pseudonymous encounters; what the twin knows goes out in the standards' words.
Names and record numbers never leave the link table.
"""
