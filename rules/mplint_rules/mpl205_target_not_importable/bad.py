import multiprocessing

if __name__ == "__main__":

    def work():
        print("working")

    worker = multiprocessing.Process(target=work)
    worker.start()
    worker.join()
