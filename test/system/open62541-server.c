/* A small PLC by a foreign maker: tight limits, arrays, a matrix, an enumeration, and an hour of history. */
#include <open62541/plugin/historydata/history_data_backend_memory.h>
#include <open62541/plugin/historydata/history_data_gathering_default.h>
#include <open62541/plugin/historydata/history_database_default.h>
#include <open62541/plugin/historydatabase.h>
#include <open62541/server.h>
#include <open62541/server_config_default.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MANY 1000
#define HISTORY 1500

static volatile UA_Boolean running = true;
static void stop(int number) { (void)number; running = false; }

static UA_NodeId add(UA_Server *server, UA_UInt16 ns, char *name, const UA_VariableAttributes attributes) {
    UA_NodeId id = UA_NODEID_STRING(ns, name);
    UA_NodeId added;
    UA_StatusCode status = UA_Server_addVariableNode(
        server, id, UA_NODEID_NUMERIC(0, UA_NS0ID_OBJECTSFOLDER), UA_NODEID_NUMERIC(0, UA_NS0ID_ORGANIZES),
        UA_QUALIFIEDNAME(ns, name), UA_NODEID_NUMERIC(0, UA_NS0ID_BASEDATAVARIABLETYPE), attributes, NULL, &added);
    if (status != UA_STATUSCODE_GOOD) { fprintf(stderr, "%s: %s\n", name, UA_StatusCode_name(status)); exit(1); }
    return added;
}

static UA_VariableAttributes scalar(void *value, size_t type) {
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    UA_Variant_setScalar(&attributes.value, value, &UA_TYPES[type]);
    attributes.dataType = UA_TYPES[type].typeId;
    attributes.valueRank = UA_VALUERANK_SCALAR;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE;
    return attributes;
}

static void addArrays(UA_Server *server, UA_UInt16 ns) {
    UA_Double list[3] = {1, 2, 3};
    UA_VariableAttributes array = UA_VariableAttributes_default;
    UA_Variant_setArray(&array.value, list, 3, &UA_TYPES[UA_TYPES_DOUBLE]);
    array.dataType = UA_TYPES[UA_TYPES_DOUBLE].typeId;
    array.valueRank = UA_VALUERANK_ONE_DIMENSION;
    UA_UInt32 length = 3;
    array.arrayDimensions = &length;
    array.arrayDimensionsSize = 1;
    add(server, ns, "array", array);

    UA_Int32 cells[6] = {1, 2, 3, 4, 5, 6};
    UA_UInt32 dimensions[2] = {2, 3};
    UA_VariableAttributes matrix = UA_VariableAttributes_default;
    UA_Variant_setArray(&matrix.value, cells, 6, &UA_TYPES[UA_TYPES_INT32]);
    matrix.value.arrayDimensions = dimensions;
    matrix.value.arrayDimensionsSize = 2;
    matrix.dataType = UA_TYPES[UA_TYPES_INT32].typeId;
    matrix.valueRank = UA_VALUERANK_TWO_DIMENSIONS;
    matrix.arrayDimensions = dimensions;
    matrix.arrayDimensionsSize = 2;
    add(server, ns, "matrix", matrix);
}

static void addHistory(UA_Server *server, UA_UInt16 ns, UA_HistoryDataGathering gathering) {
    UA_Double zero = 0;
    UA_VariableAttributes attributes = scalar(&zero, UA_TYPES_DOUBLE);
    attributes.accessLevel |= UA_ACCESSLEVELMASK_HISTORYREAD;
    attributes.historizing = true;
    UA_NodeId id = add(server, ns, "recorded", attributes);
    UA_HistorizingNodeIdSettings setting = {0};
    setting.historizingBackend = UA_HistoryDataBackend_Memory(1, HISTORY + 10);
    setting.maxHistoryDataResponseSize = 500;
    setting.historizingUpdateStrategy = UA_HISTORIZINGUPDATESTRATEGY_USER;
    gathering.registerNodeId(server, gathering.context, &id, setting);
    UA_DateTime now = UA_DateTime_now();
    for (int i = 0; i < HISTORY; i++) {
        UA_Double number = i;
        UA_DataValue value;
        UA_DataValue_init(&value);
        UA_Variant_setScalar(&value.value, &number, &UA_TYPES[UA_TYPES_DOUBLE]);
        value.hasValue = value.hasSourceTimestamp = value.hasServerTimestamp = value.hasStatus = true;
        value.sourceTimestamp = value.serverTimestamp = now - (UA_DateTime)(HISTORY - i) * UA_DATETIME_SEC;
        value.status = i % 100 == 0 ? UA_STATUSCODE_UNCERTAINLASTUSABLEVALUE : UA_STATUSCODE_GOOD;
        setting.historizingBackend.serverSetHistoryData(server, setting.historizingBackend.context, NULL, NULL, &id,
                                                        true, &value);
    }
}

