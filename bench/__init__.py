"""The figures Purser promises, measured: `make bench` prints them and fails when one is over its bound."""
