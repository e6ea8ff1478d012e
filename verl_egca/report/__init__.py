"""What a run leaves and how a person looks at it: records, step logs, inspection."""
