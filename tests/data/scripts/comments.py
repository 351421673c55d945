"""Comments of all kinds; `# noqa: MPL114` in a string counts for its own lines only."""

from multiprocessing import Queue

queue = Queue()
for _ in range(20):
    queue.put(1)
queue.get(1)
queue.get(2)  # noqa
queue.get(3)  # noqa: MPL114
queue.get(4)  # noqa:MPL1
queue.get(5)  # noqa: E501,MPL114 with a reason
queue.get(6)  # noqa: E501
queue.get(7)  #noqa
queue.get(8)  # NOQA : MPL999
queue.get(9)  # noqa: mpl114
queue.get(10)  # mplint: ignore[MPL114] drained by then
queue.get(11)  # mplint: ignore[timeout-passed-as-block]
queue.get(12)  # mplint: ignore[MPL102, MPL114]
queue.get(13)  # mplint: ignore
queue.get(14)  # mplint: ignored
queue.get(15)  # mplint: ignore[MPL114
queue.get(  # noqa: MPL114
    16
)
queue.get(
    17
)  # noqa: MPL114
queue.get(
    18
)  # mplint: ignore[MPL114]
queue.get(19), """
# noqa: MPL114
"""
queue \
    .get(20)  # noqa: MPL114
number = 1  # noqa: MPL114
number = 2  # noqa: E501
number = 3  # mplint: ignore[MPL114]
number = 4  # mplint: ignore
number = 5  # mplint: ignore[no-such-rule]
number = 6  # mplint: ignore[]
