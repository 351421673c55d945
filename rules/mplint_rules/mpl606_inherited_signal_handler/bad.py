import multiprocessing
import signal


def on_terminate(number, frame):
    print("the program goes on")


def work(ready):
    ready.send("ready")
    while True:
        signal.pause()


def main():
    signal.signal(signal.SIGTERM, on_terminate)
    reader, ready = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=work, args=(ready,))
    process.start()
    reader.poll(None)
    process.terminate()
    process.join()


if __name__ == "__main__":
    main()
