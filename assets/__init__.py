"""Devices for life: what the hospital owns, whether it may be used, and how it is kept and reprocessed.

Biomedical engineers and sterile supply work with it. It hears that tags changed zone, that machines sent samples and
that tasks were done; it tells that an asset moved or left without a permit, that a cycle ended with which verdict, that
a load was released, that a device became usable or not and why, and asks for tasks.
"""
