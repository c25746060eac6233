#!/usr/bin/python3
"""Writes what the task `bench` prints beside its own figures of disks: a table in C of
bench_reference.json. Speeds are in parts of a MB/s (BENCH_SPEED_PARTS), from microseconds.

usage: bench_reference.py > reference.h
"""
import bench_gate

SIZES = {"512": 512, "4k": 4096, "64k": 65536, "128k": 131072, "1m": 1048576}


def c_row(name, required, aim, linux):
    return (f'    {{"{name}", {required or 0}, {aim or 0}, '
            f'{{[false] = {linux[1]}, [true] = {linux[0]}}}}},')


def rows(reference):
    for name, row in reference.items():
        yield c_row(name, row.get("required"), row.get("aim"), row.get("linux", (0, 0)))
        if "linux_us" in row:
            size = SIZES[name.split(".")[-2]]
            yield c_row(name.replace("disk.", "disk_wall.", 1), 0, 0,
                        (f"BENCH_SPEED_PARTS * {size} / {row['linux_us']}",) * 2)


def main():
    print("/* Made by tools/bench_reference.py of tools/bench_reference.json. */")
    print("struct bench_reference {")
    print("    const char *name;")
    print("    uint64_t required, aim, linux[2]; /* linux: without an IOMMU, with one */")
    print("};")
    print("static const struct bench_reference disk_references[] = {")
    print("\n".join(rows(bench_gate.disk_rows(bench_gate.load_reference()))))
    print("};")


if __name__ == "__main__":
    main()
