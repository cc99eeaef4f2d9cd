"""The functions the course teaches, one module a topic. They know nothing of exercises or checks."""
