"""Stock that is always right: items, lots, places, movements, par levels and recalls.

Logistics staff and nurses work with it. It hears that a bin is empty, that a load of sets was released, that a task
was done, that a surgery plan was published and what the day's board decides; it tells that stock moved, that something
will run out, and asks for restock tasks. Every quantity is a whole number of base units and the sum of all its
movements.
"""
