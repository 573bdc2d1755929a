"""Runs of the collector that an operator asks for: `zoomlogs run`, `reconcile` and `backfill`.

`events` makes what the function is sent, `invocation` sends it and waits, `checkpoint_summary` reads which dates are
owed, `loop` goes on until none of those asked for is, `progress` shows it, and `command` puts them together.
"""
