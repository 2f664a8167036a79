"""What the gateway heard and the core has not stored yet, safe on disk.

Each row has a key (gateway, boot, sequence) without gaps. A row goes only when the core says that it has committed it;
no broker's acknowledgement counts. So nothing is lost and nothing is stored twice, whoever is switched off when.
"""
