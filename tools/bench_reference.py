#!/usr/bin/python3
"""Writes what the task `bench` prints beside its own figures of disks: a table in C of
bench_reference.json.

usage: bench_reference.py > reference.h
"""
import bench_gate


def c_row(name, required, aim, linux):
    return (f'    {{"{name}", {required or 0}, {aim or 0}, '
            f'{{[false] = {linux[1]}, [true] = {linux[0]}}}}},')


def rows(reference):
    for name, row in reference.items():
        yield c_row(name, row.get("required"), row.get("aim"), row.get("linux", (0, 0)))


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
