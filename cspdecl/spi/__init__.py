"""What plugins implement: Protocols over the values of core, and nothing else."""

SPI_VERSION = 1
