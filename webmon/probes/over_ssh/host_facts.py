"""What a host says about itself: the output of `/proc`, `df`, `sysctl` and their like. Pure.

Nothing here raises: what cannot be read is None, and a line that makes no sense is left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from webmon.probes.over_ssh.commands import NOTHING, Section

Sections = Mapping[str, Section]

PSEUDO = frozenset(
    """autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devfs devpts devtmpfs efivarfs fdescfs
    fusectl hugetlbfs iso9660 linprocfs linsysfs mqueue nsfs nullfs overlay proc procfs pstore
    ramfs rpc_pipefs securityfs squashfs sysfs tmpfs tracefs udf udev""".split()  # noqa: SIM905 -- easier to read
)
"""File systems of which nobody has to make room: in memory, read-only, or of the kernel."""

KERNELS = tuple(
    """autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts efivarfs fusectl hugetlbfs
    mqueue nsfs proc pstore rpc_pipefs securityfs sysfs tracefs""".split()  # noqa: SIM905 -- easier to read
)
"""File systems of the kernel, which hold no files of anybody: not asked at all."""

FAR = tuple(
    """nfs nfs4 cifs smb3 smbfs fuse.* fuseblk 9p ceph afs lustre beegfs gfs2 ocfs2 glusterfs davfs
    ncpfs coda virtiofs""".split()  # noqa: SIM905 -- easier to read
)
"""What hangs when the other end is gone; as patterns of a shell."""

_PSEUDO_DEVICES = PSEUDO | {"none", "shm", "run", "dev", "map"}
MOST_DISKS = 50


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system; sizes in bytes, shares in percent (None where there are no such things)."""

    mount: str
    used_percent: float | None
    free_bytes: int | None
    inodes_percent: float | None = None
    is_read_only: bool = False
    is_damaged: bool = False
    """Whether its numbers make no sense."""


