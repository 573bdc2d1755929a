"""Google SecOps: its events, raw logs and parser, compared with the records. Nothing here changes anything there."""
