"""Situations a planner can ask about by name: a surge, a closed ward, a lift out of order, a discharge lounge.

Each turns a few numbers into readable changes of the hospital's pathway, so that it can be looked at, mixed with other
changes and run again like any scenario.
"""
