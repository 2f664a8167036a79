"""What if: patient flow through the hospital as it is right now, run forward many times.

Planners work with it. It is pure: a hospital state and a pathway go in, results with their uncertainty come out. Two
engines, a readable one and a fast one, run the same model with the same event log.
"""
