"""Detection content evaluated outside of any account, and CloudTrail's names: shared with the sandbox."""
