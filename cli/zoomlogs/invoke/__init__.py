"""Runs of the collector that an operator asks for: `zoomlogs run`, `reconcile` and `backfill`.

`events` makes what the function is sent, `invocation` sends it and waits, `standing` reads what the checkpoint owes,
`rounds` goes on until nothing asked for is owed, `progress` shows it, and `command` puts them together.
"""
