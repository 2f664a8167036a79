"""Installation and operation qualification: what a hospital proves on its own machine before it relies on the twin."""
