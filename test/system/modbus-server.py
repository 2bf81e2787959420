"""A Modbus server of another maker (pymodbus): holding registers 100 to 199 only, known values.

Usage: modbus-server.py tcp|udp|rtu|ascii PORT-OR-PATH
"""
import struct
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartSerialServer, StartTcpServer, StartUdpServer
from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer


def registers(value_format, value):
    raw = struct.pack(">" + value_format, value)
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


values = registers("f", 50.25) + registers("f", -1.5)[::-1] + registers("q", 2**53 + 1) + registers("h", -7)
values += registers("8s", b"Pump 7") + registers("e", 1.5)
# Blocks count from 1.
block = ModbusSequentialDataBlock(101, values + [0] * (100 - len(values)))
coils = ModbusSequentialDataBlock(1, [i % 3 == 0 for i in range(64)])
slave = ModbusSlaveContext(hr=block, ir=block, co=coils, di=coils)
context = ModbusServerContext(slaves={1: slave, 5: slave}, single=False)

transport, place = sys.argv[1:]
if transport == "tcp":
    StartTcpServer(context=context, address=("127.0.0.1", int(place)))
elif transport == "udp":
    StartUdpServer(context=context, address=("127.0.0.1", int(place)))
else:
    # A pseudo terminal has neither parity nor seven bits.
    framer = ModbusRtuFramer if transport == "rtu" else ModbusAsciiFramer
    StartSerialServer(context=context, framer=framer, port=place, baudrate=19200, parity="N", stopbits=1)
