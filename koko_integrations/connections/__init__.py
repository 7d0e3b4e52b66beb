"""An integration's life: connect, prove, watch, disconnect."""
