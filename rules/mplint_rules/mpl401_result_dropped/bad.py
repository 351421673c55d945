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
            executor.map(convert, paths)
        print("expected: 3 files, or an error that says why not")
        print(f"got: {len(list(pathlib.Path(folder).glob('*.out')))} files, and no error")


if __name__ == "__main__":
    main()
