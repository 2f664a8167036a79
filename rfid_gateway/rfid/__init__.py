"""What RFID readers say, as values: LLRP, PN532, EM4100 and Chafon, without any input or output.

Each codec is fed bytes in any fragmentation and gives values or a coded error; none opens a line or knows the time. A
wrong tag id is worse than none: what fails a checksum, a length or a repetition is never a tag.
"""
