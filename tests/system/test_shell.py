"""The shell's contract: what people type and what tools rely on."""
import re

UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = (
    "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~")
BACKSPACE, CTRL_C, CTRL_U, CTRL_K, CTRL_W, ENTER, TAB = (
    "\x7f", "\x03", "\x15", "\x0b", "\x17", "\r", "\t")

COMMANDS = ["help", "echo", "bench", "test", "ps", "mem", "log", "uptime", "version", "kdb",
            "fuzz", "reboot", "poweroff", "lsdev", "drivers", "kill", "restart", "start", "stop",
            "inject", "events", "regs", "devman", "top", "console", "ls", "cd", "pwd", "cat",
            "cp", "mv", "rm", "mkdir", "hexdump", "sha256sum", "df", "mount", "umount"]


def typed(shell, keys):
    """Type keys and Enter; returns the lines of output, whatever the echo looks like."""
    shell.send(keys + ENTER)
    return shell.expect("\r\nquoll> ").split("\r\n")[1:]


def test_help_lists_every_command(shell):
    lines = shell.run("help")
    names = [line.split()[0] for line in lines if line.strip()]
    assert not [name for name in COMMANDS if name not in names]


def test_help_explains_each_command(shell):
    for name in COMMANDS:
        lines = shell.run(f"help {name}")
        assert lines[0].startswith(f"{name}:")
        assert lines[1].startswith(f"usage: {name}")


def test_help_of_unknown_command_suggests(shell):
    lines = shell.run("help powerof")
    assert len(lines) == 1 and "poweroff" in lines[0]


def test_unknown_command_gets_one_line(shell):
    lines = shell.run("hepl")
    assert len(lines) == 1 and "did you mean help" in lines[0]
    lines = shell.run("xyzzyplugh")
    assert len(lines) == 1 and "type help" in lines[0]


def test_bad_arguments_get_one_line_with_usage(shell):
    for line in ["ps now", "mem --verbose", "reboot soon", "help a b", "poweroff --json"]:
        lines = shell.run(line)
        assert len(lines) == 1 and "usage: " + line.split()[0] in lines[0], lines


def test_unknown_bench_and_test_name_what_would_be_right(shell):
    for command in ["bench", "test"]:
        lines = shell.run(f"{command} no.such.thing")
        assert "no.such.thing" in lines[0]


def test_empty_line_prints_nothing(shell):
    assert typed(shell, "") == []
    assert typed(shell, "    ") == []


def test_echo_keeps_quotes_and_backslashes(shell):
    assert shell.run('echo "two  spaces" a\\ b') == ["two  spaces a b"]
    assert shell.run("echo") == [""]


def test_unclosed_quote_is_explained(shell):
    assert '"' in shell.run('echo "open')[0]


def test_ps_json(shell):
    tasks = shell.run_json("ps")
    names = [task["name"] for task in tasks]
    assert {"names", "devman", "console", "qsh"} <= set(names)
    assert len({task["id"] for task in tasks}) == len(tasks)
    for task in tasks:
        assert {"id", "name", "state", "cpu_us", "memory_bytes"} <= set(task)
        assert task["memory_bytes"] > 0


def test_ps_table_has_a_row_for_each_task(shell):
    assert len(shell.run("ps")) == len(shell.run_json("ps")) + 1


def test_cpu_time_grows(shell):
    def qsh():
        return next(t["cpu_us"] for t in shell.run_json("ps") if t["name"] == "qsh")
    first = qsh()
    for _ in range(20):
        shell.run("help")
    assert qsh() > first


def test_mem_adds_up(shell):
    memory, = shell.run_json("mem")
    assert memory["ram_bytes"] > 200 << 20
    parts = [value for key, value in memory.items() if key != "ram_bytes"]
    assert all(part > 0 for part in parts)
    assert sum(parts) <= memory["ram_bytes"]


def test_memory_does_not_leak(shell):
    before, = shell.run_json("mem")
    for _ in range(10):
        shell.run("help")
        shell.run_json("ps")
    after, = shell.run_json("mem")
    assert after["free_bytes"] == before["free_bytes"]


