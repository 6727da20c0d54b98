"""Detection content evaluated outside of any account: what both the sandbox and the probes need."""
