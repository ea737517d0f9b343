"""Process: the operating system process that the engine runs in: what it is, says and leaves."""
