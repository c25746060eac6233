"""bench.py's tables and bench_gate.py's verdicts, on made-up figures."""
import json
import re

import pytest

import bench
import bench_gate
import emu
import figures
import net_bench
import net_peer

OPS = {"cr3": 0, "mmio": 0}


def reference(known=None, **required):
    rows = {name: {"required": limit, "aim": limit and limit // 2, "sel4": 440, "pistachio": None,
                   "source": "made up"} for name, limit in required.items()}
    return {"benchmarks": {name.replace("__", "."): row for name, row in rows.items()},
            "known_misses": known or {}, "measured": "never"}


def results(**medians):
    return {name.replace("__", "."): {"median": value, "n": 10, "unit": "instructions"}
            for name, value in medians.items()}


def counts(name, code_lines):
    return {name: {"kernel": 100, "user": 10, "code_lines": code_lines, "data_lines": 3,
                   "ops": {**OPS, "cr3": 2}, "code": [], "data": []}}


def judge(found, ref, baseline=None, lines=None, everything=True):
    names = {name: row["median"] for name, row in found.items() if name.startswith("ipc.")}
    return bench_gate.problems(found, lines or {}, ref, names if baseline is None else baseline,
                               everything)


def test_all_is_well():
    assert judge(results(ipc__a=100, vm__b=300), reference(ipc__a=100, vm__b=None)) == []


def test_a_missed_figure_fails():
    failed, = judge(results(vm__b=301), reference(vm__b=300))
    assert failed == "vm.b: 301, required at most 300"


def test_a_known_miss_passes_until_it_grows():
    ref = reference({"vm.b": 500}, vm__b=300)
    assert judge(results(vm__b=500), ref) == [] == judge(results(vm__b=510), ref)
    failed, = judge(results(vm__b=511), ref)
    assert "a known miss that was 500" in failed


def test_a_known_miss_that_is_met_fails():
    failed, = judge(results(vm__b=300), reference({"vm.b": 500}, vm__b=300))
    assert failed.startswith("vm.b: 300 is met now: remove it from known_misses")


def test_a_known_miss_of_nothing_fails():
    for ref in reference({"vm.b": 5}), reference({"vm.b": 5}, vm__b=None):
        assert any("nothing is required" in line for line in judge(results(vm__b=1), ref))


@pytest.mark.parametrize("value,fails", [(98, False), (100, False), (102, False), (103, True)])
def test_growth_of_more_than_two_percent_fails(value, fails):
    failed = judge(results(ipc__a=value), reference(ipc__a=None), {"ipc.a": 100})
    assert bool(failed) == fails
    assert not fails or failed == ["ipc.a: 103, 3.0 % more than the baseline's 100"]


def test_only_ipc_figures_have_a_baseline():
    assert judge(results(vm__b=200), reference(vm__b=None), {}) == []
    failed, = judge(results(ipc__a=1, ipc__c=2), reference(ipc__a=None), {})
    assert failed.startswith("not in the baseline") and failed.endswith(": ipc.a ipc.c")


def test_what_was_not_measured_fails_unless_a_part_was_asked_for():
    ref = reference(ipc__a=100, vm__b=300)
    failed = judge(results(vm__b=3), ref, {"ipc.a": 100})
    assert failed == ["ipc.a: has a reference, but was not measured",
                      "ipc.a: in the baseline, but was not measured"]
    assert judge(results(vm__b=3), ref, {"ipc.a": 100}, everything=False) == []


def test_a_failed_benchmark_fails_with_its_reason():
    found = {"ipc.a": {"median": 0, "n": 0, "unit": "failed", "error": "map: no memory"}}
    failed = judge(found, reference(ipc__a=100), {})
    assert failed[0] == "ipc.a: failed: map: no memory"


def test_a_figure_in_other_units_fails():
    found = {"ipc.a": {"median": 7, "n": 10, "unit": "tsc"}}
    assert judge(found, reference(ipc__a=100)) == ["ipc.a: in tsc, not in instructions"]