@dataclass(frozen=True, slots=True)
class Mount:
    """An entry of the table of mounts."""

    device: str
    kind: str
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was understood; None for what the host does not tell."""

    system: str | None
    uptime_seconds: int | None
    loads: tuple[float, float, float] | None
    cpus: int | None
    memory_percent: float | None
    disks: tuple[Disk, ...]
    mounts: Mapping[str, Disk]
    """Every mount there is, also of what is left out of ``disks``."""
    hung: tuple[str, ...] = ()
    """The mounts that did not answer."""


def read_facts(told: Sections) -> Facts:
    """What the sections of the metrics script say."""
    table = read_mounts(_text(told, "mounts")) or read_mounts(_text(told, "mount"))
    every = read_disks(_text(told, "df"), _text(told, "inodes"), table)
    real = [disk for device, disk in every.values() if _is_real(device, disk, table)]
    hung = re.findall(r"^hung (\S.{0,199})$", _text(told, "df"), re.MULTILINE)
    return Facts(
        system=_text(told, "uname").strip().split("\n")[0][:40] or None,
        uptime_seconds=read_uptime(told),
        loads=read_loads(told),
        cpus=read_cpus(told),
        memory_percent=read_memory(told),
        disks=tuple(real[:MOST_DISKS]),
        mounts=_with_bound(every, table),
        hung=tuple(hung[:MOST_DISKS]),
    )


def _with_bound(
    every: Mapping[str, tuple[str, Disk]], table: Mapping[str, Mount]
) -> dict[str, Disk]:
    """Besides what ``df`` lists, mounts of what it lists elsewhere: binds and subvolumes."""
    found = {name: disk for name, (_, disk) in every.items()}
    by_device = dict(every.values())
    for name, mount in table.items():
        if name not in found and mount.device in by_device:
            found[name] = replace(by_device[mount.device], mount=name)
    return found


def _text(told: Sections, name: str) -> str:
    return told.get(name, NOTHING).text


def _number(text: str) -> int | None:
    """A whole number of a size that can be."""
    if not re.fullmatch(r"\d{1,18}", text.strip(), re.ASCII):
        return None
    return int(text)


# --- time and load


def read_uptime(told: Sections) -> int | None:
    """The seconds since the host was started."""
    if found := re.match(r"\s*(\d{1,11})(?:\.\d*)?\s", _text(told, "proc_uptime") + "\n", re.ASCII):
        return int(found[1])
    booted = re.search(r"sec\s*=\s*(\d{1,11})", _text(told, "boottime"), re.ASCII)
    clock = _number(_text(told, "date"))
    if booted and clock is not None and clock >= int(booted[1]):
        return clock - int(booted[1])
    return _uptime_in_words(_text(told, "uptime"))


def _uptime_in_words(text: str) -> int | None:
    """From ``up 12 days,  3:04,``, ``up 5 min,``, ``up 2 hrs,``, ``up 40 secs,``."""
    found = re.search(r"\bup\s+([^\n]{1,60})", text)
    if found is None:
        return None
    seconds, understood = 0, False
    for part in found[1].split(",")[:3]:
        part = part.strip()
        if clock := re.fullmatch(r"(\d{1,3}):(\d{2})", part, re.ASCII):
            seconds += int(clock[1]) * 3600 + int(clock[2]) * 60
        elif counted := re.fullmatch(r"(\d{1,6}) (day|hr|hour|min|sec)\w*", part, re.ASCII):
            size = {"day": 86400, "hr": 3600, "hour": 3600, "min": 60, "sec": 1}[counted[2]]
            seconds += int(counted[1]) * size
        else:
            break
        understood = True
    return seconds if understood else None


_LOAD = r"(\d{1,6}[.,]\d{1,4})"


def read_loads(told: Sections) -> tuple[float, float, float] | None:
    """The load averages of 1, 5 and 15 minutes."""
    sources = (
        rf"^\s*{_LOAD} {_LOAD} {_LOAD}\b",
        rf"^\s*\{{?\s*{_LOAD} {_LOAD} {_LOAD}\b",
        rf"load averages?:\s*{_LOAD},?\s+{_LOAD},?\s+{_LOAD}\b",
    )
    for name, pattern in zip(("proc_loadavg", "vm_loadavg", "uptime"), sources, strict=True):
        if found := re.search(pattern, _text(told, name), re.ASCII):
            one, five, fifteen = (float(each.replace(",", ".")) for each in found.groups())
            return one, five, fifteen
    return None


def read_cpus(told: Sections) -> int | None:
    """How many processors are at work."""
    for name in ("getconf", "nproc", "cpuinfo", "ncpu"):
        count = _number(_text(told, name))
        if count and count < 100_000:
            return count
    return None


# --- memory


def read_memory(told: Sections) -> float | None:
    """The share of memory that is taken and cannot be had back at once, in percent."""
    return (
        _linux_memory(_text(told, "meminfo"), _zfs_cache(_text(told, "arcstats")))
        or _mac_memory(_text(told, "vm_stat"), _text(told, "memsize"))
        or _freebsd_memory(_text(told, "vm_stats"))
    )


def _share(used: int, total: int) -> float | None:
    return round(100 * used / total, 1) if 0 <= used <= total and total > 0 else None


def _zfs_cache(text: str) -> int:
    """The kilobytes of ZFS's cache that it gives back: Linux does not count them as available."""
    found = re.findall(r"^(size|c_min)\s+\d+\s+(\d{1,18})$", text, re.MULTILINE | re.ASCII)
    sizes = {name: int(value) for name, value in found}
    return max(0, sizes.get("size", 0) - sizes.get("c_min", 0)) // 1024


