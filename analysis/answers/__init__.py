"""Answers to the questions that studies ask in their titles: a sentence or two each, made from the data by rules."""
