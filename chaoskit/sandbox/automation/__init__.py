"""SSM Automation: runbooks (documents of schema 0.3) parsed, checked and run with a role's own credentials.

`document.parse` reads a runbook and needs nothing of the sandbox; `provider.Automation` answers the API.
"""
