from multiprocessing import Queue

queue = Queue()
queue.put(1)
queue.get(3)
