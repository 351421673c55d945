import sys
def main(argv=None):
    from mplint.engine import Engine
    from mplint import registry
    e=Engine(registry.load())
    import time
    t=time.perf_counter()
    r=e.check(e.discover(argv or sys.argv[1:]))
    for d in r.diagnostics:
        print(f"{d.path}:{d.place.line}:{d.place.column}: {d.code} {d.message}")
        for x in d.related: print(f"    {x.place.path}:{x.place.line}: {x.message}")
    print(r.files,r.analysed,f"{time.perf_counter()-t:.2f}s")
