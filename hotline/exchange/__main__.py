"""Runs the exchange: ``python -m hotline.exchange``, or ``exchange`` where its own package is installed."""

from hotline.exchange.command import main

if __name__ == "__main__":
    main()
