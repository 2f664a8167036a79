"""What people look at: pages, charts and the handheld, in English and Chinese.

Pages read through ``queries`` and write through ``actions``; figures are made in ``charts``. Grey is normal, colour
means act, and every position shows its age.
"""
