"""`python -m hotline.cli`: the command line where no script was installed."""

from hotline.cli import main

main()
