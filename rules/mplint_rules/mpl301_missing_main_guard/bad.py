import multiprocessing


def work():
    print("working")


process = multiprocessing.Process(target=work)
process.start()
process.join()
