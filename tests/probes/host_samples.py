"""What hosts of several systems say, as recorded, with the sections' marks."""


def told(**sections: str | tuple[str, int]) -> str:
    """The output of a script whose sections say this; a pair has its exit status."""
    parts = []
    for name, value in sections.items():
        text, status = value if isinstance(value, tuple) else (value, 0)
        parts.append(f"@@ {name}\n{text}\n@= {status}\n")
    return "".join([*parts, "@@ end\n"])


DEBIAN_DF = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
udev               4002148        0   4002148       0% /dev
tmpfs               805756     1204    804552       1% /run
/dev/sda1         41106588 37201220   1780004      96% /
tmpfs              4028776        0   4028776       0% /dev/shm
/dev/sdb1        102626232 10262623  87107312      11% /srv/big data
/dev/loop3           65536    65536         0     100% /snap/core20/2015
overlay           41106588 37201220   1780004      96% /var/lib/docker/overlay2/ab12/merged
"""
DEBIAN_INODES = """\
Filesystem      Inodes  IUsed   IFree IUse% Mounted on
udev           1000537    432 1000105    1% /dev
/dev/sda1      2621440 183219 2438221    7% /
/dev/sdb1      6553600 5963776 589824   91% /srv/big data
/dev/sdc1            0      0       0     - /boot/efi
"""
DEBIAN_MOUNTS = """\
udev /dev devtmpfs rw,nosuid,relatime,size=4002148k 0 0
/dev/sda1 / ext4 rw,relatime,errors=remount-ro 0 0
/dev/sdb1 /srv/big\\040data xfs rw,relatime 0 0
/dev/loop3 /snap/core20/2015 squashfs ro,nodev,relatime 0 0
overlay /var/lib/docker/overlay2/ab12/merged overlay rw,relatime 0 0
tmpfs /run tmpfs rw 0 0
"""
DEBIAN_MEMINFO = """\
MemTotal:        8057552 kB
MemFree:          412340 kB
MemAvailable:    6043164 kB
Buffers:          210344 kB
Cached:          5012332 kB
"""
DEBIAN = told(
    uname="Linux",
    date="1795428000",
    proc_uptime="1036800.52 4012312.11",
    proc_loadavg="0.42 1.10 2.35 2/512 12345",
    meminfo=DEBIAN_MEMINFO,
    getconf="4",
    cpuinfo="4",
    mounts=DEBIAN_MOUNTS,
    inodes=DEBIAN_INODES,
    df=DEBIAN_DF,
)

BUSYBOX = told(
    uname="Linux",
    date="1795428000",
    proc_uptime="321.07 1201.90",
    proc_loadavg="0.00 0.01 0.05 1/61 2211",
    meminfo="MemTotal:          124532 kB\nMemFree:           40212 kB\nBuffers: 4100 kB\n"
    "Cached:           31000 kB",
    getconf=("", 127),
    cpuinfo="1",
    mounts="/dev/root / squashfs ro 0 0\n/dev/mtdblock5 /overlay jffs2 rw 0 0\n"
    "overlayfs:/overlay / overlay rw 0 0",
    inodes=("", 1),
    df="Filesystem           1024-blocks    Used Available Capacity Mounted on\n"
    "/dev/mtdblock5            7104      1540      5564  22% /overlay\n"
    "overlayfs:/overlay        7104      1540      5564  22% /\n"
    "tmpfs                    62264       980     61284   2% /tmp",
)

FREEBSD = told(
    uname="FreeBSD",
    date="1795428000",
    proc_uptime=("", 1),
    proc_loadavg=("", 1),
    meminfo=("", 1),
    getconf="2",
    cpuinfo=("", 2),
    mounts=("", 1),
    boottime="{ sec = 1794823200, usec = 123456 } Sun Nov 16 10:00:00 2026",
    vm_loadavg="{ 0.25 0.31 0.28 }",
    uptime="10:00AM  up 7 days, 2 users, load averages: 0.25, 0.31, 0.28",
    ncpu="2",
    mount="zroot/ROOT/default on / (zfs, local, noatime, nfsv4acls)\n"
    "devfs on /dev (devfs)\nzroot/usr/home on /usr/home (zfs, local, noatime)\n"
    "procfs on /proc (procfs, local)",
    vm_stat=("", 127),
    memsize=("", 1),
    vm_stats="4294967296\n4096\n524288\n131072\n65536",
    inodes="Filesystem     1024-blocks    Used    Avail Capacity iused    ifree %iused Mounted on\n"
    "zroot/ROOT/default    20000000 8000000 12000000    40%  90000 24000000    0%   /\n"
    "zroot/usr/home        15000000 3000000 12000000    20%    500 24000000    0%   /usr/home",
    df="Filesystem         1024-blocks    Used    Avail Capacity  Mounted on\n"
    "zroot/ROOT/default    20000000 8000000 12000000    40%    /\n"
    "devfs                        1       1        0   100%    /dev\n"
    "zroot/usr/home        15000000 3000000 12000000    20%    /usr/home\n"
    "procfs                       4       4        0   100%    /proc",
)

MAC = told(
    uname="Darwin",
    date="1795428000",
    proc_uptime=("", 1),
    proc_loadavg=("", 1),
    meminfo=("", 1),
    getconf="8",
    boottime="{ sec = 1795341600, usec = 0 } Sun Nov 22 10:00:00 2026",
    vm_loadavg="{ 1.89 2.04 2.11 }",
    uptime="10:00  up 1 day,  0:00, 3 users, load averages: 1.89 2.04 2.11",
    mount="/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n"
    "devfs on /dev (devfs, local, nobrowse)\n"
    "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)\n"
    "/dev/disk3s6 on /System/Volumes/VM (apfs, local, noexec, journaled)\n"
    "map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)",
    vm_stat="Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
    "Pages free:                               65536.\n"
    "Pages active:                            300000.\n"
    "Pages inactive:                          131072.\n"
    "Pages speculative:                         1024.\n"
    "Pages purgeable:                           2048.",
    memsize="17179869184",
    vm_stats=("", 1),
    inodes="Filesystem  1024-blocks     Used Available Capacity iused    ifree %iused Mounted on\n"
    "/dev/disk3s1s1   482797652  10000000 200000000     5%  404475 2000000000    0%   /\n"
    "/dev/disk3s5     482797652 250000000 200000000    56% 3000000 2000000000    0%   "
    "/System/Volumes/Data",
    df="Filesystem     1024-blocks      Used Available Capacity  Mounted on\n"
    "/dev/disk3s1s1   482797652  10000000 200000000     5%    /\n"
    "devfs                  205       205         0   100%    /dev\n"
    "/dev/disk3s6     482797652   2097152 200000000     2%    /System/Volumes/VM\n"
    "/dev/disk3s5     482797652 250000000 200000000    56%    /System/Volumes/Data\n"
    "map auto_home            0         0         0   100%    /System/Volumes/Data/home",
)
