"""The command line, one module per group of commands; every module's ``command`` is offered."""
