"""Step Functions: moto keeps state machines and interprets them; their tasks go through the gateway."""
