/* A small server by a foreign maker that insists on security: every policy its library has, one trusted client, users
 * user1/password, and nodes to write to. Takes a port and a folder with server.der, server.key and trusted.der. */
#include <open62541/plugin/accesscontrol_default.h>
#include <open62541/server.h>
#include <open62541/server_config_default.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile UA_Boolean running = true;
static void stop(int number) { (void)number; running = false; }

static UA_ByteString load(const char *folder, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    UA_ByteString content = UA_BYTESTRING_NULL;
    UA_ByteString_allocBuffer(&content, (size_t)ftell(file));
    rewind(file);
    if (fread(content.data, 1, content.length, file) != content.length) exit(1);
    fclose(file);
    return content;
}

static void add(UA_Server *server, UA_UInt16 ns, char *name, UA_VariableAttributes attributes, size_t type) {
    attributes.dataType = UA_TYPES[type].typeId;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE;
    attributes.displayName = UA_LOCALIZEDTEXT("en", name);
    UA_StatusCode status = UA_Server_addVariableNode(
        server, UA_NODEID_STRING(ns, name), UA_NODEID_NUMERIC(0, UA_NS0ID_OBJECTSFOLDER),
        UA_NODEID_NUMERIC(0, UA_NS0ID_ORGANIZES), UA_QUALIFIEDNAME(ns, name),
        UA_NODEID_NUMERIC(0, UA_NS0ID_BASEDATAVARIABLETYPE), attributes, NULL, NULL);
    if (status != UA_STATUSCODE_GOOD) { fprintf(stderr, "%s: %s\n", name, UA_StatusCode_name(status)); exit(1); }
}

static void addScalar(UA_Server *server, UA_UInt16 ns, char *name, void *value, size_t type) {
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    UA_Variant_setScalar(&attributes.value, value, &UA_TYPES[type]);
    attributes.valueRank = UA_VALUERANK_SCALAR;
    add(server, ns, name, attributes, type);
}

static void addMatrix(UA_Server *server, UA_UInt16 ns) {
    UA_Int32 cells[6] = {1, 2, 3, 4, 5, 6};
    UA_UInt32 dimensions[2] = {2, 3};
    UA_VariableAttributes matrix = UA_VariableAttributes_default;
    UA_Variant_setArray(&matrix.value, cells, 6, &UA_TYPES[UA_TYPES_INT32]);
    matrix.value.arrayDimensions = matrix.arrayDimensions = dimensions;
    matrix.value.arrayDimensionsSize = matrix.arrayDimensionsSize = 2;
    matrix.valueRank = UA_VALUERANK_TWO_DIMENSIONS;
    add(server, ns, "matrix", matrix, UA_TYPES_INT32);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    signal(SIGTERM, stop);
    UA_ByteString certificate = load(argv[2], "server.der");
    UA_ByteString key = load(argv[2], "server.key");
    UA_ByteString trusted = load(argv[2], "trusted.der");
    UA_Server *server = UA_Server_new();
    UA_ServerConfig *config = UA_Server_getConfig(server);
    UA_StatusCode status = UA_ServerConfig_setDefaultWithSecurityPolicies(
        config, (UA_UInt16)atoi(argv[1]), &certificate, &key, &trusted, 1, NULL, 0, NULL, 0);
    if (status != UA_STATUSCODE_GOOD) { fprintf(stderr, "%s\n", UA_StatusCode_name(status)); return 1; }
    UA_String_clear(&config->applicationDescription.applicationUri);
    config->applicationDescription.applicationUri = UA_STRING_ALLOC("urn:test:server");
    static UA_UsernamePasswordLogin logins[1] = {{UA_STRING_STATIC("user1"), UA_STRING_STATIC("password")}};
    UA_AccessControl_default(config, true, NULL, 1, logins);

    UA_UInt16 ns = UA_Server_addNamespace(server, "urn:test:secure");
    UA_Double level = 12.5;
    addScalar(server, ns, "level", &level, UA_TYPES_DOUBLE);
    UA_Int64 total = 0;
    addScalar(server, ns, "total", &total, UA_TYPES_INT64);
    UA_Boolean open = false;
    addScalar(server, ns, "open", &open, UA_TYPES_BOOLEAN);
    UA_Float ratio = 0;
    addScalar(server, ns, "ratio", &ratio, UA_TYPES_FLOAT);
    addMatrix(server, ns);
    status = UA_Server_run(server, &running);
    UA_Server_delete(server);
    return status == UA_STATUSCODE_GOOD ? 0 : 1;
}
