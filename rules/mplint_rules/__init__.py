"""The rules that come with mplint, one folder each."""

GROUPS = {
    "channels": "MPL1",
    "pickling": "MPL2",
    "processes": "MPL3",
    "pools": "MPL4",
    "sharing": "MPL5",
    "start-methods": "MPL6",
}
"""The groups that rules can be selected by, each with what the codes of its rules begin with."""
