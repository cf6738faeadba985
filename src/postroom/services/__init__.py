"""Use cases, one file each: plain arguments and ports in, a Result out. None prints or reads the environment."""
