"""What Modbus machines say, as values: device profiles as data, the plan of requests, and registers to samples.

Nothing here opens a line. A profile (YAML in ``profiles``) says where a machine keeps what; ``planning`` makes as few
requests of it as the machine allows; ``decoding`` turns registers into values with unit and quality, or into none.
"""
