"""The rules that come with mplint, one folder each."""
