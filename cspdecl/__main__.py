"""`python -m cspdecl` is `cspdecl`."""

from cspdecl.cli.main import main

if __name__ == "__main__":
    main()
