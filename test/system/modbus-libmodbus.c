/* A Modbus server on libmodbus, over TCP or, on a serial line, RTU as unit 1. Usage: modbus-libmodbus PORT|/DEVICE */
#include <modbus/modbus.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) return 64;
  const int serial = argv[1][0] == '/';
  modbus_t *context = serial ? modbus_new_rtu(argv[1], 19200, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  modbus_mapping_t *mapping = modbus_mapping_new(64, 64, 200, 200);
  if (context == NULL || mapping == NULL) return 1;
  for (int i = 0; i < 200; i++) mapping->tab_registers[i] = mapping->tab_input_registers[i] = i;
  /* 50.25 is 0x42490000. By hand: modbus_set_float_abcd and its like of libmodbus 3.1.6 turn the bytes around. */
  const uint16_t dcba[] = {0x0000, 0x4942}, badc[] = {0x4942, 0x0000}, cdab[] = {0x0000, 0x4249};
  memcpy(mapping->tab_registers + 100, dcba, sizeof dcba);
  memcpy(mapping->tab_registers + 102, badc, sizeof badc);
  memcpy(mapping->tab_registers + 104, cdab, sizeof cdab);
  mapping->tab_bits[3] = 1;
  mapping->tab_input_bits[4] = 1;
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  if (serial) {
    if (modbus_set_slave(context, 1) != 0 || modbus_connect(context) != 0) return 1;
    for (;;) {
      int length = modbus_receive(context, query);
      if (length > 0) modbus_reply(context, query, length, mapping);
    }
  }
  int server = modbus_tcp_listen(context, 2);
  if (server < 0) return 1;
  for (;;) {
    modbus_tcp_accept(context, &server);
    for (;;) {
      int length = modbus_receive(context, query);
      if (length < 0) break;
      if (length > 0) modbus_reply(context, query, length, mapping);
    }
    modbus_close(context);
  }
}
