"""Readers and machines that exist in memory only but speak the real protocols: to try everything without hardware.

They are part of the product. A simulated hospital drives them in the demo; the fault they can be told to show is what
real lines do: late, wrong, short, broken, silent.
"""
