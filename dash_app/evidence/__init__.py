"""Evidence as one document: all that is kept of a device or a load, for paper and for people outside the hospital.

A biomedical engineer or sterile supply prints it. It reads through the same queries as the pages and holds no script.
"""
