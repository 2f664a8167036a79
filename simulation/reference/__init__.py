"""The readable engine on SimPy: slow, step by step, and the yardstick of the fast one."""