def test_log_has_lines(shell):
    lines = shell.run_json("log")
    assert lines and all("line" in line for line in lines)


def test_uptime_runs(shell):
    first = shell.run_json("uptime")[0]["uptime_us"]
    second = shell.run_json("uptime")[0]["uptime_us"]
    assert 0 < first < second


def test_version(shell):
    assert re.match(r"Quoll \S+, ABI \d+, release build$", shell.run("version")[0])
    assert shell.run_json("version")[0]["build"] == "release"


def test_json_errors_are_json(shell):
    assert "error" in shell.run_json("bench no.such.thing")[0]


def test_backspace_and_ctrl_u(shell):
    assert typed(shell, "echo abx" + BACKSPACE + "c") == ["abc"]
    assert typed(shell, "rubbish" + CTRL_U + "echo clean") == ["clean"]
    assert typed(shell, BACKSPACE * 5 + "echo none") == ["none"]


def test_ctrl_c_gives_up_the_line(shell):
    shell.send("poweroff" + CTRL_C)
    shell.expect("^C\r\nquoll> ")
    assert shell.run("echo still here") == ["still here"]


def test_cursor_keys_edit_the_middle(shell):
    assert typed(shell, "echo ac" + LEFT + "b") == ["abc"]
    assert typed(shell, "cho x" + HOME + "e" + END + "y") == ["xy"]
    assert typed(shell, "echo axb" + LEFT * 2 + DELETE) == ["ab"]
    assert typed(shell, "echo keep lose" + LEFT * 5 + CTRL_K) == ["keep"]
    assert typed(shell, "echo keep lose" + CTRL_W) == ["keep"]
    assert typed(shell, "echo ab" + LEFT * 3 + RIGHT * 1 + "-") == ["-ab"]


def test_history(shell):
    shell.run("echo first")
    shell.run("echo second")
    assert typed(shell, UP) == ["second"]
    assert typed(shell, UP + UP) == ["first"]
    assert typed(shell, UP + UP + DOWN) == ["first"]
    assert typed(shell, UP + " more") == ["first more"]
    assert typed(shell, "echo draft" + UP + DOWN) == ["draft"]


def test_unknown_escape_sequences_are_ignored(shell):
    assert typed(shell, "echo \x1b[15~a\x1b[1;5Cb\x1bOPc") == ["abc"]


def test_tab_completes_commands(shell):
    assert re.match(r"Quoll ", typed(shell, "vers" + TAB)[0])
    shell.send("p" + TAB + TAB)
    listed = shell.expect("quoll> ")
    assert "ps" in listed and "poweroff" in listed
    shell.send(CTRL_C)
    shell.expect("^C\r\nquoll> ")


def test_tab_completes_arguments(shell):
    assert typed(shell, "help pow" + TAB)[0].startswith("poweroff:")


def test_prompt_is_on_a_line_of_its_own(shell):
    for command in ["help", "echo x", "ps --json", "nonsense", "mem", "log", "version"]:
        shell.send(command + ENTER)
        shell.expect_re(r"\r\nquoll> ")


def test_utf8_survives(shell):
    assert typed(shell, "echo grüße €") == ["grüße €"]


def test_without_a_network_card(shell):
    """Who asks for somebody else is told at once why nobody can answer."""
    for command in ["ping 10.0.2.2", "nslookup quoll.test", "nc 10.0.2.2 80"]:
        assert shell.run(command) == [
            f"{command.split()[0]}: there is no network card with a driver; lsdev and devman "
            "explain say why"]
    assert shell.run("ifconfig")[:2] == ["en0  00:00:00:00:00:00, no card with a driver",
                                         "     no address: DHCP waits for a link"]


def test_options_that_are_none(shell):
    assert shell.run("rm -r /disk0") == ["rm: no option -r; usage: rm PATH..."]
    assert shell.run("echo -r") == ["-r"]
