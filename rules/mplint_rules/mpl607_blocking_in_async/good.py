import asyncio
import multiprocessing


def work(permission, results):
    permission.wait()
    results.put("done")


async def give(permission):
    permission.set()


async def main():
    permission, results = multiprocessing.Event(), multiprocessing.Queue()
    process = multiprocessing.Process(target=work, args=(permission, results))
    process.start()
    task = asyncio.create_task(give(permission))
    print(await asyncio.to_thread(results.get))
    await task
    await asyncio.to_thread(process.join)


if __name__ == "__main__":
    asyncio.run(main())
