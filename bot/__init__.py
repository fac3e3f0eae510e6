"""Evenkeel's front ends and its running process."""
