"""`python -m hotline.cli`: the command line if no script is installed."""

from hotline.cli import main

main()
