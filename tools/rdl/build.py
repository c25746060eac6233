"""build.py - makes the model from the tree of instances, and checks what the model cannot be
without: places, spaces, references. check.py then judges the whole.
"""
import model

SPACES = "mmio, port, config, memory"
ELEMENTS_MAX = 4096


class Builder:
    def __init__(self, report):
        self.report = report
        self.registers = {}  # id of the node -> Register
        self.fields = {}     # id of the node -> Field

    def run(self, nodes):
        return [device for device in map(self.device, nodes) if device is not None]

    def device(self, node):
        device = model.Device(node)
        if node.get("bridge", False):
            children = self.bridge_children(node)
            if node.get("space") == "memory":
                self.report.add(node.where("bridge"), "a structure in memory has no banks",
                                "make an addrmap of the root for each format")
        else:
            children = [(node, "", 0)]
        for child, name, offset in children:
            space = child.get("space") or node.get("space")
            if space is None:
                self.report.add(child.position, f"the map `{child.name}` has no `space`",
                                f"write space = space_kind::NAME; with one of {SPACES}")
                continue
            map_ = model.Map(child, device, name, space, offset)
            device.maps.append(map_)
            self.add_registers(map_, child, [], offset if space != "indexed" else 0, [])
        self.add_links(device)
        if not device.maps or not self.one_space(device):
            return None
        return device

    def bridge_children(self, node):
        children = []
        for child in node.children.values():
            if child.kind != "addrmap":
                self.report.add(child.position, f"the bridge holds a {child.kind}",
                                "a bridge holds addrmaps only; put it into one of them")
                continue
            if child.get("bridge", False):
                self.report.add(child.where("bridge"), "a bridge stands in another addrmap",
                                "only an addrmap of the root is a bridge")
            if child.array is not None:
                self.report.add(child.array.position, "an array of addrmaps is not in the subset",
                                "make a regfile the array")
            name = "" if child.get("flat", False) else child.name
            children.append((child, name, self.address(child)))
        if len(children) < 2:
            self.report.add(node.where("bridge"), "the bridge has fewer than two addrmaps",
                            "remove `bridge`, or add the other bank")
        return children

    def address(self, node):
        if node.address is None:
            self.report.add(node.position, f"`{node.name}` has no address",
                            "write the data sheet's: @ 0x0")
            return 0
        return node.address.value

    def add_registers(self, map_, node, names, offset, dimensions):
        for child in node.children.values():
            if child.kind == "addrmap":
                self.report.add(child.position, "an addrmap stands in an addrmap that is no bridge",
                                "add `bridge = true;` to the outer one, or use a regfile")
                continue
            here = offset + self.address(child)
            if child.kind == "reg":
                self.add_register(map_, child, names, here, dimensions)
                continue
            if child.get("flat", False) and child.array is not None:
                self.report.add(child.where("flat"), f"the array `{child.name}` is flat",
                                "its index needs the name; remove `flat`")
            inner = names if child.get("flat", False) else names + [child.name]
            around = dimensions + self.dimension(child, self.size(child))
            self.add_registers(map_, child, inner, here, around)

    def add_register(self, map_, node, names, offset, dimensions):
        around = dimensions + self.dimension(node, node.get("regwidth", 32) // 8)
        register = model.Register(node, map_, names + [node.name], offset, around)
        for child in node.children.values():
            field = self.field(child, register)
            if field is not None:
                register.fields.append(field)
                self.fields[id(child)] = field
        if not node.children:
            self.report.add(node.position, f"the register `{node.name}` has no field",
                            "describe its bits, or one field for all: field {} value[7:0];")
        register.fields.sort(key=lambda field: field.low)
        map_.registers.append(register)
        self.registers[id(node)] = register

    def dimension(self, node, size):
        if node.array is None:
            if node.stride is not None:
                self.report.add(node.stride.position, f"`{node.name}` is no array",
                                "remove the stride, or write [COUNT]")
            return []
        if not 1 <= node.array.value <= ELEMENTS_MAX:
            self.report.add(node.array.position,
                            f"the array `{node.name}` has {node.array.value} elements",
                            f"use 1 to {ELEMENTS_MAX}")
        stride = size if node.stride is None else node.stride.value
        if stride < size:
            self.report.add(node.stride.position,
                            f"the stride {stride} of `{node.name}` is less than the element's "
                            f"{size} bytes", f"write += {size} or more")
        return [model.Dimension(node.name, min(max(node.array.value, 1), ELEMENTS_MAX), stride)]

    def size(self, node):
        """Of a register or a regfile's element in bytes, up to the end of what it holds."""
        if node.kind == "reg":
            return node.get("regwidth", 32) // 8
        end = 0
        for child in node.children.values():
            size = self.size(child)
            if child.array is not None:
                stride = size if child.stride is None else child.stride.value
                size += stride * (max(child.array.value, 1) - 1)
            end = max(end, (child.address.value if child.address else 0) + size)
        return end

    def field(self, node, register):
        if node.range is None:
            self.report.add(node.position, f"the field `{node.name}` has no bits",
                            f"write {node.name}[HIGH:LOW], also for one bit: [3:3]")
            return None
        high, low = node.range
        if high.value < low.value:
            self.report.add(high.position, f"the range of `{node.name}` begins with the lower bit",
                            f"write [{low.value}:{high.value}]")
            return None
        if high.value >= register.width:
            self.report.add(high.position,
                            f"bit {high.value} of `{node.name}` lies outside of the register",
                            f"`{register.name}` has {register.width} bits: 0 to "
                            f"{register.width - 1}; set regwidth if it has more")
            return None
        return model.Field(node, register, low.value, high.value)

    # -- banks and indexed maps --------------------------------------------------------------------

    def one_space(self, device):
        spaces = {m.space for m in device.maps if m.space != "indexed"}
        if len(spaces) == 1:
            return True
        if not spaces:
            self.report.add(device.node.position, f"`{device.name}` has indexed maps only",
                            "the index and data registers belong to a map of the same bridge")
            return False
        self.report.add(device.node.position, f"`{device.name}` is in several spaces: "
                        + ", ".join(sorted(spaces)),
                        "a device has one base; make an addrmap of the root for each")
        return False

    def add_links(self, device):
        for map_ in device.maps:
            self.add_bank(map_)
            if map_.space == "indexed":
                self.add_index(map_)
                continue
            for name in ("index", "index_with", "data", "data_read", "data_write", "pre_read"):
                if name in map_.node.properties:
                    self.report.add(map_.node.where(name),
                                    f"`{name}` is given, but the map is not indexed",
                                    "remove it, or write space = space_kind::indexed;")

    def add_bank(self, map_):
        node = map_.node
        has = [name for name in ("bank", "bank_value") if name in node.properties]
        if not has:
            return
        if len(has) == 1:
            other = "bank_value" if has == ["bank"] else "bank"
            self.report.add(node.where(has[0]), f"the map has `{has[0]}` but no `{other}`",
                            "a bank is chosen by a field and its value")
            return
        field = self.fields.get(id(node.get("bank")))
        if field is None or not self.is_always_there(field.register):
            self.report.add(node.where("bank"), "`bank` is no field that is always there",
                            "write map.register.field: of one register, read and written in one "
                            "access, of a map that is neither indexed nor a bank")
            return
        map_.bank = model.Bank(field.register, field, node.get("bank_value"))

    @staticmethod
    def is_always_there(register):
        map_ = register.map
        return (not register.dimensions and register.access_width == register.width
                and map_.space != "indexed" and "bank" not in map_.node.properties)

    def register_of(self, map_, name):
        node = map_.node.get(name)
        if node is None:
            return None
        register = self.registers.get(id(node))
        if register is None or not self.is_always_there(register):
            self.report.add(map_.node.where(name), f"`{name}` is no register that is always there",
                            "write map.register: one register, read or written in one access, of a "
                            "map that is neither indexed nor a bank")
            return None
        return register

    def add_index(self, map_):
        has = map_.node.properties
        for name in ("index", "data_read", "data_write"):
            if name not in has and not (name != "index" and "data" in has):
                self.report.add(map_.node.position, f"the indexed map has no `{name}`",
                                "in the bridge, write INSTANCE->index = map.register; and the same "
                                "for data, or for data_read and data_write")
                return
        index = self.register_of(map_, "index")
        data = self.register_of(map_, "data")
        read = self.register_of(map_, "data_read") or data
        write = self.register_of(map_, "data_write") or data
        if index and read and write:
            map_.indexed = model.Indexed(index, read, write, self.register_of(map_, "pre_read"),
                                         map_.node.get("index_with", 0))
