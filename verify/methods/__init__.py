"""The methods that judge a claim, and what they find: exact, in balls, in floats, by differences."""
