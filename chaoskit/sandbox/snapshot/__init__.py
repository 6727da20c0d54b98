"""Snapshots of a whole sandbox: taken, put back, described as JSON, compared in words.

A provider has nothing to do for this: all that can be reached from the sandbox and from moto is put back.
Three things a class may say of itself: `NOT_STATE`, a class attribute, names attributes that are the
process's own (threads, pools, caches); `NEVER_CHANGES`, another, is true of what stays as it was made (a
record, a parsed template); a method `restored()` is called when everything is back.
"""
