"""Unique device identification: GS1, HIBCC and ICCBBA strings to fields, with check digits."""