def _linux_memory(text: str, cache: int = 0) -> float | None:
    found = re.findall(r"^(\w+):\s+(\d{1,18})\b", text, re.MULTILINE | re.ASCII)
    values = {name: int(value) for name, value in found}
    total, available = values.get("MemTotal", 0), values.get("MemAvailable")
    if available is None:  # kernels before 3.14
        available = sum(values.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
    return _share(max(0, total - available - cache), total)


def _mac_memory(text: str, memsize: str) -> float | None:
    page = re.search(r"page size of (\d{1,9}) bytes", text, re.ASCII)
    total = _number(memsize)
    if page is None or not total:
        return None
    found = re.findall(r"^Pages ([\w -]{1,40}):\s+(\d{1,15})\.?\s*$", text, re.MULTILINE | re.ASCII)
    pages = {name: int(value) for name, value in found}
    free = sum(pages.get(name, 0) for name in ("free", "inactive", "speculative", "purgeable"))
    return _share(total - free * int(page[1]), total)


def _freebsd_memory(text: str) -> float | None:
    """From physmem, page size, and the pages free, inactive and of the laundry, a line each."""
    numbers = [_number(line) for line in text.split("\n") if line.strip()]
    values = [number for number in numbers if number is not None]
    if len(values) != len(numbers) or len(values) < 3 or values[1] == 0:
        return None
    return _share(values[0] - sum(values[2:]) * values[1], values[0])


# --- disks


def read_disks(
    df: str, inodes: str, table: Mapping[str, Mount] = MappingProxyType({})
) -> dict[str, tuple[str, Disk]]:
    """By its mount, the (device, disk) of each line of ``df -P -k``, with its inodes."""
    shares = dict(_inodes(inodes))
    found: dict[str, tuple[str, Disk]] = {}
    for words, mount in _rows(df):
        total, used, free = (_signed(word) for word in words[1:4])
        if total is None or used is None or free is None or total == 0:
            continue
        known = table.get(mount)
        is_read_only = known is not None and known.is_read_only
        if used < 0 or total < 0 or used + free <= 0 < free:
            disk = Disk(mount, None, None, shares.get(mount), is_read_only, is_damaged=True)
        else:
            reachable = used + free  # the rest is reserved for root, who may have taken of it
            share = round(100 * used / reachable, 1) if reachable > 0 else 100.0
            room = max(0, free) * 1024
            disk = Disk(mount, min(share, 100.0), room, shares.get(mount), is_read_only)
        found.setdefault(mount, (words[0], disk))
    return found


def _signed(text: str) -> int | None:
    number = _number(text.removeprefix("-"))
    return -number if number is not None and text.startswith("-") else number


def _inodes(text: str) -> Iterator[tuple[str, float]]:
    header = text.lstrip().split("\n", 1)[0].split()
    names = [word.lower() for word in header]
    if "iused" not in names or not any(name.startswith("mounted") for name in names):
        return
    at = names.index("iused")
    free_at = names.index("ifree") if "ifree" in names else at + 1
    columns = next(place for place, name in enumerate(names) if name.startswith("mounted"))
    for words, mount in _rows(text, columns):
        if max(at, free_at) < len(words):
            used, free = _number(words[at]), _number(words[free_at])
            if used is not None and free is not None and used + free:
                yield mount, round(100 * used / (used + free), 1)


def _rows(text: str, columns: int = 5) -> Iterator[tuple[list[str], str]]:
    """The words before the mount, and the mount, which may contain spaces."""
    for line in text.split("\n")[:500]:
        head = re.match(rf"(.*?)\s+((?:\S+\s+){{{columns - 1}}})(/[^\x00-\x1f\x7f]*)$", line[:1000])
        if head is not None:
            yield [head[1], *head[2].split()], head[3][:200].rstrip()


def read_mounts(text: str) -> dict[str, Mount]:
    """What is mounted where, from ``/proc/mounts`` or ``mount``."""
    table = {}
    for line in text.split("\n")[:2000]:
        if found := re.match(
            r"(.{1,500}?) on (/.{0,500}?) (?:type |\()([\w.]{1,30})(?:[ ,)](.*))?$", line
        ):
            words = re.split(r"[\s,()]+", found[4] or "")
            is_read_only = "ro" in words or "read-only" in words
            table[found[2]] = Mount(found[1], found[3], is_read_only)
        elif found := re.match(r"(\S{1,500}) (/\S{0,500}) ([\w.-]{1,60}) (\S*)", line):
            name = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), found[2])
            table[name] = Mount(found[1], found[3], "ro" in found[4].split(","))
    return table


def _is_real(device: str, disk: Disk, table: Mapping[str, Mount]) -> bool:
    """Whether somebody has to make room there when it is full."""
    mount = disk.mount
    if mount == "/":
        return True  # also the overlay of a container: it is what the machine has
    kind = table[mount].kind if mount in table else ""
    if disk.is_read_only or kind in PSEUDO or device.split(" ")[0] in _PSEUDO_DEVICES:
        return False
    if re.match(r"/dev/loop\d+$", device) and kind in ("", "squashfs", "iso9660"):
        return False
    ours = ("/proc", "/sys", "/dev", "/run", "/snap", "/System/Volumes", "/private/var/vm", "/etc")
    inside = any(mount == each or mount.startswith(f"{each}/") for each in ours)
    return not inside or mount == "/System/Volumes/Data"


def mounts_of(facts: Facts, wanted: Iterable[str]) -> tuple[list[Disk], list[str]]:
    """The disks to look at, and those of the ``wanted`` that the host does not have."""
    names = list(wanted)
    if not names:
        return list(facts.disks), []
    found = [facts.mounts[name] for name in names if name in facts.mounts]
    return found, [name for name in names if name not in facts.mounts]
