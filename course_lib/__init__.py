"""Words to Transformers."""
