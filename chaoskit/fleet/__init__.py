"""Fleets: the same experiments in hundreds of accounts, on Step Functions, SQS, DynamoDB and S3.

A fleet run is a plan in S3, an execution of the fleet's state machine that sends a task for each account and
experiment, workers that run them, and a result document in S3 for each. The rollback promise stays with the
journal: neither the state machine nor the queue is trusted with it.
"""
