"""Security chaos engineering for AWS: prove that your controls work."""
