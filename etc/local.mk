# Example configurations, rules, man pages, the systemd unit.
