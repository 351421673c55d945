import asyncio
import multiprocessing


async def work(done):
    done.value = 1


def run_work(done):
    asyncio.run(work(done))


def main():
    done = multiprocessing.Value("i", 0)
    worker = multiprocessing.Process(target=run_work, args=(done,))
    worker.start()
    worker.join()
    print("expected: 1")
    print("got:", done.value)


if __name__ == "__main__":
    main()
