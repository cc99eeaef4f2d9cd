"""The functions the course teaches, one module or folder a topic. They know nothing of exercises or checks."""
