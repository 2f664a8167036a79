"""The hidden truth of the demo hospital: patients, things, supplies and machines as they really are.

Each part is advanced to an instant and says what happened since. Run over thirty days it writes the past; run along the
clock it drives readers, machines and messages, so that what the twin believes can be held against what is true.
"""
