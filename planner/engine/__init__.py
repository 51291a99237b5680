"""The planner's engine: who and what is free, and when each session of a series should be. Pure Python."""
