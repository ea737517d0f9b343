"""Job terms: what a job was asked to do, where its files lie, and which states it has."""
