"""`python -m cspdecl_simulator`"""

from .cli import simulate

if __name__ == "__main__":
    simulate(prog_name="cspdecl simulate")
