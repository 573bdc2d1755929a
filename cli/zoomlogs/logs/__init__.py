"""The collector's runs, as its log group in CloudWatch Logs tells of them.

`lines` reads what the function prints, `runs` puts runs together from lines, `group` fetches them, and `command` is
`zoomlogs logs`. `zoomlogs.invoke` follows a run by the same lines.
"""
