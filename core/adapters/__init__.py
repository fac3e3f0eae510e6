"""The outside world behind the ports: brokers, prices, calendars, the store, channels."""
