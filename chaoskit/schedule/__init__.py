"""Having somebody call `chaoskit run --due`: cron, systemd, GitHub Actions or AWS itself."""
