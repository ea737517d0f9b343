"""Dispatching: who does the work: the driver hands shards out, workers judge and write them."""
