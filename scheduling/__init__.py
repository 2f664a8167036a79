"""Plans and tasks: beds, theatres, nurses, shifts and routes, and who does what now.

Planners and logistics staff work with it. It hears that something is asked for, that stock moved, that somebody
departed; it tells of tasks created, assigned and completed and of plans published. Every plan passes an independent
checker before anyone sees it.
"""
