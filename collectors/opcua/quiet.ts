import { LogLevel, setLogLevel } from 'node-opcua-debug';

// Must be evaluated before the rest of the library, which prints to the console already while it loads (W27).
// What matters reaches us as errors.
setLogLevel(LogLevel.Emergency);
