"""Lambda functions run for real: Python handlers, each invocation in a process of its own.

`provider.Functions` answers `lambda:Invoke`; `process` is the launcher that SSM Automation scripts share.
"""