static void property(UA_Server *server, UA_NodeId event, char *name, void *value, size_t type) {
    UA_Server_writeObjectProperty_scalar(server, event, UA_QUALIFIEDNAME(0, name), value, &UA_TYPES[type]);
}

static void is(UA_Server *server, UA_NodeId event, char *state) {
    UA_QualifiedName path[2] = {UA_QUALIFIEDNAME(0, state), UA_QUALIFIEDNAME(0, "Id")};
    UA_BrowsePathResult found = UA_Server_browseSimplifiedBrowsePath(server, event, 2, path);
    UA_Boolean yes = true;
    UA_Variant value;
    UA_Variant_setScalar(&value, &yes, &UA_TYPES[UA_TYPES_BOOLEAN]);
    if (found.targetsSize > 0) UA_Server_writeValue(server, found.targets[0].targetId.nodeId, value);
    UA_BrowsePathResult_clear(&found);
}

/* This library has no conditions: an event of that type all the same, by hand. */
static void alert(UA_Server *server, void *data) {
    (void)data;
    UA_NodeId event;
    if (UA_Server_createEvent(server, UA_NODEID_NUMERIC(0, UA_NS0ID_ALARMCONDITIONTYPE), &event) != UA_STATUSCODE_GOOD) return;
    UA_Boolean retain = true;
    UA_UInt16 severity = 600;
    UA_DateTime now = UA_DateTime_now();
    UA_String source = UA_STRING("Tank"), name = UA_STRING("High");
    UA_LocalizedText message = UA_LOCALIZEDTEXT("en", "Too high");
    property(server, event, "Time", &now, UA_TYPES_DATETIME);
    property(server, event, "Severity", &severity, UA_TYPES_UINT16);
    property(server, event, "SourceName", &source, UA_TYPES_STRING);
    property(server, event, "ConditionName", &name, UA_TYPES_STRING);
    property(server, event, "Message", &message, UA_TYPES_LOCALIZEDTEXT);
    property(server, event, "Retain", &retain, UA_TYPES_BOOLEAN);
    is(server, event, "EnabledState");
    is(server, event, "ActiveState");
    UA_Server_triggerEvent(server, event, UA_NODEID_NUMERIC(0, UA_NS0ID_SERVER), NULL, true);
}

static void beat(UA_Server *server, void *data) {
    static UA_Double ticks = 0;
    ticks++;
    UA_Variant value;
    UA_Variant_setScalar(&value, &ticks, &UA_TYPES[UA_TYPES_DOUBLE]);
    UA_Server_writeValue(server, *(UA_NodeId *)data, value);
}

int main(int argc, char **argv) {
    signal(SIGTERM, stop);
    UA_Server *server = UA_Server_new();
    UA_ServerConfig *config = UA_Server_getConfig(server);
    UA_ServerConfig_setMinimal(config, (UA_UInt16)atoi(argc > 1 ? argv[1] : "4840"), NULL);
    config->maxMonitoredItemsPerCall = 100;
    config->maxNodesPerRead = 100;
    config->maxMonitoredItemsPerSubscription = 400;
    config->maxSessions = 3;
    UA_HistoryDataGathering gathering = UA_HistoryDataGathering_Default(1);
    config->historyDatabase = UA_HistoryDatabase_default(gathering);
    UA_UInt16 ns = UA_Server_addNamespace(server, "urn:test:plc");

    UA_Double level = 12.5;
    UA_NodeId ticking = add(server, ns, "ticking", scalar(&level, UA_TYPES_DOUBLE));
    UA_Int64 total = -9007199254740993LL;
    add(server, ns, "total", scalar(&total, UA_TYPES_INT64));
    UA_LocalizedText said = UA_LOCALIZEDTEXT("de", "läuft");
    add(server, ns, "said", scalar(&said, UA_TYPES_LOCALIZEDTEXT));
    UA_Int32 state = 1; /* a type of the standard whose names are in EnumStrings */
    UA_VariableAttributes enumeration = scalar(&state, UA_TYPES_INT32);
    enumeration.dataType = UA_NODEID_NUMERIC(0, UA_NS0ID_SERVERSTATE);
    add(server, ns, "state", enumeration);
    addArrays(server, ns);
    static char names[MANY][16];
    for (int i = 0; i < MANY; i++) {
        UA_Double value = i;
        snprintf(names[i], sizeof names[i], "many-%d", i);
        add(server, ns, names[i], scalar(&value, UA_TYPES_DOUBLE));
    }
    addHistory(server, ns, gathering);
    UA_Server_addRepeatedCallback(server, beat, &ticking, 100, NULL);
    UA_Server_addRepeatedCallback(server, alert, NULL, 1000, NULL);
    UA_StatusCode status = UA_Server_run(server, &running);
    UA_Server_delete(server);
    return status == UA_STATUSCODE_GOOD ? 0 : 1;
}
