"""Hostile input by the hundred thousand: whatever comes in, an answer of ours comes out, soon, and in little memory."""