def test_lines_of_code_are_figures_where_the_table_has_them():
    ref = reference(**{"ipc__a": None, "ipc__a__kernel_code_lines": 14})
    found = results(ipc__a=100)
    lines = bench_gate.figures(found, counts("ipc.a", 15), ref)
    assert lines == {"ipc.a": 100, "ipc.a.kernel_code_lines": 15}
    failed, = judge(found, ref, lines, counts("ipc.a", 15))
    assert failed == "ipc.a.kernel_code_lines: 15, required at most 14"
    failed, = judge(found, ref, {"ipc.a": 100, "ipc.a.kernel_code_lines": 10},
                    counts("ipc.a", 11))
    assert "10.0 % more" in failed
    assert bench_gate.figures(found, counts("ipc.a", 15), reference(ipc__a=1)) == {"ipc.a": 100}


def test_a_new_baseline_says_what_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_gate, "BASELINE", tmp_path / "baseline.json")
    assert bench_gate.load_baseline() == {}
    bench_gate.save_baseline({"ipc.a": 100, "ipc.b": 7, "ipc.c": 1, "vm.d": 5})
    before = bench_gate.load_baseline()
    assert before == {"ipc.a": 100, "ipc.b": 7, "ipc.c": 1}
    found = {"ipc.a": 90, "ipc.b": 7, "ipc.e": 1000, "vm.d": 6}
    assert list(bench_gate.changes(found, before)) == [
        "ipc.a: 100 -> 90 (-10.0 %)", "ipc.e: 1,000 (new)", "ipc.c: 1 -> gone"]


def test_figures_are_aligned_and_marked():
    ref = reference({"ipc.known": 900}, **{"ipc__zero": 0, "ipc__a": 100, "ipc__known": 100,
                                           "ipc__missed": 100, "ipc__met": 100, "ipc__none": None})
    found = {"ipc.missed": 1234, "ipc.a": 50, "ipc.known": 900, "ipc.met": 51, "ipc.none": 5,
             "vm.other": 6}
    head, *rows = bench.figure_table(found, ref)
    assert [row.split()[0] for row in rows] == [
        "ipc.a", "ipc.known", "ipc.missed", "ipc.met", "ipc.none", "vm.other"]
    ends = [head.index(word) + len(word) for word in ("median", "required", "aim", "seL4",
                                                      "Pistachio")]
    for row in rows:
        assert all(row[end - 1] != " " and row[end] == " " for end in ends), row
        assert row[head.index("unit"):].startswith("instructions")
    marks = [row[head.index("unit") + 12:].strip() for row in rows]
    assert marks == ["aim met", "MISSED, known", "MISSED", "met", "", ""]
    assert bench.summary(found, ref) == "2 of 4 required figures met, 1 of their aims."


def test_counts_table_lists_what_ran_and_what_was_looked_for():
    ref = reference(**{"ipc__a": None, "ipc__a__kernel_code_lines": 14})
    *_, row, kinds, lines = bench.count_table(counts("ipc.a", 15), ref)
    assert row.split() == ["ipc.a", "100", "10", "15", "3", "2", "cr3"]
    assert "cr3, mmio" in kinds
    assert lines.startswith("ipc.a: 15 lines of kernel code; required at most 14, aim 7, seL4 440")
    assert lines.endswith("MISSED")


def kind(rounds, kernel, code):
    return {"rounds": rounds, "kernel": kernel, "user": 4, "ops": OPS,
            "code": [[64 * i, 1] for i in range(code)], "data": []}


def test_series_are_summed_up_by_median_and_paired_by_order():
    series = {"overflowed": 0, "kinds": [kind(1, 900, 40), kind(5, 100, 8), kind(4, 101, 9)]}
    found = {"ipc.broken": {"n": 0}, "ipc.a": {"n": 10}}
    row = bench.pair_up(found, [series])["ipc.a"]
    assert (row["kernel"], row["user"], row["code_lines"], row["rounds"]) == (101, 3, 9, 10)
    assert len(row["code"]) == 8
    with pytest.raises(RuntimeError, match="saw fewer"):
        bench.pair_up({"ipc.a": {"n": 11}}, [series])
    with pytest.raises(RuntimeError, match="the plugin saw 2"):
        bench.pair_up(found, [series, series])


@pytest.mark.parametrize("pairs,median", [([(5, 1)], 5), ([(9, 1), (1, 1)], 9),
                                          ([(3, 2), (1, 2), (2, 1)], 2), ([(1, 3), (2, 1)], 1)])
