#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads what `tuff pipelines` told of every device of the vendor lab (tools/lab-pipelines runs it), checks it, and makes
tests/data/pipelines.md and the table in the README of it.

    lab-pipelines.py FOLDER [--check | --quick | --row]

FOLDER holds DEVICE.jsonl, DEVICE.driver and DEVICE/ with the drivers' assembly. With --check nothing is written: a
difference from what is kept is a failure where the driver is the same, and is told where the driver is another one. With
--quick the folder holds fewer devices and what inference uses alone: their rows are held against the kept ones, and
nothing is counted in the assembly. With --row the devices in the folder take their places among the kept ones.

A matrix multiplication, by cooperative matrices where the device has them, is counted in its main loop: instructions of one lane's program, all of them, for each
multiply-add (a packed instruction does two). A loop within it counts as often as it runs, `step` times."""

import difflib
import json
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
KEPT = TOP / "tests/data/pipelines.md"
README = TOP / "README.md"
BEGIN, END = "<!-- begin: sh tools/lab-pipelines -->", "<!-- end -->"
MOST = 1.3  # instructions a multiply-add
LIMITED = ["amd-navi31", "intel-dg2", "intel-bmg", "nvidia-170", "adreno-740", "apple-m1"]
SPILLS = ["Spilled SGPRs", "Spilled VGPRs", "Scratch size", "Spill Count", "Fill Count", "Scratch Memory Size",
          "Spills to memory", "Fills from memory", "SLM size", "STP Count", "LDP Count", "Scratch", "Spills", "Fills"]
REGISTERS = ["VGPRs", "Max live registers", "Number of GPRs", "Registers used", "GPRs", "Registers", "Work registers"]
INSTRUCTIONS = ["Instructions", "Instruction Count", "Instruction count", "Code size"]
OCCUPANCY = ["Subgroups per SIMD", "Max dispatch width", "Max warps/SM", "Max Waves Per Core", "Threads", "Work-groups"]
CYCLES = ["Inverse Throughput", "Cycle Count", "Static cycle count", "Estimated cycles stalled on SY", "Cycles"]


def constants(row):
    return {k: int(v) for k, v in (pair.split("=") for pair in row["constants"].split())}


def first(row, names):
    return next((row["statistics"][name] for name in names if name in row["statistics"]), None)


def spilled(row):
    return {k: v for k, v in row["statistics"].items() if k in SPILLS and v}


# ---------------------------------------------------------------- assembly: lines of (text, label here, label jumped to)

def amd(lines):
    for line in lines:
        label = re.match(r"(BB\d+):", line)
        if label:
            yield None, label[1], None
        elif line.startswith("\t"):
            jump = re.match(r"\ts_c?branch\S* (BB\d+)", line)
            yield line.strip(), None, jump and jump[1]


def nvidia(lines):
    for line in lines:
        label = re.match(r"block\S* \d+ (L\d+) ", line)
        if label:
            yield None, label[1], None
        elif "// delay" in line:
            jump = re.search(r"\bbra\b.* (L\d+)\s", line)
            yield line.split("//")[0].strip(), None, jump and jump[1]


def adreno(lines):
    for line in lines:
        label = re.match(r"(l\d+):", line)
        if label:
            yield None, label[1], None
        elif re.match(r"(\([a-z0-9]+\))*[a-z][a-z0-9.]* ?", line) and "=" not in line and ":" not in line:
            jump = re.search(r"#(l\d+)", line)
            yield line.strip(), None, jump and jump[1]


def intel(lines):
    """`do` leaves no instruction; a loop begins at the label that its `while` names."""
    for line in lines:
        label = re.match(r"\s*(LABEL\d+):", line)
        if label:
            yield None, label[1], None
        elif re.match(r"\s*(\(.*?\)\s*)?[a-z_]+[.a-z0-9]*\s*\(\d+\)|\s*(sync|send)", line):
            jump = re.search(r"\bwhile\b.*JIP:\s*(LABEL\d+)", line)
            yield line.strip(), None, jump and jump[1]


def apple(lines):
    """Targets are distances from the instruction's own address."""
    found = [(int(m[1], 16), m[2]) for m in (re.match(r"\s*([0-9a-f]+): [0-9a-f]+\s+(\S.*)", line) for line in lines) if m]
    for address, text in found:
        yield None, address, None
        jump = re.match(r"jmp\S*\s+(-?\d+)", text)
        yield text, None, address + int(jump[1]) if jump else None


