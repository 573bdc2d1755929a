"""Runs of the collector that an operator asks for: `zoomlogs run`, `reconcile` and `backfill`.

`loop` makes what the function is sent and goes on until none of the dates asked for is owed, `progress` shows it, and
`command` puts them together.
"""
