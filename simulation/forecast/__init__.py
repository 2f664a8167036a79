"""What the next hours bring: how many beds of every unit will be taken, with bands, and how good forecasts were.

Administrators read it on the overview; a planner looks at the accuracy page before believing it. It takes stays as they
were known at one instant and gives distributions; it stores nothing itself.
"""
