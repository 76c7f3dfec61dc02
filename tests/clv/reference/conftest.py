"""The scripts here make and check reference values; they are not tests."""

collect_ignore = ["make.py", "check.py"]