READERS = {"amd": amd, "nvidia": nvidia, "adreno": adreno, "intel": intel, "apple": apple}
MULTIPLY_ADD = re.compile(r"\b(v_(pk_)?fma\S*|v_fmac\S*|v_fma_\S+|v_dual_fma\S*|ffma\S*|hfma2\S*|mad\.f\S+|mad|fmadd\S*|ffmadd)\b")


MATRIX = re.compile(r"\b(v_wmma\S*|hmma\S*|dpas\S*)")
ALWAYS = re.compile(r"s_branch|s_endpgm|bra pT|exit|jump|end\b")


def multiply_adds(text, width):
    """Of one instruction in one lane; `width` is the number of lanes of an Intel program."""
    packed = 2 if re.search(r"v_pk_fma|hfma2", text) else 1
    repeat = re.search(r"\(rpt(\d)\)", text)
    lanes = re.match(r"\s*(?:\(.*?\)\s*)?mad\S*\s*\((\d+)\)", text)
    count = len(MULTIPLY_ADD.findall(text)) * packed * (int(repeat[1]) + 1 if repeat else 1)
    return count * int(lanes[1]) / width if lanes else count


def lane_products(row):
    """Of one turn of the loop of a multiplication by cooperative matrices."""
    c = constants(row)
    return c["tiles_m"] * c["tiles_n"] * c["steps"] * c["matrix_m"] * c["matrix_n"] * c["matrix_k"] / c["subgroup_size"]


def instructions(text):
    repeat = re.search(r"\(rpt(\d)\)", text)
    return int(repeat[1]) + 1 if repeat else 1


def loops(program):
    """Natural loops, as sets of places in the program: what leads to a jump back without passing its target."""
    places = {label: i for i, (_, label, _) in enumerate(program) if label is not None}
    before = [[] for _ in range(len(program) + 1)]
    for i, (text, _, to) in enumerate(program):
        if to in places:
            before[places[to]].append(i)
        if not text or not ALWAYS.match(text):
            before[i + 1].append(i)
    found = {}
    for i, (_, _, to) in enumerate(program):
        header = places.get(to, i)
        if header >= i:
            continue
        body, todo = found.setdefault(header, {header}), [i]
        while todo:
            place = todo.pop()
            if place not in body and place > header:  # before it lies what leads into the loop
                body.add(place)
                todo += before[place]
    return list(found.values())


def count_loop(program, turns, width):
    """(instructions, multiply-adds) of the loop that holds most of the multiply-adds."""
    def total(places, count):
        return sum(count(program[i][0]) for i in places if program[i][0])

    def adds(text):
        return multiply_adds(text, width)

    found = loops(program)
    if not found:
        return None
    main = max(found, key=lambda loop: (total(loop, adds), len(loop)))
    inner = set().union(*(loop for loop in found if loop < main))
    lines = total(main - inner, instructions) + turns * total(inner, instructions)
    sums = total(main - inner, adds) + turns * total(inner, adds)
    return (lines, sums) if sums else None


def mali_statistics(lines):
    """Of Mali's listings, because its driver tells no more than the size of the code. What is not in registers lies in
    memory of the thread."""
    program = [line for line in lines if re.match(r" {3}[A-Z]", line)]
    return {"Instructions": len(program), "Scratch": sum("thread_local_pointer" in line for line in program)}


