"""From a log of what happened to a model of it: arrivals, durations, ways, and how well the model tells the log again.

A planner gives an event log (CSV or XES) and gets a pathway file that can be changed and run, with a report that says
where the model matches the log and where not. Nothing is stored.
"""
