"""A Modbus TCP server of another maker (pymodbus): holding registers 100 to 199 only, known values."""
import struct
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer


def registers(value_format, value):
    raw = struct.pack(">" + value_format, value)
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


values = registers("f", 50.25) + registers("f", -1.5)[::-1] + registers("q", 2**53 + 1) + registers("h", -7)
# Blocks count from 1.
block = ModbusSequentialDataBlock(101, values + [0] * (100 - len(values)))
coils = ModbusSequentialDataBlock(1, [i % 3 == 0 for i in range(64)])
slave = ModbusSlaveContext(hr=block, ir=block, co=coils, di=coils)
StartTcpServer(
    context=ModbusServerContext(slaves={1: slave, 5: slave}, single=False),
    address=("127.0.0.1", int(sys.argv[1])),
)
