"""What belongs to a run beside its results: records, fingerprints, locks, frozen configuration."""
