"""The rules of the simulated service, one module a resource; none of them knows of sockets or files."""