class Device:
    def __init__(self, folder, name):
        self.name, self.vendor = name, name.split("-")[0]
        self.rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        self.driver = (folder / f"{name}.driver").read_text().strip()
        self.folder = folder / name
        self.defaults = [row for row in self.rows if row["is_default"]]
        if self.vendor == "mali":
            for row in self.rows:
                row["statistics"] |= mali_statistics(self.assembly(row) or [])

    def assembly(self, row):
        """Apple's driver writes its listings in its own order: the size of the code tells which is which."""
        if self.vendor == "apple":
            return self.listings().get(int(row["statistics"]["Code size"]))
        path = next(self.folder.glob(f"{self.rows.index(row):03d}-*.txt"), None)
        return path.read_text(errors="replace").splitlines() if path else None

    def listings(self):
        if not hasattr(self, "by_size"):
            self.by_size, listing = {}, []
            for line in (self.folder / "listings.txt").open(errors="replace"):
                match = re.match(r"\s*([0-9a-f]+): ([0-9a-f]+)\s", line)
                if match and int(match[1], 16) == 0:
                    listing = []
                if match:
                    listing.append(line)
                if match and line.rstrip().endswith("stop"):
                    for padding in (144, 272):  # what the driver puts behind it
                        self.by_size[int(match[1], 16) + len(match[2]) // 2 + padding] = listing
        return self.by_size

    def ratio(self, row):
        text = self.assembly(row) if self.vendor in READERS else None
        if not text:
            return None
        if row["name"] == "matmul_coopmat":
            return self.matrix_ratio(list(READERS[self.vendor](text)), row)
        counted = count_loop(list(READERS[self.vendor](text)), constants(row).get("step", 8),
                             row["statistics"].get("Max dispatch width", 1))
        return counted and counted[0] / counted[1]

    @staticmethod
    def matrix_ratio(program, row):
        def count(loop, pattern):
            return sum(bool(pattern.search(program[i][0] or "")) for i in loop)

        main = max(loops(program), key=lambda loop: (count(loop, MATRIX), -len(loop)), default=())
        return count(main, re.compile(".")) / lane_products(row) if count(main, MATRIX) else None

    def pick(self, kernel, variant, size=lambda row: 0, **wanted):
        rows = [row for row in self.defaults if row["name"].startswith(kernel) and row["variant"].startswith(variant)
                and all(constants(row).get(k, v) == v for k, v in wanted.items())]
        return max(rows, key=size, default=None)


def outputs(row):
    c = constants(row)
    if row["name"] == "matmul_coopmat":
        return c["tiles_m"] * c["tiles_n"] * c["matrix_m"] * c["matrix_n"] // c["subgroup_size"]
    return c["tile_rows"] * c["tile_groups"] * 4


def shared(row):
    c = constants(row)
    if row["name"] != "matmul_tiled":
        return first(row, ["LDS size", "Workgroup Memory Size", "SMEM size", "Shared memory size"]) or 1
    return 16 * (c["step"] * (c["tile_rows"] * c["lanes_y"] + 1) + c["step"] * 4 * c["tile_groups"] * c["lanes_x"] + 2)


def workgroups(device, row):
    """How many fit into a core (AMD: compute unit; Intel: Xe core or subslice; NVIDIA: SM): registers and shared memory."""
    c, s = constants(row), row["statistics"]
    lanes = c["workgroup_size"] if "workgroup_size" in c else c["lanes_x"] * c["lanes_y"]
    wave = 64 if device.name in ("amd-polaris10", "amd-vega10", "amd-renoir") else 32
    room = {"amd": lambda: s["Subgroups per SIMD"] * (4 if wave == 64 else 2) * wave // lanes,
            "intel": lambda: 64 * s["Max dispatch width"] // lanes,  # 8 threads in each of 8 units or more
            "nvidia": lambda: s["Max warps/SM"] * 32 // lanes,
            "adreno": lambda: s["Max Waves Per Core"] * 64 // lanes,
            "apple": lambda: s["Threads"] // lanes}
    kept = {"adreno": 32768, "apple": 32768}.get(device.vendor, 65536)
    return int(min(room[device.vendor](), kept // shared(row))) if device.vendor in room else None


def matmul(device, variant, activation=0):
    wanted = {"over_outputs": 0, "keeps_sum": 0, "has_dropout": 0, "activation": activation, "step_divides": 1,
              "is_split": 0}
    kernels = ("matmul_coopmat", "matmul_subgroup", "matmul_tiled")
    return next(filter(None, (device.pick(kernel, variant, outputs, **wanted) for kernel in kernels)), None)


SHOWN = [("matmul 1024x768x768", lambda d, v: matmul(d, v)),
         ("matmul with GELU", lambda d, v: matmul(d, v, 1)),
         ("outer product", lambda d, v: d.pick("matmul_outer_tiled", v, is_split=0))]
for columns in (32, 64, 128):
    for kernel in ("forward", "backward_query", "backward_key_value"):
        SHOWN.append((f"attention {kernel}, {columns}", lambda d, v, k=kernel, c=columns: d.pick(
            f"attention_{k}", v, head_groups=c // 4, has_dropout=0)))
SHOWN += [("layer_norm_forward", lambda d, v: d.pick("layer_norm_forward", v)),
          ("layer_norm_backward", lambda d, v: d.pick("layer_norm_backward", v)),
          ("embedding_forward", lambda d, v: d.pick("embedding_forward", v))]


def number(value):
    return "" if value is None else f"{value:.10g}"


def section(device):
    lines = [f"## {device.name}", "", device.driver, ""]
    told = [row for row in device.defaults if row["statistics"]]
    if not told:
        return lines + [f"{len(device.defaults)} pipelines by default compile; the driver tells nothing of them.", ""]
    total = sum(first(row, INSTRUCTIONS) or 0 for row in told)
    lines += [f"{len(device.defaults)} pipelines by default with {number(total)} instructions in all; "
              f"{sum(bool(spilled(row)) for row in told)} spill.", "", "| default | type | registers | instructions | occupancy | cycles |",
              "|---|---|--:|--:|--:|--:|"]
    for title, choose in SHOWN:
        for variant in ("f32", "f16"):
            row = choose(device, variant)
            if row:
                lines.append(f"| {title} | {variant} | " + " | ".join(
                    number(first(row, names)) for names in (REGISTERS, INSTRUCTIONS, OCCUPANCY, CYCLES)) + " |")
    return lines + [""]


def kept_table(devices):
    text = ["# What the vendors' compilers make of the kernels", "",
            "Made by `sh tools/lab-pipelines` in the vendor lab (tools/vendor-lab), where drivers compile for devices that",
            "are not there: compiled, not measured. The drivers' own figures, under these heads: registers (AMD VGPRs, Intel",
            "live at once, NVIDIA and Adreno used, Apple halves), instructions, occupancy (AMD waves a SIMD, Intel lanes a",
            "program, NVIDIA warps a multiprocessor, Adreno waves a core, Apple threads a core) and the compiler's estimate of",
            "cycles. A column of attention's is the size of a head. Of Mali, instructions and what is not in registers are counted",
            "in its listings.", ""]
    for device in devices:
        text += section(device)
    return "\n".join(text).rstrip() + "\n"


def performance_table(devices):
    text = [BEGIN, "", "| kernel | " + " | ".join(LIMITED) + " |", "|---|" + "--:|" * len(LIMITED)]
    by_name = {device.name: device for device in devices}
    limited = [by_name[name] for name in LIMITED]

    def cells(value):
        return " | ".join("" if found is None else found for found in map(value, limited))

    for variant in ("f32", "f16"):
        text += [f"| matmul {variant}, instructions a multiply-add | " +
                 cells(lambda d: f"{d.ratio(matmul(d, variant)) or 0:.2f}") + " |",
                 f"| matmul {variant}, outputs a lane | " + cells(lambda d: str(outputs(matmul(d, variant)))) + " |",
                 f"| matmul {variant}, workgroups a core | " +
                 cells(lambda d: str(workgroups(d, matmul(d, variant)))) + " |"]
    for title, choose in SHOWN:
        if title.startswith(("attention forward, 64", "attention backward", "layer_norm", "embedding")):
            if "backward" in title and "attention" in title and "64" not in title:
                continue
            text.append(f"| {title}, f32, instructions | " + cells(
                lambda d: number(first(choose(d, "f32"), INSTRUCTIONS))) + " |")
    return "\n".join(text + ["", END])


def check(devices, counts):
    faults = []
    for device in devices:
        faults += [f"{device.name}: {row['name']} {row['variant']} {row['constants']}: {row['failure']}"
                   for row in device.rows if row["failure"]]
        faults += [f"{device.name}: {row['name']} {row['variant']} {row['constants']}: spills {spilled(row)}"
                   for row in device.defaults if spilled(row)]
        if not counts or device.name not in LIMITED:
            continue
        for variant in ("f32", "f16"):
            row = matmul(device, variant)
            ratio = device.ratio(row)
            if ratio is None or ratio > MOST:
                faults.append(f"{device.name}: matmul {variant}: {ratio} instructions a multiply-add, at most {MOST}")
            if outputs(row) < 32:
                faults.append(f"{device.name}: matmul {variant}: {outputs(row)} outputs a lane, at least 32")
            if workgroups(device, row) < 2:
                faults.append(f"{device.name}: matmul {variant}: room for {workgroups(device, row)} workgroups a core")
    return faults


def sections(text):
    return {part.split("\n", 1)[0]: part.rstrip("\n") for part in text.split("\n## ")[1:]}


def with_rows(kept, made):
    parts = sections(kept) | sections(made)
    return kept.split("\n## ")[0] + "".join(f"\n## {parts[name]}\n" for name in sorted(parts))


def differences(kept, made, is_quick):
    """Of sections whose driver is the one that is kept; the others are told on standard error."""
    old, new = sections(kept), sections(made)
    found = []
    for name in sorted(new.keys() if is_quick else old.keys() | new.keys()):
        a, b = old.get(name, "").splitlines(), new.get(name, "").splitlines()
        if is_quick:  # its rows, of those that were made, and the driver
            made_rows = {line.split("|")[1] + line.split("|")[2] for line in b if line.startswith("| ")}
            a, b = ([line for line in part[:4] if "pipelines" not in line] +
                    [line for line in part if line.startswith("| ") and line.split("|")[1] + line.split("|")[2] in made_rows]
                    for part in (a, b))
        if a == b:
            continue
        if a and b and a[2] != b[2]:
            print(f"{name}: {b[2]} differs from {a[2]}, which the kept figures are of", file=sys.stderr)
            continue
        found += difflib.unified_diff(a, b, f"kept {name}", f"made {name}", lineterm="", n=0)
    return found


def main():
    folder = pathlib.Path(sys.argv[1])
    devices = [Device(folder, path.stem) for path in sorted(folder.glob("*.jsonl"))]
    is_quick = "--quick" in sys.argv
    faults = check(devices, not is_quick)
    made = kept_table(devices)
    readme = README.read_text()
    if is_quick or "--check" in sys.argv:
        faults += differences(KEPT.read_text(), made, is_quick)
    elif "--row" in sys.argv:
        KEPT.write_text(with_rows(KEPT.read_text(), made))
    else:
        KEPT.write_text(made)
        before, rest = readme.split(BEGIN)
        README.write_text(before + performance_table(devices) + rest.split(END, 1)[1])
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{sum(len(device.rows) for device in devices)} pipelines on {len(devices)} devices")
    sys.exit(1 if faults else 0)


main()
