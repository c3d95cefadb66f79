"""Incidents: the failures of tasks and workflows, grouped by their cause and told once (docs/incidents.md).

`alerts` records failures and successes where runs end. The `keeper` groups alerts (`grouping`), decides what is news
(`decisions`) and tells it (`telling`).
"""
