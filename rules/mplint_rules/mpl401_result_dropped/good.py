import concurrent.futures
import pathlib
import tempfile


def convert(path):
    number = int(path.read_text())
    path.with_suffix(".out").write_text(str(number * number))


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, f"{index}.in") for index in range(3)]
        for path, text in zip(paths, ["1", "2", "3O"]):
            path.write_text(text)
        with concurrent.futures.ProcessPoolExecutor(2) as executor:
            futures = {executor.submit(convert, path): path for path in paths}
            for future, path in futures.items():
                try:
                    future.result()
                except ValueError as error:
                    print(f"{path.name}: {error}")


if __name__ == "__main__":
    main()
