"""emu.py - how an emulator is started: the one place that knows QEMU's and Bochs' options.

A Config says which machine. QEMU's serial line and QMP are sockets on which the caller listens
and to which QEMU connects, so that no byte is ever missed; Bochs' serial line is a terminal.
"""
import dataclasses
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OVMF = "/usr/share/ovmf/OVMF.fd"
HASWELL = "Haswell,+smap,+umip,+pdpe1gb,-pcid,-x2apic,-tsc-deadline,-hle,-rtm,-invpcid"
BOCHS_CPUS = {"haswell": "corei7_haswell_4770", "skylake_x": "corei7_skylake_x",
              "icelake_u": "corei7_icelake_u"}
WATCH_MAX = 30000  # times that a watched address is reported; then Bochs ends


def build_dir():
    return ROOT / os.environ.get("QUOLL_BUILD", "build")


@dataclasses.dataclass
class Config:
    """A machine to boot. Paths default to those of the current build."""

    emulator: str = "qemu"  # or "bochs"
    machine: str = "q35"  # or "pc"
    cpu: str = "max"  # for Bochs a key of BOCHS_CPUS
    memory: int = 256  # MiB
    boot: str = "cd"  # "disk", or "pvh": qemu -kernel
    firmware: str = "bios"  # or "uefi"
    icount: bool = False  # the TSC counts guest instructions
    iommu: str = None  # q35: an IOMMU, with these properties of intel-iommu ("" for the usual ones)
    iso: str = None
    kernel: str = None
    image: str = None  # "" for none
    watch: tuple = ()  # Bochs: up to 16 addresses; Machine.watched() has the registers at each
    extra: tuple = ()  # options of QEMU's; for Bochs lines of its settings

    def path(self, given, name):
        return str(given if given is not None else build_dir() / name)


def qemu_command(config, serial, qmp=None):
    """@serial: QEMU's option value, as in -serial; @qmp: path of a socket that is listened on."""
    command = ["qemu-system-x86_64", "-M", config.machine, "-cpu", config.cpu,
               "-m", str(config.memory), "-display", "none", "-nic", "none", "-no-reboot",
               "-serial", serial]
    if config.firmware == "uefi":
        command += ["-bios", OVMF]
    if config.boot == "cd":
        command += ["-cdrom", config.path(config.iso, "quoll.iso")]
    elif config.boot == "disk":
        iso = config.path(config.iso, "quoll.iso")
        command += ["-drive", f"file={iso},format=raw,snapshot=on"]
    else:
        command += ["-kernel", config.path(config.kernel, "kernel/quoll.elf")]
        image = config.path(config.image, "quoll.img")
        command += ["-initrd", image] if image else []
    if config.iommu is not None:
        command += ["-device", ",".join(filter(None, ["intel-iommu", config.iommu]))]
    if config.icount:
        command += ["-icount", "shift=0,sleep=off"]
    if qmp:
        command += ["-chardev", f"socket,id=qmp,path={qmp}", "-mon", "chardev=qmp,mode=control"]
    return command + list(config.extra)


def bochs_command(config, serial_tty, directory):
    """@serial_tty: path of the terminal that is the serial line (Bochs 2.7 overruns a buffer when
    it is told to use a socket); @directory is for files."""
    cpu = BOCHS_CPUS.get(config.cpu, config.cpu)
    if cpu == "max":
        cpu = BOCHS_CPUS["skylake_x"]
    directory = pathlib.Path(directory)
    settings = directory / "bochsrc"
    settings.write_text(f"""\
megs: {config.memory}
romimage: file=/usr/share/seabios/bios.bin
vgaromimage: file=/usr/share/seabios/vgabios-stdvga.bin
ata0-master: type=cdrom, path="{config.path(config.iso, 'quoll.iso')}", status=inserted
boot: cdrom
cpu: model={cpu}, count=1, ips=100000000, reset_on_triple_fault=0
clock: sync=none
com1: enabled=1, mode=term, dev={serial_tty}
com2: enabled=1, mode=null
sound: waveoutdrv=dummy
speaker: enabled=0
display_library: rfb, options="timeout=0"
panic: action=fatal
error: action=report
info: action=report
log: {directory / 'bochs.log'}
""" + "".join(line + "\n" for line in config.extra))
    commands = directory / "commands"
    stops = "".join(f"lb {address:#x}\n" for address in config.watch)
    stops += "c\nr\ncreg\nx /4wx rsp\n" * (WATCH_MAX if config.watch else 0)
    commands.write_text(stops + "c\nr\nquit\n")
    return ["stdbuf", "-oL", "bochs", "-q", "-f", str(settings), "-rc", str(commands)]