def test_weighted_median(pairs, median):
    samples = sorted(value for value, n in pairs for _ in range(n))
    assert bench.weighted_median(pairs) == median == samples[len(samples) // 2]


def test_symbols_of_a_line():
    base = 0xffffffff80100000
    symbols = [(base, "a"), (base + 0x50, "b"), (base + 0x60, "c"), (base + 0x1000, "end")]
    assert bench.symbols_in_line(base, symbols) == "a"
    assert bench.symbols_in_line(base + 0x40, symbols) == "a b c"
    assert bench.symbols_in_line(base + 0x80, symbols) == "c"
    assert bench.symbols_in_line(0xffff800000012340, symbols) == "physical 0x12340"


def test_the_references_are_whole():
    """Every row has all columns and a source; what is missed is listed with its figure."""
    ref = json.loads(bench_gate.REFERENCE.read_text())
    for name, row in ref["benchmarks"].items():
        assert {"required", "aim", "sel4", "pistachio", "source"} <= set(row), name
        assert (row["required"] is None) == (row["aim"] is None), name
    for name, value in ref["known_misses"].items():
        assert value > ref["benchmarks"][name]["required"], name


@pytest.mark.parametrize("page", ["README.md", "docs/fastpath.md"])
def test_documents_have_the_baselines_figure(page):
    said = re.search(r"between two address spaces(?: \| |.*? take )(\d+) (?:\||instructions|guest)",
                     (emu.ROOT / page).read_text())
    assert int(said.group(1)) == bench_gate.load_baseline()["ipc.call_reply.diff_as.0w"]


def test_medians_have_five_percent_of_slack():
    ref = {"net": {"unit": "u", "source": "s", "rows": {
        "net.a": {"required": 100}, "net.b": {"required": 200}}}}

    def row(median):
        return {"n": 1, "unit": "instructions", "median": median, "min": median}

    assert figures.problems({"net.a": row(105), "net.b": row(210)}, ref, "net") == []
    failed = figures.problems({"net.a": row(106), "net.b": row(211)}, ref, "net")
    assert [line.split(":")[0] for line in failed] == ["net.a", "net.b"]
    lines = list(figures.table({"net.a": row(105), "net.b": row(211)}, ref, "net"))
    assert not lines[1].endswith("MISSED") and lines[2].endswith("MISSED")


def test_isolations_price_is_that_of_the_dearest_row():
    def row(least, switches):
        return {"n": 50, "min": least, "median": least + 300, "switches": switches}

    found = {"net.raw_tx.60": row(742, 0.1), "net.raw_tx.60.one_as": row(740, 0),
             "net.udp_recv.18": row(5000, 3.5), "net.udp_recv.18.one_as": row(4600, 0.5),
             "net.udp_rtt.18": row(13000, 11), "net.udp_rtt.18.one_as": {"n": 0, "median": 0}}
    (name, price), = net_bench.prices(found)
    assert name == "net.isolation.batched" and price["n"] == 2
    assert (price["min"], price["median"], price["switches"]) == (2, 400, 3)
    ref = {"net": {"rows": {name: {"required": 350}}}}
    failed, = figures.problems({name: price}, ref, "net")
    assert failed.startswith("net.isolation.batched: 400, required at most 350")
    middle = net_bench.middle([{"a": row(n, 1)} for n in (7, 5, 9)])
    assert (middle["a"]["min"], middle["a"]["median"]) == (5, 307)


def test_the_peer_of_the_network_rows():
    """Its sums come out right for who checks them, and its segments keep to the window."""
    sent = []
    peer = net_peer.Peer.__new__(net_peer.Peer)
    peer.send_ip = lambda mac, packet: sent.append(packet)
    guest = bytes([10, 9, 0, 2])
    stream = net_peer.Stream(peer, (net_peer.SOURCE, guest, 5000, b"\2" * 6), 77)
    stream.take(78, stream.seq, net_peer.ACK, 4000, b"x")
    assert [len(packet) - 40 for packet in sent] == [1460, 1460]  # a third does not fit
    for packet in sent:
        assert net_peer.checksum(packet[:20]) == 0
        pseudo = packet[12:20] + bytes([0, 6]) + (len(packet) - 20).to_bytes(2, "big")
        assert net_peer.checksum(pseudo + packet[20:]) == 0
